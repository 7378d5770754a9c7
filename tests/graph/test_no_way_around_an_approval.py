"""No setting and no certainty shortens the way through an approval (product.md section 4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.policy import PolicySettings, evaluate, route
from tests.graph.evidence_builders import policy_facts
from tools.actions import REGISTRY

FAMILIES = sorted({action.family for action in REGISTRY.values()} | set(REGISTRY))
ASKING = sorted(name for name, action in REGISTRY.items() if action.risk != "medium")
settings_of_anybody = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(["shadow", "approve", "auto"]),
        "confidence_threshold": st.floats(0, 1),
        "settle_seconds": st.floats(0, 600),
        "require_approval_for": st.lists(st.sampled_from(FAMILIES), max_size=3).map(tuple),
        "enabled_actions": st.just(tuple(sorted(REGISTRY))),
        "test_cluster": st.booleans(),
        "attempt_window_seconds": st.floats(0, 1e6),
        "cool_down_seconds": st.floats(0, 1e6),
        "workload_writes": st.integers(1, 10**6),
        "cluster_writes_per_hour": st.integers(1, 10**6),
        "cluster_writes_per_day": st.integers(1, 10**6),
    },
)


@pytest.mark.parametrize("name", ASKING)
@given(given_settings=settings_of_anybody, certainty=st.floats(0, 1), label=st.sampled_from(["", "auto"]))
def test_no_setting_approves_what_is_of_high_risk(
    name: str, given_settings: dict[str, Any], certainty: float, label: str
) -> None:
    """However sure it is and whatever is set: every action that is not of medium risk waits for a person."""
    action = REGISTRY[name]
    facts = policy_facts(
        action=name, family=action.family, risk=action.risk, confidence=certainty, namespace_mode=label
    )
    assert route(evaluate(facts, PolicySettings(**given_settings))) != "act"


@given(given_settings=settings_of_anybody)
def test_mode_approve_asks_for_everything(given_settings: dict[str, Any]) -> None:
    """A wholly certain restart of what is wholly down."""
    narrow = PolicySettings(**{**given_settings, "mode": "approve"})
    assert route(evaluate(policy_facts(confidence=1.0), narrow)) != "act"
