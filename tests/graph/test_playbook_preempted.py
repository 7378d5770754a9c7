"""Pods that the scheduler put out for others: told only by its own words, beside pods that wait since then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from graph.diagnosis import diagnose
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    ago,
    back_off,
    evidence,
    pod,
    pods,
    ready_pods,
    revision,
    well,
    workload,
)
from tools.records import EventFacts, Evidence, PodFacts

UID = "0b0f3c4e-6f3f-4f59-9b1c-6b8a1a3f0e11"
NO_ROOM = "0/3 nodes are available: 3 Insufficient cpu."


def put_out(at: float = 600, message: str = f"Preempted by pod {UID} on node n1", **more: Any) -> EventFacts:
    """The scheduler's event on a pod that is gone."""
    known = {"kind": "Pod", "name": "rs1-gone", "type": "Normal", "reason": "Preempted"}
    return EventFacts.model_validate({**known, "message": message, "last_seen": ago(at), **more})


def waiting(age: float = 599, message: str = NO_ROOM, count: int = 1) -> tuple[PodFacts, ...]:
    """Pods that were made so long ago and are on no node."""
    return pods(count, "rs1", phase="Pending", age=age, unschedulable=message)


def going(by: str = "PreemptionByScheduler", **more: Any) -> PodFacts:
    """A pod that still ends."""
    known = {"age": DAY, "deleting": True, "gone_by": ago(-20), "put_out_by": by}
    return pod("old", "rs1", well(DAY), **{**known, **more})


def short(*found: PodFacts, events: tuple[EventFacts, ...] = (), **more: Any) -> Evidence:
    """Of three pods two are ready."""
    return evidence(
        pods=(*ready_pods(2, "rs1"), *found),
        events=events,
        workload=workload(ready=2, available=2, **more),
        revisions=(revision(1, digest=NEW, replicas=3, ready=2),),
    )


def told(found: Evidence) -> Finding:
    """The finding; nothing is proposed."""
    finding, candidates = diagnose(found, TARGET)
    assert candidates == []
    return finding


@pytest.mark.parametrize(
    ("event", "who", "command"),
    [
        (put_out(related="Pod pay/api-1"), "for pod pay/api-1;", "kubectl get pod api-1 -n pay "),
        (put_out(message="Preempted by pay/api-1 on node n1"), "for pod pay/api-1;", "pod api-1 -n pay "),
        (put_out(), f"for the pod of uid {UID};", f"| grep {UID}"),
        (
            put_out(message="Preempted by a pod on node n1"),
            "the events do not say",
            "--sort-by=.spec.priority",
        ),
    ],
    ids=["related", "named", "uid", "nobody"],
)
def test_who_was_preferred_is_named_as_far_as_the_events_tell(
    event: EventFacts, who: str, command: str
) -> None:
    """Kubernetes has worded it in three ways, and names the pod beside the words since events.k8s.io."""
    finding = told(short(*waiting(), events=(event,)))
    assert finding.problem == "preempted"
    assert who in finding.summary
    assert command in finding.next_step
    assert "deployment/web" in finding.next_step


@pytest.mark.parametrize(
    "related", ["Pod pay/api-1; rm -rf /", "Pod $(id)/api", "Pod pay/--all", "Node pay/api-1"]
)
def test_no_word_of_an_event_becomes_a_command(related: str) -> None:
    """A person may paste what stands there."""
    step = told(short(*waiting(), events=(put_out(related=related, message=related),))).next_step
    assert step.startswith("kubectl get pods -A -o custom-columns='PRIORITY")
    assert "rm -rf" not in step
    assert "$(id)" not in step
    assert "--all" not in step


def test_a_pod_that_still_goes_tells_by_its_condition() -> None:
    """Its event may be gone, or unread; who was preferred is then not known."""
    finding = told(short(going(), *waiting(10)))
    assert finding.problem == "preempted"
    assert finding.summary.startswith("1 pod was put out by the scheduler")
    assert "old goes: DisruptionTarget, PreemptionByScheduler" in finding.facts


def test_how_many_went_and_how_many_wait_is_said() -> None:
    """With the priority that they have."""
    found = short(*waiting(count=2), events=(put_out(count=3),), priority_class="batch-low")
    finding = told(found)
    assert "3 pods were put out" in finding.summary
    assert ", the last at 11:50:00 UTC" in finding.summary
    assert "2 pods wait for room now, 2 of 4 are ready" in finding.summary
    assert "its own priority class: batch-low" in finding.facts


@pytest.mark.parametrize(
    "found",
    [
        short(*waiting()),
        short(
            *waiting(message="0/3 nodes are available: 3 node(s) had untolerated taint"), events=(put_out(),)
        ),
        short(*waiting(age=1260), events=(put_out(),)),
        short(*waiting(), events=(put_out(at=3700),)),
        short(*waiting(), events=(put_out(kind="Node"),)),
        short(going("EvictionByEvictionAPI"), *waiting()),
        short(going("EvictionByEvictionAPI"), *waiting(), events=(put_out(),)),
        short(going("DeletionByTaintManager"), *waiting(), events=(put_out(),)),
    ],
    ids=["nobody", "taint", "waited before", "long ago", "no pod", "drain", "drain beside", "taint manager"],
)
def test_pods_that_wait_for_another_reason_are_only_unschedulable(found: Evidence) -> None:
    """Nobody was put out for them, or not for the scheduler's sake."""
    assert told(found).problem == "unschedulable"


def test_an_eviction_by_the_kubelet_is_not_a_preemption() -> None:
    """Of now; what was evicted long ago says nothing of the pods that wait."""
    low = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    for age, problem in ((60.0, "unschedulable"), (DAY, "preempted")):
        evicted = pod("gone", "rs1", age=DAY * 2, ready_changed=age, **low)
        assert told(short(evicted, *waiting(), events=(put_out(),))).problem == problem


def test_what_has_found_a_node_again_or_crashes_is_something_else() -> None:
    """The lack is over, or another one is worse."""
    well_again = evidence(pods=ready_pods(3, "rs1"), events=(put_out(),))
    assert told(well_again).problem == "recovered_by_itself"
    crashing = short(pod("bad", "rs1", back_off()), *waiting(), events=(put_out(),))
    assert diagnose(crashing, TARGET)[0].problem != "preempted"


def test_the_last_of_several_dates_them_all_within_ten_minutes() -> None:
    """The pods that replace the first have waited since a little before."""
    at_once = timedelta(minutes=10).total_seconds()
    assert told(short(*waiting(600 + at_once), events=(put_out(),))).problem == "preempted"
