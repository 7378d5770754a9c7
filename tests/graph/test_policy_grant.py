"""What a narrow grant lifts, rule by rule, and all that it leaves standing."""

from __future__ import annotations

from typing import Any

import pytest

from graph.policy import RULES, PolicySettings, evaluate, route
from graph.policy_facts import Attempt
from tests.graph.guard_scenarios import AUTO, ago, policy_facts
from tests.graph.test_policy import SCENARIOS

APPROVE = PolicySettings(mode="approve")


def first(verdict: str = "RECOVERED", **more: Any) -> Attempt:
    """The restart that was approved, ten minutes ago."""
    base = {"action": "restart_deployment", "problem": "transient_crash", "at": ago(600), "verdict": verdict}
    return Attempt(**{**base, **more})


def test_the_same_once_more_acts_where_it_would_have_asked() -> None:
    """In mode approve, below the threshold, named in REQUIRE_APPROVAL_FOR, tried before and cooling down."""
    settings = PolicySettings(mode="approve", require_approval_for=("restart",))
    facts = policy_facts(granted=True, confidence=0.5, attempts=(first(),))
    assert evaluate(facts, settings) == ()
    without = evaluate(facts.model_copy(update={"granted": False}), settings)
    assert [block.rule for block in without] == [
        "mode",
        "risk",
        "threshold",
        "one_attempt",
        "workload_budget",
    ]


@pytest.mark.parametrize("verdict", ["NOT_RECOVERED", "REGRESSED", "SUPERSEDED", "INCONCLUSIVE", ""])
def test_not_where_the_first_time_did_not_help(verdict: str) -> None:
    """Then the next step is a person, whatever was granted before that was known."""
    facts = policy_facts(granted=True, attempts=(first(verdict),))
    assert [block.rule for block in evaluate(facts, APPROVE)] == ["one_attempt"]


def test_not_beside_another_attempt_for_the_same_class() -> None:
    """A rollback was tried since: that is no repeat any more."""
    facts = policy_facts(granted=True, attempts=(first(action="rollback_deployment"),))
    assert route(evaluate(facts, APPROVE)) == "ask"


def test_not_beyond_the_writes_of_a_workload() -> None:
    """The budget stands: two writes are all, the cool-down of the same action is what is lifted."""
    other = first(action="delete_pod", problem="stuck_pod")
    facts = policy_facts(granted=True, attempts=(first(), other))
    assert [block.rule for block in evaluate(facts, APPROVE)] == ["workload_budget"]


def test_never_for_high_risk() -> None:
    """Always a person."""
    facts = policy_facts(granted=True, risk="high")
    assert {block.rule for block in evaluate(facts, APPROVE)} == {"mode", "risk"}


def test_shadow_and_a_wrong_label_still_refuse() -> None:
    """The mode rule is lifted where it asks."""
    assert route(evaluate(policy_facts(granted=True), PolicySettings(mode="shadow"))) == "notify"
    assert route(evaluate(policy_facts(granted=True, namespace_mode="of"), AUTO)) == "notify"


LIFTED = {"mode", "risk", "threshold", "one_attempt", "workload_budget"}


@pytest.mark.parametrize("name", [rule.__name__ for rule in RULES if rule.__name__ not in LIFTED])
def test_every_other_rule_stands(name: str) -> None:
    """Pause, holds, budgets, guards, evidence: with a grant they say what they say without."""
    facts, settings, effect = SCENARIOS[name]
    (block,) = evaluate(facts.model_copy(update={"granted": True}), settings)
    assert (block.rule, block.effect) == (name, effect)
