"""A policy that is narrower in any limit lets nothing pass that the wider one held back: whatever the facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.freeze_windows import FreezeWindow
from graph.policy import Attempt, PolicyFacts, PolicySettings, evaluate, route
from graph.policy_facts import AutonomyCeiling
from tests.graph.evidence_builders import NOW, policy_facts
from tests.graph.test_policy import SCENARIOS

WIDTH = {"act": 0, "ask": 1, "notify": 2}
HOUR = 3600
LEVELS = st.sampled_from(["shadow", "approve", "auto"])
FROZEN = FreezeWindow(name="quiet", time_zone="UTC", since=NOW.replace(tzinfo=None) - timedelta(days=1))


@st.composite
def attempts(draw: st.DrawFn) -> tuple[Attempt, ...]:
    """Earlier writes, newest first."""
    hours = sorted(draw(st.lists(st.integers(0, 40), max_size=3)))
    names, problems = st.sampled_from(["restart_deployment", "x"]), st.sampled_from(["transient_crash", "y"])
    return tuple(
        Attempt(
            action=draw(names), problem=draw(problems), at=NOW - timedelta(hours=h), undo=draw(st.booleans())
        )
        for h in hours
    )


@st.composite
def facts(draw: st.DrawFn) -> PolicyFacts:
    """A restart that nothing stands in the way of, or the facts of a scenario; each with a past of its own."""
    scenario = policy_facts()
    if draw(st.booleans()):
        scenario, _, _ = SCENARIOS[draw(st.sampled_from(sorted(SCENARIOS)))]
    count = draw(st.sampled_from(["automatic_writes_hour", "namespace_writes_hour"]))
    return scenario.model_copy(update={"attempts": draw(attempts()), count: draw(st.integers(3, 6))})


NARROWER: dict[str, st.SearchStrategy[Any]] = {
    "mode": LEVELS,
    "workload_writes": st.integers(0, 2),
    "cluster_writes_per_hour": st.integers(0, 6),
    "namespace_writes_per_hour": st.integers(0, 4),
    "writes_in_flight": st.integers(0, 2),
    "attempt_window_seconds": st.integers(6, 48).map(lambda hours: hours * HOUR),
    "cool_down_seconds": st.integers(1, 24).map(lambda hours: hours * HOUR),
    "human_only_seconds": st.integers(24, 72).map(lambda hours: hours * HOUR),
    "node_pause_seconds": st.integers(1, 24).map(lambda hours: hours * HOUR),
    "most_replicas": st.integers(1, 50),
    "confidence_threshold": st.floats(0.8, 1.0),
    "require_approval_for": st.just(("rollback", "delete_deployment", "restart")),
    "namespace_allow": st.just(("team-*",)),
    "freeze_windows": st.just((FROZEN,)),
    "four_eyes": st.just(("restart",)),
    "autonomy": LEVELS.map(lambda level: (AutonomyCeiling(level=level),)),
}
"""Limits of the shipped policy, each with values that are as narrow or narrower."""


@pytest.mark.parametrize("name", NARROWER)
@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_narrower_limit_never_lets_more_pass(name: str, data: st.DataObject) -> None:
    """The route goes from act to ask to explain, and never back."""
    told, value = data.draw(facts()), data.draw(NARROWER[name])
    wide = route(evaluate(told, PolicySettings(mode="auto")))
    narrow = route(evaluate(told, PolicySettings(**{"mode": "auto", name: value})))
    assert WIDTH[narrow] >= WIDTH[wide], (wide, narrow, value)
