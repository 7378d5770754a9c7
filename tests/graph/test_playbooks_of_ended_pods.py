"""Pods that should be gone and are not, and pods that their nodes have ended: explained, never forced or replaced."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    ago,
    back_off,
    evidence,
    item,
    items,
    node_under,
    pod,
    pods,
    ready_pods,
    revision,
    well,
    workload,
)
from tools.records import Evidence, NodeFacts, PodFacts

LOW = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi."
OWN = 'Usage of EmptyDir volume "scratch" exceeds the limit "5Gi".'


def going(overdue: float, **more: Any) -> PodFacts:
    """A pod that should have been gone so many seconds ago."""
    return pod("old", "rs1", well(DAY), age=DAY, deleting=True, gone_by=ago(overdue), node="node-1", **more)


def evicted(seconds: float, message: str = LOW, **more: Any) -> PodFacts:
    """A pod that its node ended so long ago."""
    return pod(
        f"gone-{seconds:g}",
        "rs1",
        age=DAY * 9,
        phase="Failed",
        reason=more.pop("reason", "Evicted"),
        message=message,
        ready_changed=seconds,
        node="node-1",
        **more,
    )


def among(*found: PodFacts, node: NodeFacts | None = None, **more: Any) -> Evidence:
    """Beside three pods that are well."""
    return evidence(
        **{
            "pods": (*ready_pods(3, "rs1"), *found),
            "revisions": (revision(1, digest=NEW, replicas=3, ready=3),),
            "nodes": (node or node_under(),),
            "items": (*items(), item("nodes", number=8)),
            **more,
        }
    )


@pytest.mark.parametrize(
    ("stuck", "node", "why"),
    [
        (going(600, finalizers=("example.com/drain",)), "True", "held by the finalizer example.com/drain"),
        (going(600), "Unknown", "whose node node-1 is not Ready"),
        (going(600), "True", "which its node node-1 has not ended"),
    ],
    ids=["finalizer", "node", "kubelet"],
)
def test_what_holds_a_pod_is_named(stuck: PodFacts, node: str, why: str) -> None:
    """And nobody is told to force it."""
    finding, candidates = diagnose(among(stuck, node=node_under(node)), TARGET)
    assert (finding.problem, candidates) == ("stuck_terminating", [])
    assert why in finding.summary
    assert "--force" not in finding.next_step


@pytest.mark.parametrize("overdue", [-1800, 30])
def test_a_pod_that_may_still_go_by_itself_is_not_stuck(overdue: float) -> None:
    """Its grace runs, or has ended just now."""
    assert diagnose(among(going(overdue)), TARGET)[0].problem == "recovered_by_itself"


def test_beside_a_crash_it_explains_nothing() -> None:
    """Something else is wrong."""
    found = among(going(600))
    crashing = pods(2, "rs1", back_off())
    assert (
        diagnose(found.model_copy(update={"pods": (*found.pods, *crashing)}), TARGET)[0].problem
        == "crash_loop"
    )


@pytest.mark.parametrize(
    ("message", "reason", "why"),
    [
        (LOW, "Evicted", "node node-1 ran short of memory (52Mi left, threshold 100Mi)"),
        ("The node had condition: [DiskPressure]. ", "Evicted", "node node-1 ran short of disk space"),
        (OWN, "Evicted", 'emptyDir "scratch" went over its limit of 5Gi'),
        (
            'Container app exceeded its local ephemeral storage limit "1Gi". ',
            "Evicted",
            "a limit of its own",
        ),
        (
            "Pod ephemeral local storage usage exceeds the total limit of containers 2Gi. ",
            "Evicted",
            "exceeds the total limit of containers 2Gi",
        ),
        (
            "Pod was terminated in response to imminent node shutdown.",
            "Terminated",
            "node-1, which was shut down",
        ),
        ("Pod was rejected: Node didn't have enough resource: cpu", "OutOfcpu", "for OutOfcpu"),
    ],
)
def test_leftovers_are_told_as_such(message: str, reason: str, why: str) -> None:
    """Those that serve are well: there is nothing to do but to see the node, or what they write."""
    finding, candidates = diagnose(among(evicted(DAY, message, reason=reason)), TARGET)
    assert (finding.problem, candidates) == ("evicted_pods", [])
    assert why in finding.summary
    assert "all 3 that serve are well" in finding.summary


def _short(*found: PodFacts) -> Evidence:
    """Of three pods two are ready."""
    return among(*found, pods=(*ready_pods(2, "rs1"), *found), workload=workload(ready=2, available=2))


def test_an_eviction_of_now_explains_a_pod_that_is_missing() -> None:
    """Its successor only starts, or waits for the pressure to end."""
    starting = pod("new", "rs1", well(5).model_copy(update={"ready": False}), age=9)
    waiting = pod(
        "new",
        "rs1",
        phase="Pending",
        unschedulable="had untolerated taint {node.kubernetes.io/disk-pressure: }",
    )
    for successor in (starting, waiting):
        assert diagnose(_short(evicted(60), successor), TARGET)[0].problem == "evicted_pods"


@pytest.mark.parametrize(
    ("successor", "problem"),
    [
        (pod("new", "rs1", back_off()), "crash_loop"),
        (pod("new", "rs1", phase="Pending", unschedulable="3 Insufficient memory"), "unschedulable"),
    ],
)
def test_what_fails_otherwise_is_not_explained_by_an_eviction(successor: PodFacts, problem: str) -> None:
    """The eviction may follow from it."""
    assert diagnose(_short(evicted(60), successor), TARGET)[0].problem == problem


def test_an_old_eviction_explains_nothing_of_now() -> None:
    """It was over long before."""
    starting = pod("new", "rs1", well(5).model_copy(update={"ready": False}), age=9)
    assert diagnose(_short(evicted(DAY), starting), TARGET)[0].problem != "evicted_pods"
