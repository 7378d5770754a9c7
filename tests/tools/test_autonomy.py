"""Levels in the record: one for each action and problem class, audited, and wound back with the record."""

from __future__ import annotations

from datetime import timedelta

from tools.audit import SqlAudit
from tools.autonomy import SqlAutonomy, Standing
from tools.clock import ManualClock
from tools.database import Database
from tools.record_copy import rewind

pytest_plugins = ("tests.record_store",)


def standing(still: ManualClock, level: str = "approve", **more: object) -> Standing:
    base = {"action": "delete_pod", "problem": "stuck_pod", "level": level, "actor": "ana", "reason": "r"}
    return Standing.model_validate({**base, "at": still.now(), **more})


def test_the_last_one_stands_and_every_one_is_audited(store: Database, still: ManualClock) -> None:
    """Per action and problem class."""
    levels = SqlAutonomy(store)
    assert levels.of("delete_pod", "stuck_pod") is None
    first, second = standing(still), standing(still, "shadow", actor="agent", cause="k1")
    other = standing(still, action="restart_deployment")
    for each in (first, other, second):
        levels.put(each)
    assert levels.of("delete_pod", "stuck_pod") == second
    assert levels.of("delete_pod", "bad_pod") is None
    assert levels.all() == [second, other]
    told = [(one.kind, one.actor, one.detail["level"]) for one in SqlAudit(store).entries()]
    assert told == [("autonomy_set", "ana", "approve")] * 2 + [("autonomy_set", "agent", "shadow")]


def test_a_record_that_is_wound_back_has_the_levels_of_then(store: Database, still: ManualClock) -> None:
    """So that a decision is made again as it was."""
    levels = SqlAutonomy(store)
    first = standing(still)
    levels.put(first)
    still.advance(60)
    levels.put(standing(still, "shadow"))
    levels.put(standing(still, action="restart_deployment"))
    rewind(store, still.now())
    assert levels.all() == [first]
    rewind(store, still.now() - timedelta(hours=1))
    assert levels.all() == []
