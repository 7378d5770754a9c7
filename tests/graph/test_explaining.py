"""What a rule looked at is what it read: noted as it asks, not told by somebody else."""

from __future__ import annotations

import inspect

import pytest

from graph.explaining import explain, meaning
from graph.policy import RULES, PolicySettings, evaluate
from tests.graph.evidence_builders import policy_facts
from tests.graph.guard_scenarios import scale
from tests.graph.test_policy import SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_rule_says_the_same_when_it_is_watched(name: str) -> None:
    """And names at least one thing that it looked at."""
    facts, settings, _ = SCENARIOS[name]
    told = {said.rule: said for said in explain(facts, settings)}
    assert [(s.rule, s.effect, s.reason) for s in told.values() if s.effect] == [
        (block.rule, block.effect, block.reason) for block in evaluate(facts, settings)
    ]
    assert told[name].values


def test_values_are_what_was_read_of_facts_and_limits() -> None:
    """By the names that they have there, records within records too; as JSON."""
    told = {said.rule: said for said in explain(scale(guards={"replicas": 51}), PolicySettings(mode="auto"))}
    assert told["scale_limit"].values == {
        "family": "scale",
        "guards.replicas": 51,
        "settings.most_replicas": 50,
    }
    assert told["namespace_denied"].values["target.namespace"] == "shop"
    assert told["kill_switch"].values == {"paused": False}


def test_all_rules_are_told_those_that_say_nothing_too() -> None:
    """In their order, each with what it is for."""
    told = explain(policy_facts(), PolicySettings(mode="auto"))
    assert [said.rule for said in told] == [rule.__name__ for rule in RULES]
    assert not any(said.effect or said.reason for said in told)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_says_in_one_line_what_it_is_for(rule: object) -> None:
    """A sentence, for people who know no code."""
    assert inspect.isfunction(rule)
    words = meaning(rule)
    assert words.endswith((".", ")")), words
    assert len(words) > 15
