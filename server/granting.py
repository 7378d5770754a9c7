"""Narrow grants over HTTP: given with an approval, shown at `/grants`, revoked by anybody who may approve."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, redirect

from graph.policy import PolicySettings
from graph.state import Proposal
from server.auth import Auth, actor_of
from server.forms import read_fields
from server.four_eyes import two_needed
from server.parts import AppParts
from server.problems import Problem, wants_html
from tools.actions import REGISTRY
from tools.approvals import Approval
from tools.clock import Clock
from tools.grants import FAMILIES, WITHIN, Grant

ONCE_MORE = "once_more"
"""The one grant that there is."""


def grantable(approval: Approval, policy: PolicySettings | None) -> bool:
    """Whether this may be granted once more: a restart of medium risk that no rule wants two people for."""
    name = (approval.proposal.get("call") or {}).get("name", "")
    action = REGISTRY.get(name)
    if action is None or action.family not in FAMILIES or approval.proposal.get("risk") != "medium":
        return False
    return not two_needed(approval, policy)


def wanted(
    approval: Approval, asked: str, actor: str, reason: str, clock: Clock, policy: PolicySettings | None
) -> Grant | None:
    """The grant that a person gives with this approval; None: none. Raises a 422 problem for what cannot be granted."""
    if not asked:
        return None
    if asked != ONCE_MORE:
        raise _problem(f"grant={asked!r}: there is {ONCE_MORE} only.")
    if not grantable(approval, policy):
        raise _problem("Only a restart of medium risk that one person may approve can be granted once more.")
    proposal, now = Proposal.model_validate(approval.proposal), clock.now()
    return Grant(
        id=hashlib.sha256(f"grant\n{approval.id}".encode()).hexdigest()[:16],
        approval_id=approval.id,
        incident_id=approval.incident_id,
        action=proposal.call.name,
        target=proposal.target,
        problem=proposal.problem,
        actor=actor,
        reason=reason,
        given_at=now,
        expires_at=now + WITHIN,
    )


def _problem(words: str) -> Problem:
    return Problem(422, "bad-grant", "This cannot be granted", words)


def grant_json(grant: Grant, clock: Clock) -> dict[str, Any]:
    """One grant with what became of it."""
    return {**grant.model_dump(mode="json"), "state": grant.state(clock.now()), "words": grant.words()}


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """`GET /grants` and `POST /grants/<id>/revoke`."""
    routes = Blueprint("grants", __name__)
    kept = parts.grants

    @routes.get("/grants")
    @auth.needs("viewer")
    def rows() -> Any:
        return {"grants": [grant_json(grant, parts.clock) for grant in (kept.newest() if kept else [])]}

    @routes.post("/grants/<grant_id>/revoke")
    @auth.needs("approver")
    def revoke(grant_id: str) -> Any:
        fields = read_fields(("reason", "actor"), "Revoking takes a reason.")
        actor, now = actor_of(auth.person(), fields), parts.clock.now()
        if kept is None or not kept.revoke(grant_id, actor=actor, reason=fields.get("reason", ""), at=now):
            raise Problem(409, "not-open", "Not open", "It was used or revoked already. See GET /grants.")
        return redirect("/pending", 303) if wants_html() else {"id": grant_id, "state": "revoked"}

    return routes
