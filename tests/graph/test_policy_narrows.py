"""A policy that is narrower in any limit lets nothing pass that the wider one held back: whatever the facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.freeze_windows import FreezeWindow
from graph.policy import Attempt, PolicyFacts, PolicySettings, evaluate, route
from graph.policy_facts import AutonomyCeiling
from tests.graph.evidence_builders import NOW
from tests.graph.test_policy import SCENARIOS

WIDTH = {"act": 0, "ask": 1, "notify": 2}
HOUR = 3600
LEVELS = st.sampled_from(["shadow", "approve", "auto"])
FROZEN = FreezeWindow(name="quiet", time_zone="UTC", since=NOW.replace(tzinfo=None) - timedelta(days=1))


@st.composite
def attempts(draw: st.DrawFn) -> tuple[Attempt, ...]:
    """Earlier writes, newest first."""
    hours = sorted(draw(st.lists(st.integers(0, 40), max_size=5)))
    names, problems = st.sampled_from(["restart_deployment", "x"]), st.sampled_from(["transient_crash", "y"])
    return tuple(
        Attempt(
            action=draw(names), problem=draw(problems), at=NOW - timedelta(hours=h), undo=draw(st.booleans())
        )
        for h in hours
    )


@st.composite
def facts(draw: st.DrawFn) -> PolicyFacts:
    """Those of a scenario, with a past and counts of their own."""
    scenario, _, _ = SCENARIOS[draw(st.sampled_from(sorted(SCENARIOS)))]
    counts = {name: draw(st.integers(0, 8)) for name in ("automatic_writes_hour", "namespace_writes_hour")}
    return scenario.model_copy(update={"attempts": draw(attempts()), "autonomy": draw(LEVELS), **counts})


@st.composite
def narrower(draw: st.DrawFn) -> dict[str, Any]:
    """Some limits of the shipped policy, each as it is or narrower."""
    some = {
        "mode": draw(LEVELS),
        "workload_writes": draw(st.integers(0, 2)),
        "cluster_writes_per_hour": draw(st.integers(0, 6)),
        "namespace_writes_per_hour": draw(st.integers(0, 4)),
        "writes_in_flight": draw(st.integers(0, 2)),
        "attempt_window_seconds": draw(st.integers(6 * HOUR, 48 * HOUR)),
        "cool_down_seconds": draw(st.integers(HOUR // 2, 24 * HOUR)),
        "human_only_seconds": draw(st.integers(24 * HOUR, 72 * HOUR)),
        "node_pause_seconds": draw(st.integers(HOUR // 2, 24 * HOUR)),
        "most_replicas": draw(st.integers(1, 50)),
        "confidence_threshold": draw(st.floats(0.8, 1.0)),
        "require_approval_for": draw(
            st.sampled_from([("rollback", "delete_deployment"), ("rollback", "delete_deployment", "restart")])
        ),
        "namespace_allow": draw(st.sampled_from([(), ("team-*",)])),
        "freeze_windows": draw(st.sampled_from([(), (FROZEN,)])),
        "four_eyes": draw(st.sampled_from([(), ("restart",)])),
        "autonomy": draw(st.sampled_from([(), (AutonomyCeiling(level="approve"),)])),
    }
    keep = draw(st.sets(st.sampled_from(sorted(some))))
    return {name: value for name, value in some.items() if name in keep}


@settings(max_examples=200, deadline=None)
@given(facts(), narrower())
def test_a_narrower_policy_never_lets_more_pass(told: PolicyFacts, limits: dict[str, Any]) -> None:
    """The route goes from act to ask to explain, and never back."""
    wide = route(evaluate(told, PolicySettings(mode="auto")))
    narrow = route(evaluate(told, PolicySettings(**{"mode": "auto", **limits})))
    assert WIDTH[narrow] >= WIDTH[wide], (wide, narrow, limits)
