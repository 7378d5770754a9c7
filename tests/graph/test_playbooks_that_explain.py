"""Classes that no action mends: the cause is named, what was ruled out too, and nothing is proposed."""

from __future__ import annotations

import pytest

from graph.diagnosis import diagnose
from graph.scheduler_words import lacks
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    node_under,
    pod,
    pods,
    ready_pods,
    waits,
    well,
    workload,
)
from tools.records import EventFacts, Evidence

PROBE = EventFacts(kind="Pod", name="p", type="Warning", reason="Unhealthy", message="HTTP 503", count=40)
CONFIG = "CreateContainerConfigError"
RUNNING_UNREADY = well(DAY).model_copy(update={"ready": False})
ENDED = well(400).model_copy(update={"exit_code": 1, "exit_finished_at": ago(410)})


def explained(found: Evidence) -> Finding:
    """The finding, with nothing proposed."""
    finding, candidates = diagnose(found, TARGET)
    assert candidates == []
    return finding


def unschedulable(message: str, count: int = 1) -> Evidence:
    """Two pods serve, some more wait."""
    waiting = pods(count, "rs1", phase="Pending", unschedulable=message)
    return evidence(pods=(*waiting, *ready_pods(2, "rs1")))


def test_what_scales_the_nodes_is_told_beside_a_pod_that_waits() -> None:
    """Whether a node is on its way decides whether anybody has to come."""
    event = EventFacts(
        kind="Pod",
        name="p",
        type="Normal",
        reason="NotTriggerScaleUp",
        message="1 max node group size reached",
    )
    found = unschedulable("0/3 nodes are available: 3 Insufficient cpu.").model_copy(
        update={"events": (event,)}
    )
    assert any("max node group size reached" in fact for fact in explained(found).facts)


def test_a_missing_key_is_named() -> None:
    """The kubelet's own words, and what still serves."""
    message = "couldn't find key password in Secret shop/db"
    found = evidence(pods=(*pods(2, "rs1", waits(CONFIG, waiting_message=message)), *ready_pods(1, "rs1")))
    finding = explained(found)
    assert finding.problem == "configuration_error"
    assert message in finding.summary
    assert finding.summary.startswith("2 pods wait")
    assert any("1 of 3 pods are ready" in fact for fact in finding.facts)


def test_where_others_crash_configuration_does_not_explain_it() -> None:
    """One cause must explain all that fails."""
    found = evidence(pods=(*pods(1, "rs1", waits(CONFIG)), pod("other", "rs1", back_off())))
    assert explained(found).problem == "crash_loop"


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        ("0/3 nodes are available: 3 Insufficient memory.", "room"),
        ("0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu.", "room"),
        ("0/3 nodes are available: 3 node(s) had untolerated taint {gpu: true}.", "taints"),
        ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "affinity"),
        ("0/3 nodes are available: 3 node(s) didn't match pod topology spread constraints.", "affinity"),
        (
            "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports.",
            "a host port",
        ),
        ("0/3 nodes are available: 3 node(s) were unschedulable.", "a node that is not cordoned"),
    ],
)
def test_what_a_waiting_pod_lacks_is_told_by_the_schedulers_words(message: str, missing: str) -> None:
    """Capacity, taints, affinity and volumes need different people."""
    finding = explained(unschedulable(message))
    assert finding.problem == "unschedulable"
    assert missing in finding.summary
    assert "kubectl" in finding.next_step
    assert "{" not in finding.next_step.replace("{.", "")
    assert lacks(message) in finding.summary


def test_one_pod_and_several_are_counted_in_words() -> None:
    """For people."""
    assert explained(unschedulable("3 Insufficient cpu")).summary.startswith("1 pod waits")
    assert explained(unschedulable("3 Insufficient cpu", 3)).summary.startswith("3 pods wait")


def test_a_pod_that_waits_beside_one_that_crashes_is_not_the_cause() -> None:
    """The crash is told first."""
    found = unschedulable("3 Insufficient cpu")
    crashing = found.model_copy(update={"pods": (*found.pods, pod("sick", "rs1", back_off()))})
    assert explained(crashing).problem == "crash_loop"


def test_a_workload_that_is_scaled_to_zero_is_no_fault() -> None:
    """Somebody's decision; with a pod left it is not done yet."""
    stopped = evidence(pods=(), workload=workload(desired=0, replicas=0, updated=0, ready=0, available=0))
    assert explained(stopped).problem == "stopped_on_purpose"
    assert (
        explained(stopped.model_copy(update={"pods": ready_pods(1, "rs1")})).problem != "stopped_on_purpose"
    )


def test_pods_that_wait_for_a_dependency_say_so() -> None:
    """No restart: they would wait for the same."""
    unready = pods(3, "rs1", RUNNING_UNREADY, age=DAY, ready_changed=700)
    found = evidence(pods=unready, dependencies=(dependency("database", ready=0),), nodes=(node_under(),))
    finding = explained(found)
    assert finding.problem == "not_ready"
    assert "database, which they name, has no ready pod" in finding.summary
    assert "all within five minutes" in finding.summary


def test_pods_whose_probe_fails_tell_its_words() -> None:
    """The event is the deciding evidence."""
    found = evidence(pods=pods(2, "rs1", RUNNING_UNREADY, age=DAY), events=(PROBE,), nodes=(node_under(),))
    finding = explained(found)
    assert finding.problem == "not_ready"
    assert 'their readiness probe fails: "HTTP 503" (40 times)' in finding.summary


@pytest.mark.parametrize(
    "found",
    [
        evidence(pods=pods(2, "rs1", well(60).model_copy(update={"ready": False}), age=60)),
        evidence(pods=(*pods(1, "rs1", RUNNING_UNREADY, age=DAY), *ready_pods(2, "rs1"))),
        evidence(pods=(*pods(2, "rs1", RUNNING_UNREADY, age=DAY), pod("ended", "rs1", ENDED))),
    ],
    ids=["still starting", "one among many", "one of them crashed lately"],
)
def test_what_only_looks_like_pods_that_are_not_ready(found: Evidence) -> None:
    """Young pods, one odd pod, a crash: other causes, though a probe fails there too."""
    found = found.model_copy(update={"events": (PROBE,)})
    assert diagnose(found, TARGET)[0].problem != "not_ready"


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ('pods "x" is forbidden: exceeded quota: compute, requested: requests.cpu=1', "ResourceQuota"),
        ('admission webhook "policy.example.org" denied the request: no team label', "admission webhook"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot', "pod security"),
        ("maximum memory usage per Container is 1Gi, but limit is 2Gi", "LimitRange"),
        (
            'pods "x" is forbidden: error looking up service account: serviceaccount "a" not found',
            "service account",
        ),
        ("something else", "the API server refuses them"),
    ],
)
def test_what_refuses_the_pods_is_told(message: str, cause: str) -> None:
    """The controller's event holds the API server's answer."""
    event = EventFacts(kind="ReplicaSet", name="rs1", type="Warning", reason="FailedCreate", message=message)
    found = evidence(pods=ready_pods(1, "rs1"), workload=workload(replicas=1, updated=1), events=(event,))
    finding = explained(found)
    assert finding.problem == "pods_refused"
    assert finding.summary.startswith("2 of 3 pods cannot be made")
    assert cause in finding.summary
    complete = found.model_copy(update={"pods": ready_pods(3, "rs1"), "workload": workload()})
    assert explained(complete).problem != "pods_refused"
