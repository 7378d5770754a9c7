"""In which way a decision missed the best answer: too hot, too cold, or neither."""

from __future__ import annotations

from typing import Any

import pytest

from server.expected import Expected, parse_object
from server.misses import miss, of_actions, reached
from server.scoring import Given, Owners, score

WEB, API = "shop/Deployment/web", "shop/Deployment/api"
OWNERS = Owners([])


def decided(way: Any, action: str = "", on: str = WEB, **args: Any) -> Given:
    """A decision about an object."""
    return Given(way, action, args, parse_object(on))


def expected(best: str, **more: Any) -> Expected:
    """Whatever else is proposed for the web is accepted as a question."""
    return Expected.model_validate({"expected": best, "accepted": ["needs_approval"], "target": WEB, **more})


@pytest.mark.parametrize(
    ("decision", "best", "told"),
    [
        (decided("notify"), "notify_only", ""),
        (decided("ask", "restart_deployment"), "notify_only", "too_hot"),
        (decided("act", "restart_deployment"), "notify_only", "too_hot"),
        (decided("act", "restart_deployment"), "needs_approval", "too_hot"),
        (decided("ask", "scale_deployment", on=API), "scale_deployment", "too_hot"),
        (decided("act", "rollback_deployment"), "rollback_deployment", "too_hot"),
        (decided("notify"), "rollback_deployment", "too_cold"),
        (decided("notify"), "needs_approval", "too_cold"),
        (decided("ask", "restart_deployment"), "rollback_deployment", "other_action"),
        (decided("ask", "rollback_deployment"), "rollback_deployment", ""),
    ],
)
def test_how_a_decision_missed(decision: Given, best: str, told: str) -> None:
    """Harm and what misleads is too hot whatever was expected, also an action that always needs a person."""
    wanted = expected(best)
    assert miss(decision, wanted, score(decision, wanted, OWNERS)) == told


@pytest.mark.parametrize("decision", [decided("notify"), decided("ask", "restart_deployment")])
def test_a_wrong_number_of_incidents_is_a_miss_of_its_own(decision: Given) -> None:
    """The answer itself was the best one."""
    wanted = expected(decision.action or "notify_only", incidents=1)
    assert miss(decision, wanted, score(decision, wanted, OWNERS, incidents=2)) == "wrong_count"


@pytest.mark.parametrize(
    ("decision", "got"),
    [
        (decided("act", "scale_deployment", replicas=4), True),
        (decided("ask", "scale_deployment", replicas=4), True),
        (decided("ask", "scale_deployment", replicas=9), False),
        (decided("ask", "scale_deployment", on=API, replicas=4), False),
        (decided("ask", "restart_deployment"), False),
        (decided("notify"), False),
        (None, False),
    ],
)
def test_an_expected_action_is_reached_on_its_object_only(decision: Given | None, got: bool) -> None:
    """Done or asked for, with the arguments that are expected; a case that could not be run has not reached it."""
    wanted = expected("scale_deployment", params={"replicas": 4})
    assert reached(decision, wanted, OWNERS) is got


def test_where_no_action_is_expected_none_can_be_reached() -> None:
    """Such cases count nowhere in that share."""
    assert reached(decided("notify"), expected("notify_only"), OWNERS) is None
    assert reached(decided("ask", "restart_deployment"), expected("needs_approval"), OWNERS) is None
    told = of_actions([(True, "act"), (True, "ask"), (False, "ask"), (False, "notify")])
    assert told == {"n": 4, "reached": 2, "acted": 1, "asked": 1}
