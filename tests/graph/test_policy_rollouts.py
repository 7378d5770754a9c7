"""What a rollout would do to the pods that serve: the borders of each rule."""

from __future__ import annotations

from typing import Any

import pytest

from graph.policy import GuardFacts, PolicyFacts, evaluate
from tests.graph.evidence_builders import policy_facts
from tests.graph.guard_scenarios import HPA, budget
from tests.graph.rollout_scenarios import AUTO, FULL, rolls
from tools.records import AutoscalerFacts

ROLLBACK = {"action": "rollback_deployment", "family": "rollback", "problem": "bad_release"}


def blocks(facts: PolicyFacts) -> dict[str, str]:
    settings = AUTO.model_copy(update={"require_approval_for": ()})
    return {block.rule: block.effect for block in evaluate(facts, settings)}


def test_a_partition_restarts_only_some() -> None:
    """Refused as a restart; a rollback is another question."""
    assert blocks(rolls({"partition": 2})) == {"restart_without_effect": "refuse"}
    assert blocks(rolls({"partition": 2}, **ROLLBACK)) == {}


@pytest.mark.parametrize(
    ("plan", "desired", "asks"),
    [
        ({"claims": ("data",)}, 1, True),
        ({"host_ports": (8080,)}, 1, True),
        ({}, 1, False),
        ({"claims": ("data",)}, 2, False),
    ],
)
def test_the_only_pod_with_something_of_its_own(plan: dict[str, Any], desired: int, asks: bool) -> None:
    """A volume or a port of the node; several pods share either already."""
    assert blocks(rolls(plan, desired=desired)) == ({"sole_pod": "ask"} if asks else {})


@pytest.mark.parametrize(
    ("plan", "more", "effect"),
    [
        ({}, {}, "refuse"),
        ({}, ROLLBACK, "ask"),
        ({"may_be_missing": 1}, {}, None),
        ({"surge": 0}, {}, None),
    ],
)
def test_a_quota_that_forbids_the_first_new_pod(plan: Any, more: Any, effect: str | None) -> None:
    """Where one may be missing the rollout makes room for itself; a rollback may need no new pod, so a person looks."""
    for guards in (GuardFacts(surge_lacks=FULL), GuardFacts(creation_refused="exceeded quota: all")):
        assert blocks(rolls(plan, guards=guards, **more)).get("surge_forbidden") == effect


@pytest.mark.parametrize(
    ("ready", "missing", "needed", "asks"),
    [
        pytest.param(1, 1, 0, False, id="two of three stay"),
        pytest.param(1, 2, 0, False, id="one is ready and one stays"),
        pytest.param(1, 3, 0, True, id="the one that is ready may go"),
        pytest.param(0, 3, 0, False, id="nothing is ready, nothing to lose"),
        pytest.param(1, 2, 1, False, id="a budget that is met"),
    ],
)
def test_half_of_the_pods_stay_through_a_rollout(ready: int, missing: int, needed: int, asks: bool) -> None:
    """By what the strategy lets be missing, of three."""
    budgets = (budget(healthy=needed, needed=needed),) if needed else ()
    facts = rolls({"may_be_missing": missing}, ready=ready, guards=GuardFacts(budgets=budgets))
    assert blocks(facts) == ({"rollout_floor": "ask"} if asks else {})


def test_a_budget_raises_the_floor_of_a_rollback() -> None:
    """Rolling updates ignore budgets; people are told."""
    guards = GuardFacts(budgets=(budget(healthy=3, needed=3),))
    assert blocks(rolls({"may_be_missing": 1}, ready=3, guards=guards, **ROLLBACK)) == {
        "rollout_floor": "ask"
    }
    assert blocks(rolls({"may_be_missing": 1}, ready=3, **ROLLBACK)) == {}


def test_an_autoscaler_above_its_least_holds_no_restart_back() -> None:
    """Nor one at its least while all pods are as they were."""
    assert blocks(policy_facts(ready=1, guards=GuardFacts(autoscalers=(HPA,)))) == {}
    unread = policy_facts(ready=1, evidence_missing=("autoscalers",))
    assert blocks(unread) == {"restart_at_minimum": "ask"}
    assert blocks(policy_facts(ready=0, evidence_missing=("autoscalers",))) == {}
    at_least = AutoscalerFacts(kind="HorizontalPodAutoscaler", name="web", least=3, most=5)
    assert blocks(policy_facts(ready=0, guards=GuardFacts(autoscalers=(at_least,)))) == {}
