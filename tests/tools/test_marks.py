"""What people say of decisions: kept, told in the timeline, audited."""

from __future__ import annotations

import pytest

from tests.made_alerts import firing, parsed
from tools.audit import SqlAudit
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import NotFound
from tools.inbox import Inbox
from tools.incidents import SqlIncidents
from tools.marks import Mark, SqlMarks

pytest_plugins = ("tests.record_store",)


def test_a_mark_is_kept_told_and_audited(store: Database, still: ManualClock) -> None:
    """In one transaction with its timeline line and its audit entry."""
    (incident_id,) = Inbox(store, still).accept(parsed(firing())).incident_ids
    mark = Mark(
        incident_id=incident_id,
        at=still.now(),
        actor="ana",
        mark="wrong",
        note="a config was missing",
        better_action="none",
    )
    marks = SqlMarks(store)
    marks.add(mark)
    assert marks.of(incident_id) == [mark]
    last = SqlIncidents(store, still).timeline(incident_id)[-1]
    assert (last.kind, last.text) == (
        "mark",
        "ana marked the decision wrong; better: none: a config was missing",
    )
    (entry,) = [e for e in SqlAudit(store).entries() if e.kind == "incident_marked"]
    assert (entry.actor, entry.detail["better_action"]) == ("ana", "none")


def test_the_newest_judgement_counts_and_notes_do_not(store: Database, still: ManualClock) -> None:
    """For memory: one mark per incident."""
    (incident_id,) = Inbox(store, still).accept(parsed(firing())).incident_ids
    marks = SqlMarks(store)
    for word in ("wrong", "right", "note"):
        marks.add(
            Mark.model_validate({"incident_id": incident_id, "at": still.now(), "actor": "a", "mark": word})
        )
    assert marks.of_many([incident_id, "other"])[incident_id].mark == "right"
    assert marks.of_many([]) == {}


def test_there_is_nothing_to_mark_without_an_incident(store: Database, still: ManualClock) -> None:
    """And nothing is left behind."""
    with pytest.raises(NotFound):
        SqlMarks(store).add(Mark(incident_id="nope", at=still.now(), actor="a", mark="note"))
    assert [e for e in SqlAudit(store).entries() if e.kind == "incident_marked"] == []


def test_what_is_remembered_of_an_incident_says_how_it_was_judged(
    store: Database, still: ManualClock
) -> None:
    """By the newest judgement, whatever was noted since; and what had been decided."""
    (incident_id,) = Inbox(store, still).accept(parsed(firing())).incident_ids
    incidents = SqlIncidents(store, still)
    incidents.end(incident_id, "notified")
    marks = SqlMarks(store)
    for word in ("right", "wrong", "note"):
        marks.add(
            Mark.model_validate({"incident_id": incident_id, "at": still.now(), "actor": "a", "mark": word})
        )
    (told,) = incidents.known([incident_id], None)
    assert (told.mark, told.decided) == ("wrong", "")
