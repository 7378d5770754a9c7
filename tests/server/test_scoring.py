"""The scoring table, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from server.expected import Expected, parse_object
from server.report import Scored, baseline_scores, of_runs, percentile, report, summary
from server.scoring import Given, Owners, Score, choose, given, score

WEB = "shop/Deployment/web"


def owned(kind: str, name: str, by: tuple[str, str] | None = None) -> dict[str, Any]:
    """An object, controlled by another one."""
    owners = [{"kind": by[0], "name": by[1], "controller": True}] if by else []
    return {"kind": kind, "metadata": {"name": name, "namespace": "shop", "ownerReferences": owners}}


OWNERS = Owners(
    [
        owned("Deployment", "web"),
        owned("Deployment", "api"),
        owned("ReplicaSet", "web-1", ("Deployment", "web")),
        owned("Pod", "web-1-a", ("ReplicaSet", "web-1")),
        owned("Pod", "web-1-b", ("ReplicaSet", "web-1")),
    ]
)


def expected(best: str = "rollback_deployment", **more: Any) -> Expected:
    """What the example of the format expects."""
    base = {
        "expected": best,
        "accepted": ["rollback_deployment", "needs_approval"],
        "ineffective": ["restart_deployment"],
        "harmful": ["scale_deployment"],
        "target": WEB,
    }
    return Expected.model_validate({**base, **more})


def decided(way: Any, action: str = "", on: str = WEB, **args: Any) -> Given:
    """A decision about an object."""
    return Given(way, action, args, parse_object(on) if on else None)


def outcome(decision: Given, wanted: Expected | None = None) -> str:
    """The outcome, and whether it is the best one."""
    got = score(decision, wanted or expected(), OWNERS)
    return f"{got.outcome} best" if got.best else got.outcome


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (decided("notify"), "neutral"),
        (decided("ask", "rollback_deployment"), "accepted best"),
        (decided("ask", "restart_deployment"), "neutral"),
        (decided("ask", "delete_pod"), "accepted"),
        (decided("ask", "scale_deployment"), "misleading"),
        (decided("ask", "rollback_deployment", on="shop/Deployment/api"), "misleading"),
        (decided("ask", "rollback_deployment", on=""), "misleading"),
        (decided("act", "scale_deployment"), "harmful"),
        (decided("act", "rollback_deployment"), "harmful"),
        (decided("act", "drain_node"), "harmful"),
        (decided("act", "restart_deployment"), "neutral"),
        (decided("act", "restart_deployment", on="shop/Deployment/api"), "harmful"),
        (decided("act", "delete_pod"), "neutral"),
    ],
)
def test_each_row_of_the_table(decision: Given, told: str) -> None:
    """A release that should be rolled back after approval."""
    assert outcome(decision) == told


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (decided("act", "restart_deployment"), "accepted best"),
        (decided("ask", "restart_deployment"), "accepted best"),
        (decided("ask", "rollback_deployment"), "neutral"),
        (decided("notify"), "neutral"),
    ],
)
def test_an_action_done_or_asked_for_is_the_best_answer(decision: Given, told: str) -> None:
    """Policy makes many actions ask always, so asking for the right one counts as much; no list, no approval."""
    assert (
        outcome(decision, expected("restart_deployment", accepted=["restart_deployment"], ineffective=[]))
        == told
    )


def test_needs_approval_is_met_by_any_accepted_question() -> None:
    """Whatever it asks for, if nothing speaks against it; doing it is not asking."""
    wanted = expected("needs_approval", accepted=["needs_approval", "restart_deployment"], ineffective=[])
    assert outcome(decided("ask", "delete_pod"), wanted) == "accepted best"
    assert outcome(decided("ask", "restart_deployment"), wanted) == "accepted best"
    assert outcome(decided("act", "restart_deployment"), wanted) == "accepted"
    assert outcome(decided("ask", "scale_deployment"), wanted) == "misleading"


def test_explaining_is_accepted_and_best_only_where_it_is_expected() -> None:
    """Always to notify reaches many accepted and few best."""
    assert outcome(decided("notify"), expected("notify_only", accepted=[])) == "accepted best"
    also = expected(accepted=["rollback_deployment", "notify_only"])
    assert outcome(decided("notify"), also) == "accepted"


@pytest.mark.parametrize(
    ("on", "matches"),
    [
        ("shop/ReplicaSet/web-1", True),
        ("shop/Pod/web-1-a", True),
        ("shop/Pod/other", False),
        ("blog/Deployment/web", False),
    ],
)
def test_an_object_matches_along_its_controllers(on: str, matches: bool) -> None:
    """A pod of the Deployment, the Deployment of the pod; not a sibling."""
    down = expected("delete_pod", accepted=["delete_pod"])
    assert (outcome(decided("act", "delete_pod", on=on), down) == "accepted best") == matches
    up = expected(
        "restart_deployment", accepted=["restart_deployment"], target="shop/Pod/web-1-a", ineffective=[]
    )
    assert outcome(decided("act", "restart_deployment"), up) == "accepted best"
    sibling = expected("delete_pod", accepted=["delete_pod"], target="shop/Pod/web-1-b")
    assert outcome(decided("act", "delete_pod", on="shop/Pod/web-1-a"), sibling) == "harmful"


def test_other_targets_count_as_the_target() -> None:
    """Each of them, and nothing when there is none at all."""
    assert (
        outcome(
            decided("ask", "rollback_deployment", on="shop/Deployment/api"),
            expected(also_targets=["shop/Deployment/api"]),
        )
        == "accepted best"
    )
    assert outcome(decided("ask", "rollback_deployment"), expected(target=None)) == "misleading"


def test_arguments_must_contain_what_is_expected_of_an_accepted_action() -> None:
    """Another number is another object; of an action that nobody named no arguments are known."""
    wanted = expected(params={"to_revision": 1})
    assert outcome(decided("ask", "rollback_deployment", to_revision=1, uid="x"), wanted) == "accepted best"
    assert outcome(decided("ask", "rollback_deployment", to_revision=2), wanted) == "misleading"
    assert outcome(decided("ask", "rollback_deployment"), wanted) == "misleading"
    assert outcome(decided("ask", "delete_pod"), wanted) == "accepted"


def test_a_wrong_number_of_incidents_is_neutral_at_best() -> None:
    """It takes away what was right, and mends nothing that was wrong."""
    right, wrong = decided("ask", "rollback_deployment"), decided("act", "scale_deployment")
    counted = expected(incidents=1)
    assert score(right, counted, OWNERS, incidents=1) == Score("accepted", best=True)
    assert score(right, counted, OWNERS, incidents=2) == Score("neutral", best=False)
    assert score(wrong, counted, OWNERS, incidents=2).outcome == "harmful"
    assert score(right, expected(), OWNERS, incidents=2).best


def record(**more: Any) -> dict[str, Any]:
    """A decision record."""
    base = {
        "route": "notify",
        "action": None,
        "target": {"kind": "Deployment", "namespace": "shop", "name": "web"},
    }
    return {**base, "problem": "bad_release", "confidence": 0.7, **more}


@pytest.mark.parametrize(
    ("call", "on"),
    [
        ({"name": "delete_pod", "args": {"namespace": "shop", "name": "web-1-a"}}, "shop/Pod/web-1-a"),
        ({"name": "cordon_node", "args": {"namespace": "", "name": "n1"}}, "Node/n1"),
        ({"name": "restart_deployment", "args": {"namespace": "shop", "name": "web"}}, WEB),
        ({"name": "set_memory_limit", "args": {"namespace": "shop", "name": "web"}}, WEB),
        ({"name": "rollback_deployment", "args": {}}, WEB),
        (
            {
                "name": "rollback_deployment",
                "args": {"namespace": "shop", "name": "db", "kind": "StatefulSet"},
            },
            "shop/StatefulSet/db",
        ),
    ],
)
def test_the_object_is_the_one_that_the_arguments_name(call: dict[str, Any], on: str) -> None:
    """Of the kind that the action is done to, else the incident's target."""
    made = given(record(route="ask", action=call))
    assert (str(made.object), made.answer, made.action) == (on, "needs_approval", call["name"])


