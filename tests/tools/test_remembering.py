"""The memory is kept up with the record: nothing twice, nothing lost, old ones summed up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert

from tools.clock import ManualClock
from tools.database import Database
from tools.errors import TransientError
from tools.marks import Mark, SqlMarks
from tools.memory import MemoryDocument, Recalled
from tools.memory_queue import SqlMemoryQueue
from tools.remembering import NoMemory, RememberedIncidents, catch_up, keep_up
from tools.schema import approvals, episodes, incidents

pytest_plugins = ("tests.record_store",)


class Held:
    """A memory that holds what it is given, and can be broken or lost."""

    def __init__(self) -> None:
        self.documents: dict[str, MemoryDocument] = {}
        self.broken = False
        self.asked = 0
        self.owed = 0

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        self.asked += 1
        return []

    def remember(self, documents: Sequence[MemoryDocument]) -> None:
        if self.broken:
            raise TransientError("broken")
        self.documents.update({each.key: each for each in documents})

    def forget(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.documents.pop(key, None)

    def count(self) -> int:
        return len(self.documents)

    def catch_up(self, limit: int) -> int:
        self.owed = max(0, self.owed - limit)
        return self.owed

    def close(self) -> None:
        """Nothing to give back."""


def ended(store: Database, still: ManualClock, incident_id: str, **columns: Any) -> None:
    """An incident of shop/web that has just ended."""
    still.advance(60)
    row = {
        "id": incident_id,
        "episode_id": f"ep-{incident_id}",
        "status": "recovered",
        "problem": "bad_release",
        "target_kind": "Deployment",
        "target_namespace": "shop",
        "target_name": "web",
        "action_taken": "rollback_deployment",
        "verdict": "RECOVERED",
        "began_at": still.now(),
        "updated_at": still.now(),
        "ended_at": still.now(),
        "decision": {
            "reasons": [f"Revision 2 of web broke it: pods of web exit with code 1, case {incident_id}"]
        },
        **columns,
    }
    with store.write() as connection:
        connection.execute(insert(episodes).values(id=row["episode_id"], opened_at=still.now()))
        connection.execute(insert(incidents).values(**row))


def test_each_ended_incident_becomes_one_document_of_its_proof(store: Database, still: ManualClock) -> None:
    """Not those that run, were merged, or were none; without the workload's own names."""
    ended(store, still, "i1")
    ended(store, still, "running", status="verifying", ended_at=None)
    ended(store, still, "merged", status="merged", merged_into="i1")
    ended(store, still, "noise", status="ignored")
    memory, queue = Held(), SqlMemoryQueue(store)
    assert keep_up(queue, memory) == 1
    assert keep_up(queue, memory) == 0
    (document,) = memory.documents.values()
    assert (document.key, document.incident_id, document.problem) == ("i1", "i1", "bad_release")
    assert document.text == "bad_release revision 2 of broke it: pods of exit with code 1, case i1"


def test_what_people_said_is_learnt_even_later(store: Database, still: ManualClock) -> None:
    """A rejection's reason at once, a mark when it comes."""
    ended(store, still, "i1")
    decided = {"id": "a1", "incident_id": "i1", "proposal": {}, "shown": {}, "state": "rejected"}
    times = {"created_at": still.now(), "expires_at": still.now() + timedelta(hours=1)}
    with store.write() as connection:
        connection.execute(
            insert(approvals).values(**decided, **times, actor="ana", reason="a migration runs")
        )
    memory, queue = Held(), SqlMemoryQueue(store)
    keep_up(queue, memory)
    assert memory.documents["i1"].note == "rejected: a migration runs"
    SqlMarks(store).add(
        Mark(incident_id="i1", at=still.now(), actor="ana", mark="wrong", better_action="restart_deployment")
    )
    assert keep_up(queue, memory) == 1
    assert memory.documents["i1"].note == "wrong; better: restart_deployment; rejected: a migration runs"


def test_a_memory_that_fails_loses_nothing(store: Database, still: ManualClock) -> None:
    """What could not be written is written when it can be."""
    ended(store, still, "i1")
    memory, queue = Held(), SqlMemoryQueue(store)
    memory.broken = True
    with pytest.raises(TransientError):
        keep_up(queue, memory)
    memory.broken = False
    assert keep_up(queue, memory) == 1


