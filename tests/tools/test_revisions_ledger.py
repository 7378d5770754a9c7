"""What the ledger of revisions remembers, and for how long at a stretch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.clock import ManualClock
from tools.database import Database
from tools.revisions import RevisionSeen, SqlRevisions

pytest_plugins = ("tests.record_store",)
See = Callable[..., None]


@pytest.fixture
def ledger(store: Database) -> SqlRevisions:
    """The ledger under test."""
    return SqlRevisions(store)


@pytest.fixture
def see(ledger: SqlRevisions, still: ManualClock) -> See:
    """A sighting of the current revision, some seconds after the last."""

    def sighting(template: str, healthy: bool | None, after: float = 60.0, revision: int = 1) -> None:
        still.advance(after)
        ledger.record("w1", template, revision, healthy=healthy, at=still.now())

    return sighting


def seen(ledger: SqlRevisions, template: str) -> RevisionSeen:
    """What is known of one template."""
    return next(one for one in ledger.seen("w1") if one.template_digest == template)


def test_healthy_sightings_make_a_stretch(ledger: SqlRevisions, see: See, still: ManualClock) -> None:
    """From the first to the last of them."""
    begin = still.now()
    for _ in range(11):
        see("t1", True)
    known = seen(ledger, "t1")
    assert known.healthy_seconds == 600.0
    assert known.healthy_since is not None
    assert (known.healthy_since - begin).total_seconds() == 60.0
    assert (known.ill_seconds, known.last_seen) == (0.0, still.now())


def test_a_gap_breaks_the_stretch(ledger: SqlRevisions, see: See) -> None:
    """Five minutes are one stretch, more are not; the longest counts."""
    see("t1", True)
    see("t1", True, after=300)
    assert seen(ledger, "t1").healthy_seconds == 300.0
    see("t1", True, after=301)
    see("t1", True, after=60)
    assert seen(ledger, "t1").healthy_seconds == 300.0


@pytest.mark.parametrize("between", [None, False])
def test_anything_but_healthy_breaks_the_stretch(
    ledger: SqlRevisions, see: See, between: bool | None
) -> None:
    """Rolling out or ill: what comes after begins anew."""
    for healthy in (True, True, between, True, True):
        see("t1", healthy)
    assert seen(ledger, "t1").healthy_seconds == 60.0
    see("t1", between)
    assert seen(ledger, "t1").healthy_since is None


def test_illness_is_remembered_too(ledger: SqlRevisions, see: See) -> None:
    """A single sighting is no stretch; rolling out is neither."""
    for healthy in (False, False, False, True, None, None):
        see("t1", healthy)
    assert (seen(ledger, "t1").ill_seconds, seen(ledger, "t1").healthy_seconds) == (120.0, 0.0)


def test_another_template_interrupts(ledger: SqlRevisions, see: See) -> None:
    """Rolled away and back within five minutes is not one stretch."""
    see("t1", True)
    see("t2", True, revision=2)
    see("t1", True, revision=3)
    assert seen(ledger, "t1").healthy_seconds == 0.0
    assert [(one.template_digest, one.revision) for one in ledger.seen("w1")] == [("t1", 3), ("t2", 2)]


def test_a_sighting_from_the_past_changes_nothing(ledger: SqlRevisions, see: See, still: ManualClock) -> None:
    """Two readers may overtake one another."""
    see("t1", True)
    see("t1", True)
    before = seen(ledger, "t1")
    still.advance(-90)
    ledger.record("w1", "t1", 1, healthy=False, at=still.now())
    assert seen(ledger, "t1") == before


def test_workloads_are_apart(ledger: SqlRevisions, see: See) -> None:
    """The same template of another uid is another story."""
    see("t1", True)
    assert ledger.seen("w2") == []