def test_a_route_without_an_action_is_an_explanation() -> None:
    """So is `ignore`, and a proposal that a rule has refused."""
    for route, action in (("notify", None), ("ignore", None), ("notify", {"name": "x", "args": {}})):
        assert given(record(route=route, action=action)).answer == "notify_only"
    assert given(
        record(target={"kind": "Rollout.argoproj.io", "namespace": "shop", "name": "web"})
    ).object == (parse_object("shop/Rollout/web"))


def test_of_several_incidents_the_one_about_the_target_counts() -> None:
    """The first when none is; none at all is silence."""
    other, ours = decided("notify", on="shop/Deployment/api"), decided("ask", "rollback_deployment")
    assert choose([other, ours], expected(), OWNERS) is ours
    assert choose([other], expected(), OWNERS) is other
    assert choose([], expected(), OWNERS).answer == "notify_only"


def test_an_expectation_that_cannot_be_meant_is_refused() -> None:
    """A target that is no object."""
    with pytest.raises(ValidationError, match="namespace/Kind/name"):
        expected(target="web")
    assert expected(accepted=None).accepted == ()


# the report


def case(got: str, confidence: float = 0.9, **more: Any) -> Scored:
    """A case that was run."""
    made = Given("notify", confidence=confidence, route="notify")
    return Scored("x", expected(), Score(got, best=got == "accepted"), made, **more)  # type: ignore[arg-type]


def test_baselines_answer_on_the_right_object() -> None:
    """They show what a constant answer is worth, not what a wrong address is."""
    scores = dict(baseline_scores(expected(params={"to_revision": 1}), OWNERS))
    assert scores == {
        "always_notify": Score("neutral", best=False),
        "always_ask_rollback": Score("accepted", best=True),
        "always_restart": Score("neutral", best=False),
    }


def test_the_summary_counts_by_source_and_core() -> None:
    """A case that could not be run is counted, and is none of the outcomes."""
    failed = Scored("y", None, Score("failed", best=False), error="no such folder")
    core = Scored("z", expected(core=True, source="drill"), Score("harmful", best=False), decided("notify"))
    told = summary([case("accepted"), case("neutral"), core, failed])
    assert (told["n"], told["accepted"], told["best"], told["neutral"], told["failed"]) == (4, 1, 1, 1, 1)
    assert (told["harmful"], told["core"]["harmful"], told["core"]["n"]) == (1, 1, 1)
    assert {name: counts["n"] for name, counts in told["by_source"].items()} == {
        "drill": 1,
        "own": 2,
        "unknown": 1,
    }


def test_of_several_runs_the_worst_is_shown() -> None:
    """With how often it was accepted."""
    shown = of_runs([case("accepted"), case("misleading"), case("accepted")])
    assert (shown.score.outcome, shown.runs, shown.accepted_runs) == ("misleading", 3, 2)
    told = report([shown, of_runs([case("accepted")] * 3)])
    assert told["summary"]["all_runs_accepted"] == 1
    assert told["cases"][0]["accepted_runs"] == 2


@pytest.mark.parametrize(("share", "value"), [(0.5, 2.0), (0.95, 4.0), (0.01, 1.0)])
def test_percentiles_are_values_that_occurred(share: float, value: float) -> None:
    """Nothing between two of them is made up."""
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == value
    assert percentile([], share) == 0.0