def test_a_memory_that_was_lost_is_built_anew(store: Database, still: ManualClock) -> None:
    """Its folder was deleted, or another server is asked."""
    for number in range(3):
        ended(store, still, f"i{number}")
    queue = SqlMemoryQueue(store)
    keep_up(queue, Held())
    ended(store, still, "i3")
    fresh = Held()
    assert keep_up(queue, fresh) == 4
    assert sorted(fresh.documents) == ["i0", "i1", "i2", "i3"]


def test_only_the_newest_have_documents_of_their_own(store: Database, still: ManualClock) -> None:
    """The older ones of a workload and class are one summary, that counts what was done and how it ended."""
    memory, queue = Held(), SqlMemoryQueue(store, kept=3)
    for number in range(6):
        ended(store, still, f"i{number}")
        keep_up(queue, memory)
    ended(store, still, "j0", target_name="api", verdict="NOT_RECOVERED")
    ended(store, still, "i6", verdict="", action_taken="", problem="unknown")
    keep_up(queue, memory)
    assert sorted(memory.documents) == ["i5", "i6", "j0", "summary:shop/Deployment/web:bad_release"]
    summary = memory.documents["summary:shop/Deployment/web:bad_release"]
    assert summary.note == "5 older incidents of shop/Deployment/web: 5 x rollback_deployment RECOVERED"
    assert (summary.incident_id, summary.kind) == ("i4", "summary")
    assert keep_up(queue, memory) == 0


def test_what_is_too_old_from_the_start_is_only_summed_up(store: Database, still: ManualClock) -> None:
    """An agent with a long past that gets its memory today."""
    for number in range(50):
        ended(store, still, f"i{number:02}", verdict="RECOVERED" if number % 2 else "NOT_RECOVERED")
    memory, queue = Held(), SqlMemoryQueue(store, kept=2)
    assert keep_up(queue, memory) == 50
    assert sorted(memory.documents) == ["i48", "i49", "summary:shop/Deployment/web:bad_release"]
    note = memory.documents["summary:shop/Deployment/web:bad_release"].note
    assert note.startswith("48 older incidents of shop/Deployment/web: 24 x rollback_deployment ")


def test_a_memory_that_was_given_nothing_is_not_asked(store: Database, still: ManualClock) -> None:
    """So that it is not even loaded."""
    memory, queue = Held(), SqlMemoryQueue(store)
    asked = RememberedIncidents(queue, memory)
    ended(store, still, "i1")
    assert asked.recall("bad_release", "words") == []
    assert memory.asked == 0
    keep_up(queue, memory)
    asked.recall("bad_release", "words")
    assert memory.asked == 1


def test_vectors_are_made_a_few_at_a_time_and_not_all_in_one_go() -> None:
    """What asks meanwhile waits behind a few, and a chore ends."""
    memory = Held()
    memory.owed = 100
    assert catch_up(memory, rounds=3) == 76
    assert catch_up(memory) == 0


def test_a_memory_that_is_wanted_and_missing_says_so(store: Database) -> None:
    """Every time."""
    with pytest.raises(TransientError, match="not installed"):
        NoMemory("not installed").recall("bad_release", "words")


def test_the_queue_reads_an_index(store: Database, still: ManualClock) -> None:
    """With a million incidents behind it, a look costs no more."""
    ended(store, still, "i1")
    queries: list[str] = []
    event.listen(
        store.engine, "before_cursor_execute", lambda *given: queries.append(_literal(given[2], given[3]))
    )
    queue = SqlMemoryQueue(store, kept=1)
    queue.waiting(limit=20)
    queue.overflow(limit=20)
    queue.holds_any()
    looks = [query for query in queries if "incidents.memory" in query.partition("WHERE")[2]]
    assert len(looks) == 3
    with store.read() as connection:
        for query in looks:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
            assert any("ix_incidents_memory" in step for step in plan), plan


def _literal(statement: str, values: Sequence[Any]) -> str:
    for value in values:
        statement = statement.replace("?", repr(value) if not isinstance(value, str) else f"'{value}'", 1)
    return statement
