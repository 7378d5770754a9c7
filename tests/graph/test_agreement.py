"""What cases add up to and what they support, and what counts as the agent's own action done by people: pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from graph.afterwards import compared, would_do
from graph.agreement import agreements, judged, lower_bound, missing, supported
from graph.autonomy import Tally, step_up, wanting
from tests.graph.evidence_builders import NOW
from tools.actions import REGISTRY
from tools.aftermath_changes import Change
from tools.agreement_cases import Case

ASKS = frozenset({"risk", "threshold"})


def case(number: int = 0, **more: Any) -> Case:
    """Of a workload of its own, newer with its number."""
    fields: dict[str, Any] = {
        "incident_id": f"i{number}",
        "action": "restart_deployment",
        "problem": "transient_crash",
        "workload": f"shop/Deployment/w{number}",
        "at": NOW + timedelta(minutes=number),
    }
    return Case(**{**fields, **more})


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "undecided"),
        ({"seen": "unknown"}, "undecided"),
        ({"seen": "same"}, "agreed"),
        ({"seen": "other", "resolved": True}, "disagreed"),
        ({"seen": "nothing", "resolved": True}, "not_needed"),
        ({"seen": "nothing"}, "undecided"),
        ({"answer": "approved"}, "agreed"),
        ({"answer": "rejected", "seen": "same"}, "disagreed"),
        ({"mark": "wrong", "answer": "approved", "seen": "same"}, "disagreed"),
        ({"mark": "right", "answer": "rejected"}, "agreed"),
        ({"action": "", "seen": "nothing"}, "agreed"),
        ({"action": "", "seen": "other"}, "disagreed"),
        ({"action": "", "seen": "unknown", "resolved": True}, "undecided"),
        ({"action": "", "mark": "wrong", "seen": "nothing"}, "disagreed"),
    ],
)
def test_a_mark_speaks_before_an_answer_and_that_before_what_was_seen(told: Any, says: str) -> None:
    """What nobody did and nobody needed speaks against the action; what nobody could tell says nothing."""
    assert judged(case(**told)) == says


@pytest.mark.parametrize(
    ("agreed", "cases", "bound"),
    [
        (0, 0, 0.0),
        (0, 10, 0.0),
        (5, 5, 0.566),
        (10, 10, 0.722),
        (16, 16, 0.806),
        (19, 20, 0.764),
        (24, 25, 0.805),
    ],
)
def test_the_bound_is_that_of_wilson(agreed: int, cases: int, bound: float) -> None:
    """Published values of the 95 % score interval; few cases prove little, however they went."""
    assert round(lower_bound(agreed, cases), 3) == bound


@pytest.mark.parametrize(
    ("level", "agreed", "cases", "more"),
    [
        ("auto", 0, 0, 16),
        ("auto", 15, 15, 1),
        ("auto", 16, 16, 0),
        ("auto", 16, 17, 8),
        ("auto", 24, 25, 0),
        ("approve", 0, 0, 5),
        ("approve", 4, 4, 1),
        ("approve", 5, 5, 0),
        ("approve", 4, 5, 3),
    ],
)
def test_how_many_cases_are_missing(level: Any, agreed: int, cases: int, more: int) -> None:
    """As many as would do if all of them agreed, and one less would not."""
    assert missing(level, agreed, cases) == more
    assert supported(level, agreed + more, cases + more)
    assert not more or not supported(level, agreed + more - 1, cases + more - 1)


def test_one_workload_counts_three_times_at_the_most() -> None:
    """The newest ones; cases that say nothing take no place, and others count on."""
    nightly = [case(number, workload="shop/Deployment/web", answer="rejected") for number in range(5)]
    newest = [case(number, workload="shop/Deployment/web", answer="approved") for number in range(5, 8)]
    silent = case(9, workload="shop/Deployment/web")
    counted = agreements([*nightly, *newest, silent, case(10, mark="right")])
    (found,) = counted.values()
    assert (found.agreed, found.disagreed, found.undecided, found.left_out) == (4, 0, 1, 5)
    assert (found.by_marks, found.by_answers, found.by_changes, found.cases) == (1, 3, 0, 4)


def test_what_was_not_needed_is_a_case_like_a_no() -> None:
    """The bound falls by it."""
    cases = [case(1, seen="same"), case(2, seen="nothing", resolved=True), case(3, answer="rejected")]
    (found,) = agreements(cases).values()
    assert (found.cases, found.agreed, found.not_needed, found.disagreed) == (3, 1, 1, 1)
    assert found.bound == lower_bound(1, 3)


def test_each_action_and_problem_class_is_counted_by_itself() -> None:
    """What it would have left alone too."""
    counted = agreements(
        [case(1, seen="same"), case(2, problem="bad_release"), case(3, action="", seen="nothing")]
    )
    assert list(counted) == [
        ("", "transient_crash"),
        ("restart_deployment", "bad_release"),
        ("restart_deployment", "transient_crash"),
    ]


def test_what_a_step_still_takes_is_said() -> None:
    """In cases and outcomes; a failure must first be forgotten."""
    assert wanting("shadow", Tally(agreed=3)) == "for approve: 2 more cases in which people agree"
    assert wanting("approve", Tally(agreed=10, helped=4)) == (
        "for auto: 6 more cases in which people agree and 1 more outcomes that helped"
    )
    assert wanting("approve", Tally(agreed=20, failed=1)) == "it failed or did harm 1 times in 30 days"
    done = Tally(agreed=16, helped=5)
    assert (wanting("approve", done), wanting("auto", Tally())) == ("", "")
    assert step_up("approve", done) == (
        "auto",
        "it helped 5 times and failed never, people agreed 16 of 16 times (at least 80 %)",
    )


@pytest.mark.parametrize(
    ("route", "blocks", "would"),
    [
        ("ask", ["risk: high"], True),
        ("act", [], True),
        ("notify", ["mode: mode is shadow: decided", "risk: high"], True),
        ("notify", ["no_access: the account may not", "threshold: below"], True),
        ("notify", ["mode: mode is shadow", "workload_state: a rollout is in progress"], False),
        ("notify", ["mode: mode is shadow", "a reason that no rule gave"], False),
        ("notify", ["model: declined"], False),
    ],
)
def test_permission_is_not_judgement(route: str, blocks: list[str], would: bool) -> None:
    """Only what would have been done may be compared with what was done."""
    decision = {"route": route, "blocked_by": blocks, "action": {"name": "restart_deployment", "args": {}}}
    assert would_do(decision, ASKS) == ("restart_deployment" if would else "")
    assert would_do({"route": "notify", "action": None}, ASKS) == ""


@pytest.mark.parametrize(
    ("action", "args", "change", "outcome"),
    [
        ("restart_deployment", {}, Change(kind="restarted"), "same"),
        ("restart_deployment", {}, Change(kind="pods_deleted"), "same"),
        ("restart_deployment", {}, Change(kind="pod_deleted", name="a"), "other"),
        ("restart_deployment", {}, Change(kind="rolled_back", value="d"), "other"),
        ("rollback_deployment", {"to_digest": "d"}, Change(kind="rolled_back", value="d"), "same"),
        ("rollback_deployment", {"to_digest": "d"}, Change(kind="rolled_back", value="e"), "other"),
        ("rollback_deployment", {}, Change(kind="template"), "other"),
        ("scale_deployment", {}, Change(kind="scaled_up"), "same"),
        ("scale_deployment", {}, Change(kind="scaled_down"), "other"),
        ("delete_pod", {"name": "a"}, Change(kind="pod_deleted", name="a"), "same"),
        ("delete_pod", {"name": "a"}, Change(kind="pod_deleted", name="b"), "other"),
        ("set_memory_limit", {}, Change(kind="memory"), "same"),
        ("set_hpa_maximum", {}, Change(kind="maximum_raised"), "same"),
        ("set_hpa_maximum", {}, Change(kind="maximum_lowered"), "other"),
        ("cordon_node", {}, Change(kind="cordoned"), "same"),
        ("suspend_cronjob", {}, Change(kind="suspended"), "same"),
        ("expand_pvc", {}, Change(kind="grown"), "same"),
        ("an_action_that_nobody_knows", {}, Change(kind="restarted"), "other"),
        ("", {}, Change(kind="restarted"), "other"),
    ],
)
def test_what_is_the_same_as_the_action(action: str, args: Any, change: Change, outcome: str) -> None:
    """By its effect on the object; to do another thing is to disagree, also with doing nothing."""
    assert compared(action, args, [change]) == outcome
    assert compared(action, args, []) == "nothing"


def test_every_action_that_is_proposed_has_its_change() -> None:
    """But for Jobs, which go by themselves, and what only people ask for."""
    from graph.afterwards import _SAME

    assert set(REGISTRY) - set(_SAME) <= {"delete_job", "drain_node", "exec_command"}
