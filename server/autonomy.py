"""`GET` and `POST /autonomy`: how far each action may go for each problem class, shown, and set by an admin."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template

from graph.playbooks import playbooks
from graph.policy import PolicySettings
from graph.policy_autonomy import ceiling_of
from server.auth import Auth, actor_of
from server.autonomy_levels import LevelRow, level_rows
from server.forms import read_fields
from server.parts import AppParts
from server.problems import Problem, wants_html
from tools.actions import REGISTRY
from tools.autonomy import Autonomy, Standing
from tools.excerpts import message
from tools.records import LEVELS

_FIELDS = ("action", "problem", "level", "reason", "actor")
_EXAMPLE = (
    'Send {"action": "restart_deployment", "problem": "transient_crash", "level": "approve", "reason": "…"}.'
)


def blueprint(parts: AppParts, auth: Auth, autonomy: Autonomy) -> Blueprint:
    """The routes: viewers see, admins set."""
    pages = Blueprint("autonomy", __name__)

    def policy() -> PolicySettings:
        return parts.policy or parts.settings.policy()

    def rows() -> list[LevelRow]:
        now = parts.clock.now()
        return level_rows(autonomy, parts.ledger, parts.cases(), policy(), now)

    @pages.get("/autonomy")
    @auth.needs("viewer")
    def show() -> Any:
        if wants_html():
            return render_template("autonomy.html", rows=rows(), levels=LEVELS, problems=_problems())
        return {"mode": policy().mode, "levels": [row.model_dump(mode="json") for row in rows()]}

    @pages.post("/autonomy")
    @auth.needs("admin")
    def put() -> Any:
        given = _read(policy())
        kept = Standing(
            action=given["action"],
            problem=given["problem"],
            level=LEVELS[LEVELS.index(given["level"])],
            actor=actor_of(auth.person(), given),
            reason=message(given["reason"], 500),
            at=parts.clock.now(),
        )
        autonomy.put(kept)
        return redirect("/autonomy", 303) if wants_html() else kept.model_dump(mode="json")

    return pages


def _problems() -> list[str]:
    return sorted(playbook.problem for playbook in playbooks())


def _read(policy: PolicySettings) -> dict[str, str]:
    """Raises a 422 problem for what cannot be, a 409 problem for what POLICY_FILE forbids."""
    fields = read_fields(_FIELDS, _EXAMPLE)
    known: dict[str, list[str]] = {"action": sorted(REGISTRY), "problem": _problems(), "level": list(LEVELS)}
    for name, names in known.items():
        if fields.get(name) not in names:
            words = f"{name} must be one of {', '.join(names)}. {_EXAMPLE}"
            raise Problem(422, f"bad-{name}", f"Not a known {name}", words)
    if not fields.get("reason"):
        raise Problem(422, "no-reason", "No reason given", f"Say why: it is kept with the level. {_EXAMPLE}")
    ceiling = ceiling_of(policy.autonomy, fields["action"], fields["problem"])
    if LEVELS.index(fields["level"]) > LEVELS.index(ceiling):
        words = f"POLICY_FILE lets {fields['action']} for {fields['problem']} go as far as {ceiling}: change it there."
        raise Problem(409, "above-the-ceiling", "Above what POLICY_FILE allows", words)
    return fields
