"""Approvals: proposals that wait for a person, decided once by compare-and-set (durability.md R3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import Connection, Select, func, select, update

from tools.audit import append_entry
from tools.database import Database, insert_if_absent
from tools.errors import NotFound
from tools.grants import Grant, give
from tools.incident_rows import add_lines, line, nudge
from tools.records import ActionCall, Record
from tools.schema import approvals

ApprovalState: TypeAlias = Literal[
    "pending", "approved", "rejected", "expired", "withdrawn", "stale", "renewed"
]


class Approval(Record):
    """One shown change and what became of it. Its id names exactly that change."""

    id: str
    incident_id: str
    digest: str
    """Of exactly what is shown."""
    proposal: dict[str, Any]
    """`graph.state.Proposal` as JSON."""
    shown: dict[str, Any]
    """What the page shows beside it: incident lines, evidence, confidence parts, history."""
    state: ApprovalState = "pending"
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    actor: str = ""
    """From token or session; a name that is only stated is kept as `claimed:<name>`."""
    reason: str = ""
    override_hold: bool = False
    """In spite of a global hold."""
    overrides: tuple[str, ...] = ()
    """What held then, one by one: it was approved in spite of exactly that."""
    edit: ActionCall | None = None
    """Of `renewed`: what a person wants instead, as the action and the arguments that they set."""
    first_actor: str = ""
    """Where two people have to approve: whose token said yes first; it decides nothing."""
    first_reason: str = ""
    first_at: datetime | None = None
    replaced_by: str = ""
    """Id of the fresh approval after `stale` or `renewed`."""


_ENDED_WORDS = {
    "expired": "nobody decided on {what} in time",
    "withdrawn": "{what} was withdrawn",
    "stale": "{what} no longer fits, and is proposed anew if it should be",
    "renewed": "{who} asked to have {what} proposed anew",
}


def answered(
    state: str, proposal: dict[str, Any], actor: str, reason: str, edit: ActionCall | None = None
) -> str:
    """One line for a timeline: what became of the approval of this proposal, by whom and why."""
    what, who = (proposal.get("call") or {}).get("name") or "the action", actor or "somebody"
    words = _ENDED_WORDS.get(state, "{who} {state} {what}").format(who=who, state=state, what=what)
    if edit:
        given = ", ".join(f"{name} {value}" for name, value in edit.args.items())
        words = f"{who} wants {what} with {given} instead, and it is proposed anew"
    told = reason if state not in ("expired",) else ""
    return f"{words}: {told}" if told else words


class Approvals(Protocol):
    """What the graph and the pages ask of approvals."""

    def request(self, approval: Approval) -> Approval:
        """Insert, or return the one with this id. Idempotent: a node that runs again asks once."""
        ...

    def get(self, approval_id: str) -> Approval:
        """Raises NotFound."""
        ...

    def decide(
        self,
        approval_id: str,
        state: ApprovalState,
        *,
        at: datetime,
        actor: str = "",
        reason: str = "",
        override_hold: bool = False,
        overrides: Sequence[str] = (),
        edit: ActionCall | None = None,
        grant: Grant | None = None,
    ) -> bool:
        """Compare-and-set from `pending`. False: somebody was first. Audited in the same transaction.

        `edit`: with `renewed`, what is wanted instead; `grant`: with `approved`, what may be done once more. The same
        transaction makes the incident's run due, so that a decision survives a kill at any instant, and tells its
        timeline who decided and why. Raises NotFound.
        """
        ...

    def first(self, approval_id: str, *, at: datetime, actor: str, reason: str = "") -> bool:
        """Keep the first yes of two. False: it is not pending any more, or somebody said yes first. Audited."""
        ...

    def pending(self) -> list[Approval]:
        """Oldest first."""
        ...

    def for_incident(self, incident_id: str) -> list[Approval]:
        """Oldest first."""
        ...

    def replace(self, approval_id: str, replaced_by: str) -> None:
        """Point a decided approval at the fresh one."""
        ...


class SqlApprovals:
    """Approvals in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def request(self, approval: Approval) -> Approval:
        with self._database.write() as connection:
            placed = approval.model_copy(update={"created_at": _after_the_last(connection, approval)})
            if insert_if_absent(connection, approvals, placed.model_dump()):
                append_entry(
                    connection,
                    "approval_requested",
                    at=approval.created_at,
                    incident_id=approval.incident_id,
                    detail={"approval_id": approval.id, "digest": approval.digest},
                )
                return placed
        return self.get(approval.id)

    def get(self, approval_id: str) -> Approval:
        found = self._approvals(select(approvals).where(approvals.c.id == approval_id))
        if not found:
            raise NotFound(f"there is no approval {approval_id}")
        return found[0]

    def decide(
        self,
        approval_id: str,
        state: ApprovalState,
        *,
        at: datetime,
        actor: str = "",
        reason: str = "",
        override_hold: bool = False,
        overrides: Sequence[str] = (),
        edit: ActionCall | None = None,
        grant: Grant | None = None,
    ) -> bool:
        answer = {"state": state, "decided_at": at, "actor": actor, "reason": reason}
        set_instead = edit.model_dump(mode="json") if edit else None
        undecided = update(approvals).where(approvals.c.id == approval_id, approvals.c.state == "pending")
        with self._database.write() as connection:
            row = connection.execute(
                undecided.values(
                    **answer, override_hold=override_hold, overrides=list(overrides), edit=set_instead
                ).returning(approvals.c.incident_id, approvals.c.digest, approvals.c.proposal)
            ).first()
            if row is not None:
                detail: dict[str, Any] = {"approval_id": approval_id, "digest": row.digest, "reason": reason}
                detail["override_hold"] = override_hold
                if overrides:
                    detail["overrides"] = list(overrides)
                if edit:
                    detail["edit"] = edit.args
                told = answered(state, row.proposal, actor, reason, edit)
                told += f" (in spite of {'; '.join(overrides)})" if overrides else ""
                add_lines(connection, [line(row.incident_id, at, "approval", told)])
                kind = f"approval_{state}"
                append_entry(
                    connection,
                    kind,
                    at=at,
                    actor=actor or "agent",
                    incident_id=row.incident_id,
                    detail=detail,
                )
                if grant:
                    give(connection, grant)
                nudge(connection, [row.incident_id], at)
                return True
        self.get(approval_id)
        return False

    def first(self, approval_id: str, *, at: datetime, actor: str, reason: str = "") -> bool:
        open_ = (approvals.c.state == "pending") & (approvals.c.first_actor == "")
        yes = update(approvals).where(approvals.c.id == approval_id, open_)
        kept = yes.values(first_actor=actor, first_reason=reason, first_at=at)
        with self._database.write() as connection:
            row = connection.execute(
                kept.returning(approvals.c.incident_id, approvals.c.digest, approvals.c.proposal)
            ).first()
            if row is None:
                return False
            detail = {"approval_id": approval_id, "digest": row.digest, "reason": reason}
            append_entry(
                connection,
                "approval_first",
                at=at,
                actor=actor,
                incident_id=row.incident_id,
                detail=detail,
            )
            told = answered("approved", row.proposal, actor, reason)
            add_lines(connection, [line(row.incident_id, at, "approval", f"one of two: {told}")])
        return True

    def pending(self) -> list[Approval]:
        waiting = select(approvals).where(approvals.c.state == "pending")
        return self._approvals(waiting.order_by(approvals.c.created_at, approvals.c.id))

    def for_incident(self, incident_id: str) -> list[Approval]:
        ours = select(approvals).where(approvals.c.incident_id == incident_id)
        return self._approvals(ours.order_by(approvals.c.created_at, approvals.c.id))

    def replace(self, approval_id: str, replaced_by: str) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(approvals).where(approvals.c.id == approval_id).values(replaced_by=replaced_by)
            )

    def _approvals(self, query: Select[Any]) -> list[Approval]:
        with self._database.read() as connection:
            return [Approval(**row._mapping) for row in connection.execute(query)]


def _after_the_last(connection: Connection, approval: Approval) -> datetime:
    """Its time, or just after the incident's newest approval: a clock that was set back must not make it older."""
    ours = select(func.max(approvals.c.created_at)).where(approvals.c.incident_id == approval.incident_id)
    last: datetime | None = connection.execute(ours).scalar()
    return max(approval.created_at, last + timedelta(microseconds=1)) if last else approval.created_at
