"""When it is too much: the limits of the global hold at their edges, and Watchdog's silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from graph.holding import ill_nodes, missed, too_many
from graph.policy import PolicySettings
from tests.graph.evidence_builders import NOW, ago
from tests.graph.guard_scenarios import node
from tools.hold_signs import Heard
from tools.records import NodeFacts

LIMITS = PolicySettings()


def names(count: int) -> list[str]:
    return [f"shop/web-{number}" for number in range(count)]


@pytest.mark.parametrize(
    ("ill", "workloads", "held"),
    [
        (3, 0, False),
        (4, 0, True),
        (4, 60, True),
        (4, 80, False),
        (5, 80, True),
        (5, 100, False),
        (6, 119, True),
    ],
)
def test_more_than_three_workloads_or_a_twentieth_are_one_failure(
    ill: int, workloads: int, held: bool
) -> None:
    """max(3, 5 % of the workloads) are none yet; what is not known of the number counts as none."""
    assert bool(too_many(names(ill), workloads, LIMITS)) is held


def test_what_fell_ill_is_named_and_not_endlessly() -> None:
    """A person wants to know where to look."""
    told = too_many(names(30), 0, LIMITS)
    assert told.startswith(
        "30 workloads fell ill within 5 min (more than 3 are taken for one failure): shop/web-0, "
    )
    assert told.endswith("and 25 more")


def nodes(ill: int, well: int) -> list[NodeFacts]:
    return [node(f"ill-{n}", ready="Unknown") for n in range(ill)] + [node(f"well-{n}") for n in range(well)]


@pytest.mark.parametrize(
    ("ill", "well", "held"),
    [(0, 0, False), (1, 2, False), (1, 0, False), (2, 1, True), (2, 8, True), (2, 9, False), (3, 9, True)],
)
def test_a_fifth_of_the_nodes_and_at_least_two(ill: int, well: int, held: bool) -> None:
    """One node is a node's problem."""
    count, why = ill_nodes(nodes(ill, well), LIMITS)
    assert (count, bool(why)) == (ill, held)


@pytest.mark.parametrize(
    ("firing", "age", "every", "held"),
    [
        (True, 60, 60, False),
        (True, 890, 60, False),
        (True, 910, 60, True),
        (True, 3 * 3600, 3600, False),
        (True, 3 * 3600 + 1, 3600, True),
        (True, 24 * 3600, None, False),
        (True, 26 * 3600, None, True),
        (False, 1, 60, True),
    ],
)
def test_watchdog_is_missed_by_the_rhythm_in_which_it_came(
    firing: bool, age: float, every: float | None, held: bool
) -> None:
    """Three rhythms, a quarter of an hour at least, a day where it was heard once; its end is told at once."""
    rhythm = timedelta(seconds=every) if every else None
    heard = Heard(firing=firing, last=ago(age), every=rhythm)
    assert bool(missed(heard, NOW)) is held


def test_a_watchdog_that_was_never_heard_is_not_missed() -> None:
    """Many setups send none."""
    assert missed(None, NOW) == ""
