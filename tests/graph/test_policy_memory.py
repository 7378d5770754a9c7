"""What stands around a memory limit: what could not be read, other scalers, ranges, quotas, nodes, the last time."""

from __future__ import annotations

from typing import Any

import pytest

from graph.memory_limits import memory_ask, room_for
from graph.policy import PolicyFacts, PolicySettings, evaluate
from graph.returns import only_more_memory
from tests.graph.evidence_builders import (
    NEW,
    TARGET,
    ago,
    evidence,
    pod,
    policy_facts,
    revision,
    well,
    workload,
)
from tests.graph.guard_scenarios import node
from tests.graph.memory_scenarios import AUTO, GIB, RANGE, VPA, raise_memory
from tools.records import ContainerFacts, Evidence, LimitFacts, QuotaFacts

MIB = 2**20
RS = "rs2"
DAY = 86400.0


def blocks(facts: PolicyFacts, settings: PolicySettings = AUTO) -> dict[str, str]:
    """Effect by rule."""
    return {block.rule: block.effect for block in evaluate(facts, settings)}


def test_nothing_stands_in_the_way_of_a_limit_within_all_bounds() -> None:
    """The scenario that all others change in one point."""
    assert blocks(raise_memory()) == {}


@pytest.mark.parametrize("kind", ["limit_ranges", "nodes", "quotas", "vertical_scalers"])
def test_a_bound_that_cannot_be_read_refuses(kind: str) -> None:
    """Not to know is no permission; a restart does not ask for it."""
    assert blocks(raise_memory(evidence_missing=(kind,))) == {"memory_unread": "refuse"}
    assert blocks(policy_facts(evidence_missing=(kind,))) == {}


@pytest.mark.parametrize(("limit", "refused"), [(16 * GIB, False), (16 * GIB + 1, True)])
def test_the_cap_is_a_limit_and_can_be_lowered(limit: float, refused: bool) -> None:
    """At the cap is allowed."""
    facts = raise_memory(memory={"limit": limit, "node": 64 * GIB})
    assert blocks(facts) == ({"memory_cap": "refuse"} if refused else {})
    assert blocks(raise_memory(), PolicySettings(mode="auto", most_memory=GIB)) == {"memory_cap": "refuse"}


@pytest.mark.parametrize(
    ("bound", "refused"),
    [
        (LimitFacts(name="r", most_memory=1.5 * GIB), False),
        (RANGE, True),
        (LimitFacts(name="r", most_pod_memory=2 * GIB), False),
        (LimitFacts(name="r", most_pod_memory=2 * GIB - 1), True),
        (LimitFacts(name="r", most_cores=1.0), False),
    ],
)
def test_limit_ranges_of_containers_and_of_pods(bound: LimitFacts, refused: bool) -> None:
    """At the most is allowed."""
    assert blocks(raise_memory(guards={"limits": (bound,)})) == (
        {"memory_range": "refuse"} if refused else {}
    )


@pytest.mark.parametrize(("size", "refused"), [(3 * GIB, False), (3 * GIB - 1, True), (None, True)])
def test_half_of_the_largest_node(size: float | None, refused: bool) -> None:
    """A size that nobody knows is none."""
    assert blocks(raise_memory(memory={"node": size})) == ({"memory_node": "refuse"} if refused else {})


@pytest.mark.parametrize(("seconds", "refused"), [(DAY - 1, True), (DAY, False)])
def test_once_in_a_day(seconds: float, refused: bool) -> None:
    """Whatever came of it."""
    facts = raise_memory(guards={"memory_writes": (ago(seconds), ago(3 * DAY))})
    assert blocks(facts) == ({"memory_once": "refuse"} if refused else {})


def test_the_guards_of_a_limit_hold_no_other_action_back() -> None:
    """Each asks which action it is about."""
    facts = raise_memory(
        memory={"limit": 99 * GIB, "node": None, "quota_lacks": "all of it"},
        guards={"vertical_scalers": (VPA,), "limits": (RANGE,), "memory_writes": (ago(1),)},
        action="restart_deployment",
        evidence_missing=("quotas",),
    )
    assert {rule for rule in blocks(facts) if rule.startswith(("memory", "vertically"))} == set()


def test_the_way_back_on_request_is_not_held_by_what_guards_the_way_up() -> None:
    """It gives back what a container had: a person sees it, and that is all."""
    facts = raise_memory(
        guards={"vertical_scalers": (VPA,), "limits": (RANGE,), "memory_writes": (ago(600),)},
        memory={"node": None, "quota_lacks": "all of it"},
        evidence_missing=("limit_ranges",),
        undo_requested=True,
        rolling_out=True,
    )
    assert blocks(facts) == {"undo_requested": "ask"}


