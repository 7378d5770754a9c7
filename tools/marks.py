"""What people say of a decision: right, wrong or a note, with the action that would have been better.

Marks are only ever added; the newest that is no mere note counts. Memory and calibration read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from sqlalchemy import Row, insert, select, update

from tools.audit import append_entry
from tools.database import Database
from tools.incident_rows import add_lines, line
from tools.records import Record
from tools.schema import incidents, marks
from tools.targets_claimed import row_of

Judgement: TypeAlias = Literal["right", "wrong", "note"]


class Mark(Record):
    """One person's word on one incident's decision."""

    incident_id: str
    at: datetime
    actor: str
    mark: Judgement
    note: str = ""
    better_action: str = ""
    """Name of the action that would have been better, or `none`."""


class Marks(Protocol):
    """Add and read."""

    def add(self, mark: Mark) -> None:
        """Keep it, with a line in the timeline and an audit entry. Raises NotFound without such an incident."""
        ...

    def of(self, incident_id: str) -> list[Mark]:
        """Oldest first."""
        ...

    def of_many(self, incident_ids: Sequence[str]) -> dict[str, Mark]:
        """For each incident that was judged right or wrong, the newest such mark."""
        ...


class SqlMarks:
    """Marks in the record's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, mark: Mark) -> None:
        with self._database.write() as connection:
            row_of(connection, mark.incident_id)
            connection.execute(insert(marks).values(mark.model_dump()))
            # the memory is to learn it too
            connection.execute(update(incidents).where(incidents.c.id == mark.incident_id).values(memory=""))
            add_lines(connection, [line(mark.incident_id, mark.at, "mark", _words(mark))])
            append_entry(
                connection,
                "incident_marked",
                at=mark.at,
                actor=mark.actor,
                incident_id=mark.incident_id,
                detail={"mark": mark.mark, "note": mark.note, "better_action": mark.better_action},
            )

    def of(self, incident_id: str) -> list[Mark]:
        ours = select(marks).where(marks.c.incident_id == incident_id).order_by(marks.c.id)
        with self._database.read() as connection:
            return [_mark(row) for row in connection.execute(ours)]

    def of_many(self, incident_ids: Sequence[str]) -> dict[str, Mark]:
        judged = select(marks).where(marks.c.incident_id.in_(incident_ids), marks.c.mark != "note")
        with self._database.read() as connection:
            rows = connection.execute(judged.order_by(marks.c.id)).all()
        return {row.incident_id: _mark(row) for row in rows}


def _words(mark: Mark) -> str:
    judged = {"right": "marked the decision right", "wrong": "marked the decision wrong", "note": "noted"}
    better = f"; better: {mark.better_action}" if mark.better_action else ""
    note = f": {mark.note}" if mark.note else ""
    return f"{mark.actor} {judged[mark.mark]}{better}{note}"


def _mark(row: Row[Any]) -> Mark:
    fields = dict(row._mapping)
    del fields["id"]
    return Mark(**fields)
