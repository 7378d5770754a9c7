"""Answering an approval: prove it again, then one compare-and-set. Whoever is second is told who was first.

Reading the cluster happens outside any transaction. Nothing here runs the graph: the worker is woken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph.overriding import EVERY_HOLD
from server import edits
from server.four_eyes import refuse_same, two_needed
from server.in_force import digest_of, in_force
from server.parts import AppParts
from server.problems import Problem
from server.tokens import Person
from tools.approvals import Approval, ApprovalState
from tools.grants import Grant
from tools.records import ActionCall, Argument


def decided_problem(approval: Approval) -> Problem:
    """Why an approval that is not pending takes no decision, by whom and when it ended."""
    at = f"{approval.decided_at:%Y-%m-%d %H:%M:%S} UTC" if approval.decided_at else "earlier"
    links: dict[str, Any] = {
        "incident": f"/incidents/{approval.incident_id}",
        "state": approval.state,
        "decided_at": at,
    }
    fresh = f"/approve/{approval.replaced_by}" if approval.replaced_by else ""
    if fresh:
        links["fresh"] = fresh
    look = f" The fresh proposal is {fresh}." if fresh else f" See /incidents/{approval.incident_id}."
    if approval.state == "expired":
        detail = (
            f"Nobody decided before {approval.expires_at:%Y-%m-%d %H:%M:%S} UTC. "
            f"POST /approve/{approval.id}/renew proves everything again and proposes anew."
        )
        return Problem(410, "expired", "The approval has expired", detail, **links)
    if approval.state == "withdrawn":
        detail = (
            f"It was withdrawn at {at}: {approval.reason or 'the problem is over'}. There is nothing to do."
        )
        return Problem(409, "withdrawn", "The approval was withdrawn", detail, **links)
    if approval.state == "stale":
        detail = f"At {at} it no longer fitted: {approval.reason}.{look}"
        return Problem(412, "target-changed", "The target has changed since", detail, **links)
    detail = f"{approval.actor or 'Somebody'} {approval.state} it at {at}.{look}"
    return Problem(409, "already-decided", "Already decided", detail, actor=approval.actor, **links)


class Decisions:
    """The ways in which an approval can be answered."""

    def __init__(self, parts: AppParts) -> None:
        self._parts = parts

    def approve(
        self,
        approval: Approval,
        actor: str,
        reason: str,
        person: Person,
        grant: Grant | None = None,
        *,
        seen: str | None = None,
    ) -> Approval:
        """Prove it again, then approve; where two people have to, the first yes is kept and it stays pending.

        `seen`: the digest of what a page showed that holds; None: whoever approves read no page.

        Raises the problem that stood in the way.
        """
        self._open(approval)
        two = two_needed(approval, self._parts.policy)
        if two:
            refuse_same(approval, person)
        self._refuse_while_paused()
        held = self._held(approval, reason, seen)
        self._prove(approval, actor, "approve")
        if two and (kept := self._first(approval, person, reason)):
            return kept
        return self._set(approval, "approved", actor, reason, overrides=held, grant=grant)

    def _first(self, approval: Approval, person: Person, reason: str) -> Approval | None:
        """The approval with this yes as the first of two; None: there is one already, of somebody else."""
        approvals, now = self._parts.approvals, self._parts.clock.now()
        if not approval.first_actor and approvals.first(
            approval.id, at=now, actor=person.name, reason=reason
        ):
            return approvals.get(approval.id)
        kept = approvals.get(approval.id)
        if kept.state != "pending":
            raise decided_problem(kept)
        refuse_same(kept, person)
        return None

    def reject(self, approval: Approval, actor: str, reason: str) -> Approval:
        """Say no. Nothing is proved: a no needs no proof."""
        self._open(approval)
        return self._set(approval, "rejected", actor, reason)

    def renew(self, approval: Approval, actor: str, reason: str) -> str:
        """Have everything proved and proposed anew; returns the incident to follow."""
        if approval.state == "pending":
            self._set(approval, "renewed", actor, reason)
            return approval.incident_id
        if approval.state == "expired":
            fresh = self._parts.reopen(approval.incident_id)
            self._parts.wake(fresh)
            return fresh
        raise decided_problem(approval)

    def edit(self, approval: Approval, args: Mapping[str, Argument], actor: str, reason: str) -> str:
        """Have it proposed anew with other arguments; returns the incident to follow. Raises what stands in the way."""
        self._open(approval)
        self._refuse_while_paused()
        wanted = edits.edited(approval, args, actor, self._parts.settings.enable_actions)
        self._prove(wanted, actor, "edit")
        call = ActionCall(name=approval.proposal["call"]["name"], args=dict(args))
        self._set(approval, "renewed", actor, reason, edit=call)
        return approval.incident_id

    def _refuse_while_paused(self) -> None:
        pause = self._parts.controls.pause_state()
        if pause.paused:
            detail = f"{pause.actor} paused all actions ({pause.reason}). It stays pending; resume, then try again."
            raise Problem(409, "paused", "Actions are paused", detail)

    def _held(self, approval: Approval, reason: str, seen: str | None) -> list[str]:
        """What is overridden: each global hold and change freeze that is in force.

        Raises unless a reason says why to act in spite of it, and unless a page that was read showed all of it.
        """
        held = in_force(self._parts, approval)
        told = seen is None or seen == digest_of(held)
        if held and not (reason and told):
            detail = (
                f"{'; '.join(each.words for each in held)}. To act in spite of it, approve again with a reason: "
                '{"reason": "…"}. It stays pending; GET /hold says more.'
            )
            keys = [each.key for each in held]
            raise Problem(
                409, "global-hold", "A global hold is in force", detail, hold="/hold", in_force=keys
            )
        return [each.key for each in held]

    def _open(self, approval: Approval) -> None:
        """Raises unless it is pending and in time; marks one that ran out just now."""
        now = self._parts.clock.now()
        if approval.state == "pending" and approval.expires_at <= now:
            approval = self._set(approval, "expired", "agent", "nobody decided in time")
        if approval.state != "pending":
            raise decided_problem(approval)

    def _prove(self, approval: Approval, actor: str, wish: str) -> None:
        change = self._parts.prove_again(approval)
        if change is None:
            return
        answered = self._parts.approvals.get(approval.id)
        if answered.state != "pending":  # what stands in the way now is what somebody else's answer did
            raise decided_problem(answered)
        if change.kind in ("changed", "resolved"):
            state: ApprovalState = "stale" if change.kind == "changed" else "withdrawn"
            words = f"{actor} tried to {wish}; {change.reason}"
            self._parts.incidents.note(approval.incident_id, "approval", words)
            raise decided_problem(self._set(approval, state, "agent", change.reason))
        if change.kind == "unreadable":
            detail = f"Nothing could be proved: {change.reason}. The approval stays pending; try again."
            raise Problem(
                503, "cannot-prove", "The cluster cannot be read", detail, headers={"Retry-After": "10"}
            )
        if wish == "edit":
            raise edits.refused(f"{change.reason}. The approval stays as it is.")
        detail = f"{change.reason}. The approval stays pending until it expires."
        raise Problem(409, "blocked", "The agent's rules forbid it now", detail)

    def _set(
        self,
        approval: Approval,
        state: ApprovalState,
        actor: str,
        reason: str,
        *,
        edit: ActionCall | None = None,
        overrides: Sequence[str] = (),
        grant: Grant | None = None,
    ) -> Approval:
        """Compare-and-set from pending. Raises what somebody else decided first."""
        approvals, now = self._parts.approvals, self._parts.clock.now()
        won = approvals.decide(
            approval.id,
            state,
            at=now,
            actor=actor,
            reason=reason,
            edit=edit,
            override_hold=bool(EVERY_HOLD.intersection(overrides)),
            overrides=overrides,
            grant=grant,
        )
        after = approvals.get(approval.id)
        if not won:
            raise decided_problem(after)
        self._parts.wake(approval.incident_id)
        return after
