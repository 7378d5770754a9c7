"""Which ended incidents the memory still lacks, read from the record: nothing is lost with a process or a folder.

The column `memory` of an incident says where it is: empty (not yet), `kept` (a document of its own) or `summed`
(in the summary of its workload and class). Whoever empties it has the incident written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import Connection, Row, and_, desc, func, literal_column, select, update

from tools.database import Database
from tools.incident_rows import REAL, chunks
from tools.memory import MemoryDocument, words
from tools.schema import approvals, incidents, marks

Place: TypeAlias = Literal["", "kept", "summed"]
KEPT = 2000
"""Documents of single incidents: beyond, a search of the embedded Qdrant takes longer than a decision may."""
# literal, not bound: only so SQLite sees that it is the condition of the index ix_incidents_memory
_UNMERGED = incidents.c.merged_into == literal_column("''")
_TOLD = and_(incidents.c.ended_at.is_not(None), _UNMERGED, incidents.c.status != "ignored", REAL)


class MemoryQueue(Protocol):
    """What the memory is to hold."""

    def waiting(self, *, limit: int) -> list[MemoryDocument]:
        """Ended incidents that are in no memory and new enough for a document of their own, newest first."""
        ...

    def overflow(self, *, limit: int) -> list[MemoryDocument]:
        """Incidents that are too old for a document of their own and not summed up, oldest first."""
        ...

    def summaries(self, documents: Sequence[MemoryDocument]) -> list[MemoryDocument]:
        """For each workload and class among these, a summary of all of its incidents that are too old."""
        ...

    def place(self, incident_ids: Sequence[str], place: Place) -> None:
        """Say where they are now."""
        ...

    def holds_any(self) -> bool:
        """Whether the memory was given anything at all: if not, it need not be asked, nor loaded."""
        ...

    def start_over(self) -> None:
        """The memory has been lost: everything is to be written again."""
        ...


class SqlMemoryQueue:
    """The queue as a query over the record."""

    def __init__(self, database: Database, *, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept

    def waiting(self, *, limit: int) -> list[MemoryDocument]:
        with self._database.read() as connection:
            since = self._boundary(connection)
            missing = select(incidents).where(_TOLD, incidents.c.memory == "")
            if since is not None:
                missing = missing.where(incidents.c.ended_at >= since)
            rows = connection.execute(missing.order_by(desc(incidents.c.ended_at)).limit(limit)).all()
            said = _said(connection, [row.id for row in rows])
        return [_document(row, said.get(row.id, [])) for row in rows]

    def overflow(self, *, limit: int) -> list[MemoryDocument]:
        with self._database.read() as connection:
            since = self._boundary(connection)
            if since is None:
                return []
            old = select(incidents).where(_TOLD, incidents.c.memory.in_(("", "kept")))
            old = old.where(incidents.c.ended_at < since)
            rows = connection.execute(old.order_by(incidents.c.ended_at).limit(limit)).all()
        return [_document(row, []) for row in rows]

    def summaries(self, documents: Sequence[MemoryDocument]) -> list[MemoryDocument]:
        ids = [each.incident_id for each in documents]
        with self._database.read() as connection:
            since = self._boundary(connection)
            groups = connection.execute(select(*_GROUP).where(incidents.c.id.in_(ids)).distinct()).all()
            return [_summary(connection, *group, since=since) for group in groups]

    def place(self, incident_ids: Sequence[str], place: Place) -> None:
        with self._database.write() as connection:
            for ids in chunks(incident_ids):
                connection.execute(update(incidents).where(incidents.c.id.in_(ids)).values(memory=place))

    def holds_any(self) -> bool:
        any_of = select(incidents.c.id).where(_TOLD, incidents.c.memory.in_(("kept", "summed"))).limit(1)
        with self._database.read() as connection:
            return connection.execute(any_of).first() is not None

    def start_over(self) -> None:
        with self._database.write() as connection:
            connection.execute(update(incidents).where(incidents.c.memory != "").values(memory=""))

    def _boundary(self, connection: Connection) -> datetime | None:
        """When the oldest incident ended that has a document of its own; None: all of them have."""
        newest = select(incidents.c.ended_at).where(_TOLD).order_by(desc(incidents.c.ended_at))
        return connection.execute(newest.offset(self._kept - 1).limit(1)).scalar()


_GROUP = (
    incidents.c.target_namespace,
    incidents.c.target_kind,
    incidents.c.target_name,
    incidents.c.problem,
)


def _said(connection: Connection, incident_ids: Sequence[str]) -> dict[str, list[str]]:
    """What people said of them: marks, and the reasons of decided approvals."""
    found: dict[str, list[str]] = {}
    of_these = marks.c.incident_id.in_(incident_ids)
    for mark in connection.execute(select(marks).where(of_these).order_by(marks.c.id)):
        words_of = [mark.mark, *([f"better: {mark.better_action}"] if mark.better_action else []), mark.note]
        found.setdefault(mark.incident_id, []).append("; ".join(filter(None, words_of)))
    told = and_(approvals.c.actor.not_in(("", "agent")), approvals.c.reason != "")
    decided = select(approvals).where(approvals.c.incident_id.in_(incident_ids), told)
    for approval in connection.execute(decided.order_by(approvals.c.created_at)):
        found.setdefault(approval.incident_id, []).append(f"{approval.state}: {approval.reason}")
    return found


def _document(row: Row[Any], said: list[str]) -> MemoryDocument:
    return MemoryDocument(
        key=row.id,
        incident_id=row.id,
        problem=row.problem,
        text=words(row.problem, [*_proof(row), *said], without=(row.target_name, row.target_namespace)),
        note="; ".join(said),
    )


def _proof(row: Row[Any]) -> list[str]:
    """The reasons of its decision: summary and facts of the finding, and why the action."""
    return [str(reason) for reason in (row.decision or {}).get("reasons", ())] or [row.summary]


def _summary(
    connection: Connection, namespace: str, kind: str, name: str, problem: str, *, since: datetime | None
) -> MemoryDocument:
    values = (namespace, kind, name, problem)
    ours = and_(_TOLD, *(column == value for column, value in zip(_GROUP, values, strict=True)))
    if since is not None:
        ours = and_(ours, incidents.c.ended_at < since)
    newest = connection.execute(
        select(incidents).where(ours).order_by(desc(incidents.c.ended_at)).limit(1)
    ).one()
    by = (incidents.c.action_taken, incidents.c.verdict)
    outcomes = connection.execute(
        select(*by, func.count()).where(ours).group_by(*by).order_by(desc(func.count()))
    )
    counted = [
        (f"{action or 'no action'} {verdict or 'without verdict'}", n) for action, verdict, n in outcomes
    ]
    told = ", ".join(f"{n} x {outcome}" for outcome, n in counted)
    return MemoryDocument(
        key=f"summary:{namespace}/{kind}/{name}:{problem}",
        kind="summary",
        incident_id=newest.id,
        problem=problem,
        text=words(problem, _proof(newest), without=(name, namespace)),
        note=f"{sum(n for _, n in counted)} older incidents of {namespace}/{kind}/{name}: {told}",
    )