def test_what_git_manages_is_changed_there() -> None:
    """It would be reverted."""
    for manager, effect in (
        ("helm", "ask"),
        ("argocd", "refuse"),
        ("flux", "refuse"),
        ("operator", "refuse"),
    ):
        managed = TARGET.model_copy(update={"managed_by": manager})
        assert blocks(raise_memory(target=managed)) == {"managed_elsewhere": effect}


# what a proposal comes to

CONTAINER = ContainerFacts(name="app", memory_limit=128.0 * MIB, memory_request=64.0 * MIB)
ARGS = {
    "container": "app",
    "from_limit": 128 * MIB,
    "limit": 192 * MIB,
    "from_request": 64 * MIB,
    "request": 96 * MIB,
}


def three(surge: int = 1, **more: Any) -> Evidence:
    """Three pods with a sidecar, and one more while they are replaced."""
    app = well(memory_limit=128.0 * MIB, memory_request=64.0 * MIB)
    proxy = well(name="proxy", memory_limit=64.0 * MIB, memory_request=64.0 * MIB)
    pods = tuple(pod(name, RS, app, proxy, ready=True) for name in "abc")
    return evidence(**{"pods": pods, "workload": workload(surge=surge), **more})


def quota(key: str, left: float) -> dict[str, Any]:
    """One with so many MiB left."""
    return {"quotas": (QuotaFacts(name="all", hard={key: (1000 + left) * MIB}, used={key: 1000.0 * MIB}),)}


@pytest.mark.parametrize(
    ("key", "surge", "needed"),
    [
        ("limits.memory", 0, 3 * 64),
        ("limits.memory", 1, 3 * 64 + 64 + 192),
        ("requests.memory", 1, 3 * 32 + 32 + 128),
        ("memory", 0, 3 * 32),
    ],
)
def test_a_quota_has_to_hold_the_last_pod_of_the_rolling_update(key: str, surge: int, needed: float) -> None:
    """Each of the wanted ones grows, and those beyond them come on top."""
    assert memory_ask(ARGS, three(surge, **quota(key, needed))).quota_lacks == ""
    lacks = memory_ask(ARGS, three(surge, **quota(key, needed - 1))).quota_lacks
    assert lacks.startswith(f"ResourceQuota all: {key}")


@pytest.mark.parametrize("left", [100, 200, 300, 400])
@pytest.mark.parametrize("key", ["limits.memory", "requests.memory", "memory"])
@pytest.mark.parametrize("surge", [0, 1, 2])
def test_what_is_computed_is_what_the_guard_lets_pass(key: str, left: int, surge: int) -> None:
    """Bound and guard are two sums of the same thing."""
    found = three(surge, **quota(key, left))
    room = room_for(CONTAINER, found)
    assert room is not None
    if room.limit > 128 * MIB:
        args = {**ARGS, "limit": int(room.limit), "request": int(room.request)}
        assert memory_ask(args, found).quota_lacks == ""


def test_pods_count_against_a_quota_only_where_a_rolling_update_makes_more() -> None:
    """A quota of three pods holds three."""
    full = (QuotaFacts(name="all", hard={"pods": 3.0}, used={"pods": 3.0}),)
    assert memory_ask(ARGS, three(0, quotas=full)).quota_lacks == ""
    assert "pods" in memory_ask(ARGS, three(1, quotas=full)).quota_lacks


def test_the_pod_and_the_largest_node_are_told() -> None:
    """With the new limit, and of the nodes that were read."""
    nodes = (node("a", allocatable_memory=GIB), node("b", allocatable_memory=4 * GIB), node("c"))
    ask = memory_ask(ARGS, three(nodes=nodes))
    assert (ask.limit, ask.pod_limit, ask.node) == (192 * MIB, 256 * MIB, 4 * GIB)
    assert memory_ask(ARGS, three()).node is None


# a release that only gave more


@pytest.mark.parametrize(
    ("now", "was", "same", "only_more"),
    [
        ({"app": 192.0}, {"app": 128.0}, True, True),
        ({"app": 128.0}, {"app": 128.0}, True, True),
        ({"app": 96.0}, {"app": 128.0}, True, False),
        ({"app": 192.0, "proxy": 32.0}, {"app": 128.0, "proxy": 64.0}, True, False),
        ({}, {"app": 128.0}, True, False),
        ({"app": 192.0}, {"app": 128.0}, False, False),
    ],
)
def test_a_release_that_only_gives_more_memory(
    now: dict[str, float], was: dict[str, float], same: bool, only_more: bool
) -> None:
    """It cannot have begun a kill for memory."""
    older = revision(1, memory_limits=was, memoryless_digest="m")
    newer = revision(2, digest=NEW, memory_limits=now, memoryless_digest="m" if same else "n")
    assert only_more_memory(evidence(revisions=(newer, older))) is only_more


def test_a_recording_without_amounts_says_nothing_of_a_release() -> None:
    """Made before they were read."""
    assert only_more_memory(evidence(revisions=(revision(2, digest=NEW), revision(1)))) is False
