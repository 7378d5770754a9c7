"""In spite of what a yes was given: exactly that, and nothing that came or showed itself later."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graph.overriding import EVERY_HOLD, holds_left, overridden
from tools.holds import Cause, Hold
from tools.records import ApprovalAnswer

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
SLOW = "global hold: api unwell"
FROZEN = "change freeze: year end"


def hold(cause: Cause) -> Hold:
    """In force."""
    return Hold(id=1, cause=cause, why="it is so", since=AT)


def answer(**more: object) -> ApprovalAnswer:
    """A yes."""
    return ApprovalAnswer.model_validate({"approval_id": "a1", "decision": "approved", **more})


@pytest.mark.parametrize(
    ("given", "over"),
    [
        (None, set()),
        (answer(), set()),
        (answer(overrides=(SLOW,), override_hold=True), {SLOW}),
        (answer(overrides=(FROZEN,)), {FROZEN}),
        (answer(decision="rejected", overrides=(SLOW,), override_hold=True), set()),
        (answer(override_hold=True), set(EVERY_HOLD)),
    ],
)
def test_only_what_a_yes_names_is_overridden(given: ApprovalAnswer | None, over: set[str]) -> None:
    """One of an earlier release names nothing: it was about the holds, and never about a freeze."""
    assert overridden(given) == over


def test_another_cause_is_another_question() -> None:
    """Whoever went on with a slow API server did not know that five workloads would fall ill."""
    held = (hold("api_unwell"), hold("correlated_failure"))
    assert [each.cause for each in holds_left(held, {SLOW})] == ["correlated_failure"]
    assert holds_left(held, EVERY_HOLD) == ()
    assert holds_left(held, {FROZEN}) == held
