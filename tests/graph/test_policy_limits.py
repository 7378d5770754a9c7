"""How much, how often and when: the borders of each limit."""

from __future__ import annotations

import pytest

from graph.policy import PolicyFacts, PolicySettings, evaluate
from tests.graph.evidence_builders import policy_facts
from tests.graph.limit_scenarios import AUTO, wrote


def blocks(facts: PolicyFacts, settings: PolicySettings = AUTO) -> dict[str, str]:
    return {block.rule: block.effect for block in evaluate(facts, settings)}


@pytest.mark.parametrize(
    ("hour", "day", "asks"), [(3, 11, False), (4, 4, True), (0, 12, True), (5, 30, True), (0, 0, False)]
)
def test_a_namespace_has_a_budget_of_its_own(hour: int, day: int, asks: bool) -> None:
    """Four automatic writes an hour, twelve a day."""
    facts = policy_facts(namespace_writes_hour=hour, namespace_writes_day=day)
    assert blocks(facts) == ({"namespace_budget": "ask"} if asks else {})


@pytest.mark.parametrize(
    ("hours", "rule"),
    [
        pytest.param((1, 5), "workload_budget", id="within the window the budget says so"),
        pytest.param((7, 9), "human_only", id="after it the workload is a person's"),
        pytest.param((23.9, 29), "human_only", id="up to a day after the last"),
        pytest.param((24.1, 29), "", id="and then no longer"),
        pytest.param((8, 15), "", id="two writes that no window holds together"),
        pytest.param((7, 9, 1), "human_only", id="whatever came after"),
    ],
)
def test_two_writes_in_six_hours_leave_the_workload_to_people_for_a_day(
    hours: tuple[float, ...], rule: str
) -> None:
    """kubernetes.md 7.2."""
    facts = policy_facts(attempts=tuple(wrote(each) for each in sorted(hours)))
    assert blocks(facts) == ({rule: "ask"} if rule else {})


def test_what_was_undone_counts_and_the_undo_does_not() -> None:
    """A write and its undo are one write."""
    assert blocks(policy_facts(attempts=(wrote(7, undo=True), wrote(8)))) == {}


def test_the_reason_says_until_when() -> None:
    """So that nobody has to count."""
    (block,) = evaluate(policy_facts(attempts=(wrote(8), wrote(10))), AUTO)
    assert "people only until" in block.reason
