"""What stands around an autoscaler's maximum: reads, a second autoscaler, who owns it, the cap, quotas."""

from __future__ import annotations

import pytest

from graph.policy import PolicyFacts, PolicySettings, evaluate
from tests.graph.evidence_builders import policy_facts
from tests.graph.hpa_scenarios import AUTO, raise_maximum, scaler


def blocks(facts: PolicyFacts, settings: PolicySettings = AUTO) -> dict[str, str]:
    """Effect by rule."""
    return {block.rule: block.effect for block in evaluate(facts, settings)}


def test_nothing_stands_in_the_way_of_one_that_is_alone() -> None:
    """The scenario that all others change in one point."""
    assert blocks(raise_maximum()) == {}


@pytest.mark.parametrize("kind", ["autoscalers", "quotas"])
def test_what_cannot_be_read_refuses(kind: str) -> None:
    """Not to know is no permission; a restart does not ask for it."""
    assert blocks(raise_maximum(evidence_missing=(kind,))) == {"hpa_unread": "refuse"}
    assert blocks(policy_facts(evidence_missing=(kind,))) == {}


def test_only_the_one_that_is_meant_may_be_there() -> None:
    """Neither another in its place, nor KEDA beside it, nor none."""
    keda = scaler(kind="ScaledObject", uid="uid-keda")
    for found in ((scaler(uid="uid-new"),), (scaler(), keda), (keda,)):
        assert blocks(raise_maximum(*found)) == {"hpa_contested": "refuse"}
    assert blocks(raise_maximum(guards={"autoscalers": ()})) == {"hpa_contested": "refuse"}


@pytest.mark.parametrize(
    ("owner", "effect"), [("helm", "ask"), ("argocd", "refuse"), ("flux", "refuse"), ("operator", "refuse")]
)
def test_who_owns_the_autoscaler_changes_it(owner: str, effect: str) -> None:
    """Whoever owns the workload."""
    assert blocks(raise_maximum(scaler(managed_by=owner))) == {"hpa_managed": effect}


@pytest.mark.parametrize(("maximum", "refused"), [(50, False), (51, True)])
def test_the_cap_on_replicas_is_one_on_the_maximum(maximum: int, refused: bool) -> None:
    """At the cap is allowed, and the cap is a setting."""
    facts = raise_maximum(guards={"replicas": maximum})
    assert blocks(facts) == ({"hpa_limit": "refuse"} if refused else {})
    assert blocks(facts, PolicySettings(mode="auto", most_replicas=51)) == {}


def test_they_hold_no_other_action_and_no_way_back() -> None:
    """A restart asks for none of it; the maximum before is given back to whatever is there."""
    found = {"autoscalers": (), "replicas": 99, "quota_lacks": "all of it"}
    facts = raise_maximum(guards=found, action="restart_deployment", family="restart")
    assert not {rule for rule in blocks(facts) if rule.startswith("hpa")}
    assert blocks(raise_maximum(guards=found, undo_requested=True)) == {"undo_requested": "ask"}
