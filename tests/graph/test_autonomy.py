"""What outcomes take back and what they earn: pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from graph.autonomy import Tally, counts_from, level_of, step_back, step_up
from graph.policy import PolicySettings, evaluate
from graph.policy_facts import AutonomyCeiling
from tests.graph.evidence_builders import NOW, policy_facts
from tools.autonomy import Standing

STANDS = Standing(action="a", problem="p", level="approve", actor="ana", reason="r", at=NOW)


@pytest.mark.parametrize(
    ("level", "verdicts", "left"),
    [
        ("auto", [], None),
        ("auto", ["NOT_RECOVERED"], None),
        ("auto", ["NOT_RECOVERED", "RECOVERED", "INCONCLUSIVE", "PROVISIONAL", "SUPERSEDED", ""], None),
        ("auto", ["NOT_RECOVERED", "RECOVERED", "NOT_RECOVERED"], "approve"),
        ("auto", ["REGRESSED"], "approve"),
        ("approve", ["REGRESSED"], "shadow"),
        ("approve", ["NOT_RECOVERED"], None),
        ("shadow", ["REGRESSED"], None),
    ],
)
def test_one_harmful_or_two_failed_outcomes_take_one_step_back(
    level: Any, verdicts: list[str], left: str | None
) -> None:
    """What could not be told, or was somebody else's, counts for nothing."""
    step = step_back(level, verdicts)
    assert (step[0] if step else None) == left


GOOD = Tally(helped=5, agreed=16)


@pytest.mark.parametrize(
    ("level", "more", "earned"),
    [
        ("approve", {}, "auto"),
        ("auto", {}, None),
        ("approve", {"helped": 4}, None),
        ("approve", {"agreed": 15}, None),
        ("approve", {"failed": 1}, None),
        ("approve", {"harmful": 1}, None),
        ("approve", {"disagreed": 1}, None),
        ("approve", {"not_needed": 1}, None),
        ("approve", {"agreed": 24, "disagreed": 1}, "auto"),
        ("shadow", {"helped": 0, "agreed": 5}, "approve"),
        ("shadow", {"helped": 0, "agreed": 4}, None),
    ],
)
def test_a_step_up_takes_outcomes_that_helped_and_people_who_agreed(
    level: Any, more: dict[str, int], earned: str | None
) -> None:
    """One step at a time; in shadow nothing was done, so people alone speak for it."""
    step = step_up(level, GOOD.model_copy(update=more))
    assert (step[0] if step else None) == earned


def test_a_level_that_was_set_anew_starts_anew() -> None:
    """At the longest 30 days are looked at."""
    assert counts_from(STANDS, NOW + timedelta(days=1)) == NOW
    assert counts_from(STANDS, NOW + timedelta(days=40)) == NOW + timedelta(days=10)
    assert counts_from(None, NOW) == NOW - timedelta(days=30)
    assert (level_of(None), level_of(STANDS)) == ("auto", "approve")


@pytest.mark.parametrize(
    ("level", "ceiling", "effect"),
    [
        ("auto", None, None),
        ("approve", None, "ask"),
        ("shadow", None, "refuse"),
        ("auto", {"level": "approve"}, "ask"),
        ("auto", {"action": "restart_deployment", "level": "shadow"}, "refuse"),
        ("auto", {"problem": "transient_crash", "level": "approve"}, "ask"),
        ("auto", {"action": "delete_pod", "level": "shadow"}, None),
        ("auto", {"action": "restart_deployment", "problem": "out_of_memory", "level": "shadow"}, None),
        ("approve", {"level": "auto"}, "ask"),
        ("shadow", {"level": "approve"}, "refuse"),
    ],
)
def test_the_narrower_of_level_and_ceiling_holds(level: Any, ceiling: Any, effect: str | None) -> None:
    """And neither widens the mode."""
    ceilings = (AutonomyCeiling(**ceiling),) if ceiling else ()
    facts = policy_facts(autonomy=level)
    blocks = evaluate(facts, PolicySettings(mode="auto", autonomy=ceilings))
    assert {b.rule: b.effect for b in blocks} == ({"autonomy_level": effect} if effect else {})
    narrow = evaluate(facts, PolicySettings(mode="approve", autonomy=ceilings))
    assert ("mode", "ask") in [(b.rule, b.effect) for b in narrow]


def test_what_a_person_asked_for_is_nobodys_autonomy() -> None:
    """A level that was taken back does not hold a person back."""
    asked = policy_facts(autonomy="shadow", problem="requested")
    undone = policy_facts(autonomy="shadow", undo_requested=True)
    for facts in (asked, undone):
        assert "autonomy_level" not in {b.rule for b in evaluate(facts, PolicySettings(mode="auto"))}
