"""`GET /hold` and `POST /hold/lift`: why nothing is written by itself, and a person's way to end it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template

from graph.policy_limits import open_freezes
from server.auth import Auth, actor_of
from server.forms import read_fields
from server.parts import AppParts
from server.problems import Problem, wants_html
from tools.holds import FOR_PEOPLE, Hold
from tools.listing import IncidentFilter

_FIELDS = ("reason", "actor")
MOST_SHOWN = 50


class Pages:
    """The views."""

    def __init__(self, parts: AppParts, auth: Auth) -> None:
        self._parts = parts
        self._auth = auth

    def show(self) -> Any:
        """The global hold: why, since when, what waits for it, what ends it."""
        now = self._parts.clock.now()
        held = self._parts.holds.active(now)
        told = {
            "held": bool(held),
            "holds": [shown(hold) for hold in held],
            "freezes": open_freezes(
                (self._parts.policy or self._parts.settings.policy()).freeze_windows, now
            ),
            "affected": self._affected(),
            "lifted": [shown(hold) for hold in self._parts.holds.recent() if hold.lifted_at],
        }
        if wants_html():
            may_lift = any(hold.cause in FOR_PEOPLE for hold in held)
            return render_template("hold.html", **told, may_lift=may_lift)
        return told

    def lift(self) -> Any:
        """A person says that it is understood. What lifts itself stays while its cause is there."""
        fields = read_fields(_FIELDS, "Lifting takes a reason.")
        reason = fields.get("reason", "")
        if not reason:
            detail = 'Say why it is safe to act again: {"reason": "…"}. It is kept in the audit trail.'
            raise Problem(422, "reason-needed", "A reason is needed", detail)
        now, holds = self._parts.clock.now(), self._parts.holds
        held = holds.active(now)
        lifted = holds.lift(FOR_PEOPLE, actor=actor_of(self._auth.person(), fields), reason=reason, at=now)
        if not lifted:
            raise _nothing_to_lift(held)
        self._parts.wake(None)
        if wants_html():
            return redirect("/hold", 303)
        stays = [shown(hold) for hold in holds.active(now)]
        return {"lifted": [shown(hold) for hold in lifted], "holds": stays, "held": bool(stays)}

    def _affected(self) -> dict[str, list[str]]:
        """What would be written by itself were there no hold, and what needs a reason now."""
        settling = self._parts.listing.page(IncidentFilter(status="settling"), limit=MOST_SHOWN)
        waiting = self._parts.approvals.pending()
        return {
            "settling": [f"/incidents/{incident.id}" for incident in settling.incidents],
            "approvals": [f"/approve/{approval.id}" for approval in waiting[:MOST_SHOWN]],
        }


def shown(hold: Hold) -> dict[str, Any]:
    """As JSON, with what ends it."""
    told: dict[str, Any] = hold.model_dump(mode="json", exclude={"weight"})
    return {**told, "latched": hold.latched, "ends": hold.ends}


def _nothing_to_lift(held: tuple[Hold, ...]) -> Problem:
    if not held:
        return Problem(
            409, "no-hold", "There is no global hold", "Nothing waits to be lifted: see GET /hold."
        )
    causes = "; ".join(str(hold) for hold in held)
    detail = f"{causes}. Mend the cause; until then a person may approve single actions, with a reason."
    return Problem(409, "lifts-itself", "It lifts itself when the cause is gone", detail)


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """The routes; lifting is for admins, as resuming is."""
    routes = Blueprint("hold", __name__)
    pages = Pages(parts, auth)
    routes.get("/hold")(auth.needs("viewer")(pages.show))
    routes.post("/hold/lift")(auth.needs("admin")(pages.lift))
    return routes
