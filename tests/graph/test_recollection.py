"""What is remembered: mechanism first, then workload, then wording, and never a word that is not our ledger's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from graph.confidence import history
from graph.recollection import recollect
from graph.state import Finding
from tests.graph.evidence_builders import TARGET
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import TransientError
from tools.incidents import SqlIncidents
from tools.memory import Recalled
from tools.schema import episodes, incidents

pytest_plugins = ("tests.record_store",)
FINDING = Finding(problem="transient_crash", summary="It crashed.", directness=1.0, facts=("exit code 1",))


class Found:
    """A memory that finds these."""

    def __init__(self, *found: Recalled, error: str = "") -> None:
        self.found = list(found)
        self.error = error
        self.questions: list[tuple[str, str]] = []

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        self.questions.append((problem, text))
        if self.error:
            raise TransientError(self.error)
        return self.found


@pytest.fixture
def record(store: Database, still: ManualClock) -> SqlIncidents:
    """The record, with a past: of this workload, of its class elsewhere, and of other classes elsewhere."""
    past = {
        "mine-old": {},
        "mine-other": {"problem": "bad_release"},
        "class-far": {"target_name": "cart"},
        "proof": {"target_name": "api"},
        "words": {"target_name": "api", "problem": "crash_loop"},
        "mine": {},
    }
    with store.write() as connection:
        for number, (incident_id, columns) in enumerate(past.items()):
            ended_at = still.now() + timedelta(minutes=number)
            row: dict[str, Any] = {
                "id": incident_id,
                "episode_id": incident_id,
                "status": "recovered",
                "problem": "transient_crash",
                "target_kind": TARGET.kind,
                "target_namespace": TARGET.namespace,
                "target_name": TARGET.name,
                "action_taken": "restart_deployment",
                "verdict": "RECOVERED",
                "began_at": ended_at,
                "updated_at": ended_at,
                "ended_at": ended_at,
                **columns,
            }
            connection.execute(insert(episodes).values(id=incident_id, opened_at=ended_at))
            connection.execute(insert(incidents).values(**row))
    return SqlIncidents(store, still)


def found(
    incident_id: str, problem: str = "transient_crash", score: float = 5.0, note: str = "", **more: Any
) -> Recalled:
    """One that the memory has found."""
    return Recalled(incident_id=incident_id, problem=problem, score=score, note=note, **more)


def test_mechanism_comes_before_workload_and_workload_before_wording(record: SqlIncidents) -> None:
    """Each is there once, and says by what it was found."""
    memory = Found(found("proof"), found("mine"), found("words", "crash_loop"))
    similar, gap = recollect(record, memory, FINDING, TARGET)
    assert [(one.incident_id, one.matched) for one in similar] == [
        ("mine", "this workload and problem"),
        ("mine-old", "this workload and problem"),
        ("proof", "the same proof"),
        ("mine-other", "this workload"),
        ("class-far", "the same problem"),
        ("words", "like words"),
    ]
    assert gap == ""


def test_the_question_has_the_proof_and_not_the_names(record: SqlIncidents) -> None:
    """So that the same mechanism is found on another workload."""
    memory = Found()
    facts = (f"{TARGET.name}-5f65ddd74c-lpx6g: exit code 1",)
    recollect(record, memory, FINDING.model_copy(update={"facts": facts}), TARGET)
    assert memory.questions == [("transient_crash", "transient_crash it crashed. : exit code 1")]


def test_what_is_far_from_the_best_match_does_not_count(record: SqlIncidents) -> None:
    """A word or two in common is no mechanism."""
    memory = Found(found("proof", score=9.0), found("words", "crash_loop", score=4.0))
    similar, _ = recollect(record, memory, FINDING, TARGET)
    assert "words" not in [one.incident_id for one in similar]


def test_what_the_ledger_does_not_know_is_not_believed(record: SqlIncidents) -> None:
    """Whoever may write the memory can make up no past, and no verdict."""
    memory = Found(found("made-up"), found("proof"))
    similar, _ = recollect(record, memory, FINDING, TARGET)
    ids = [one.incident_id for one in similar]
    assert "made-up" not in ids
    assert similar[ids.index("proof")].verdict == "RECOVERED"


def test_a_summary_is_shown_and_does_not_count(record: SqlIncidents) -> None:
    """It speaks for many, so no single verdict stands beside it."""
    note = "47 older incidents of shop/Deployment/api: 40 x restart RECOVERED"
    memory = Found(found("proof", note=note, kind="summary"))
    similar, _ = recollect(record, memory, FINDING, TARGET)
    (summed,) = (one for one in similar if one.incident_id == "proof")
    assert (summed.action, summed.verdict) == ("", "")
    assert summed.note.startswith("47 older incidents")


def test_what_people_said_stands_beside_what_was_done(record: SqlIncidents) -> None:
    """An incident with a mark or a reason is still one incident, with its own action and verdict."""
    similar, _ = recollect(record, Found(found("proof", note="approved: the diff is right")), FINDING, TARGET)
    (past,) = (one for one in similar if one.incident_id == "proof")
    assert (past.verdict, past.note) == ("RECOVERED", "approved: the diff is right")
    assert past.action


def test_other_workloads_move_no_confidence(record: SqlIncidents) -> None:
    """Only this workload's own verdicts do, however well another one matches."""
    elsewhere = TARGET.model_copy(update={"name": "never-seen"})
    similar, _ = recollect(record, Found(found("proof")), FINDING, elsewhere)
    assert similar[0].incident_id == "proof"
    assert history("restart_deployment", "transient_crash", similar) == 0.0
    own, _ = recollect(record, Found(found("proof")), FINDING, TARGET)
    assert history("restart_deployment", "transient_crash", own) == 0.05


def test_a_memory_that_fails_leaves_the_ledgers_own_answer(record: SqlIncidents) -> None:
    """With what was missing, in words."""
    similar, gap = recollect(record, Found(error="in use by another process"), FINDING, TARGET)
    assert [one.incident_id for one in similar] == ["mine", "mine-old", "mine-other", "proof", "class-far"]
    assert gap == "in use by another process"


def test_without_a_memory_nothing_is_missing(record: SqlIncidents) -> None:
    """It was switched off."""
    similar, gap = recollect(record, None, FINDING, None)
    assert (similar[0].incident_id, gap) == ("mine", "")


def test_what_failed_here_is_not_cut_off_by_what_else_happened_here(
    record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """Six later incidents of another class hide no failure of this one."""
    with store.write() as connection:
        for number in range(6):
            ended_at = still.now() + timedelta(hours=1 + number)
            connection.execute(insert(episodes).values(id=f"late{number}", opened_at=ended_at))
            connection.execute(
                insert(incidents).values(
                    id=f"late{number}",
                    episode_id=f"late{number}",
                    status="notified",
                    problem="image_error",
                    target_kind=TARGET.kind,
                    target_namespace=TARGET.namespace,
                    target_name=TARGET.name,
                    began_at=ended_at,
                    updated_at=ended_at,
                    ended_at=ended_at,
                )
            )
    similar, _ = recollect(record, None, FINDING, TARGET)
    assert [one.incident_id for one in similar][:2] == ["mine", "mine-old"]
