"""Load, nodes and what is no incident: each class by its proof, and what only looks like it; never an action."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from graph.diagnosis import diagnose
from graph.state import Finding
from graph.verdicts import claimed
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    NOW,
    TARGET,
    ago,
    back_off,
    evidence,
    pod,
    ready_pods,
    revision,
    well,
    workload,
)
from tools.records import (
    Alert,
    AutoscalerFacts,
    CronJobFacts,
    EventFacts,
    Evidence,
    JobFacts,
    NodeFacts,
    NodePod,
    Target,
    UsageFacts,
    Verdict,
)

NODE = Target(kind="Node", namespace="", name="n1", uid="uid-n1")
BLIND: dict[str, Any] = {"inactive": "FailedGetResourceMetric", "inactive_why": "unable to get metrics"}


def alerts_named(*names: str) -> list[Alert]:
    """Firing for a quarter of an hour."""
    return [
        Alert(fingerprint=name, status="firing", labels={"alertname": name}, starts_at=ago(900))
        for name in names
    ]


def told(found: Evidence, *names: str, target: Target = TARGET) -> Finding:
    """The finding; it has no candidates."""
    finding, candidates = diagnose(found, target, alerts_named(*names))
    assert candidates == []
    return finding


def scaler(**more: Any) -> AutoscalerFacts:
    """An autoscaler with room that gets its metrics."""
    known = {
        "kind": "HorizontalPodAutoscaler",
        "name": "web",
        "least": 2,
        "most": 10,
        "current": 2,
        "wanted": 2,
    }
    return AutoscalerFacts.model_validate({**known, **more})


def scaled(busy: bool, **more: Any) -> Evidence:
    """Two pods under an autoscaler, at 95 % or 10 % of their limit."""
    container = well(DAY).model_copy(update={"name": "app", "cpu_limit": 1.0})
    two = tuple(each.model_copy(update={"containers": (container,)}) for each in ready_pods(2, "rs1"))
    cores = 0.95 if busy else 0.1
    usage = tuple(
        UsageFacts(pod=each.name, container="app", cores=cores, memory=None, at=ago(30)) for each in two
    )
    sized = workload(desired=2, replicas=2, updated=2, ready=2, available=2)
    return evidence(pods=two, workload=sized, usage=usage, autoscalers=(scaler(**more),))


def node(name: str = "n1", **more: Any) -> NodeFacts:
    """A node that is well."""
    return NodeFacts.model_validate({"name": name, "uid": f"uid-{name}", "ready": "True", **more})


def on(*nodes: NodeFacts, **more: Any) -> Evidence:
    """The first is the target."""
    return Evidence(collected_at=NOW, node=nodes[0], nodes=nodes, **more)


# load


@pytest.mark.parametrize("alerts", [(), ("LatencyHigh",)])
def test_busy_pods_whose_autoscaler_is_blind_are_about_its_metrics(alerts: tuple[str, ...]) -> None:
    """Whatever the alert is called: it would add pods, and cannot."""
    finding = told(scaled(True, **BLIND), *alerts)
    assert finding.problem == "hpa_without_metrics"
    assert 'its controller says: "unable to get metrics"' in finding.facts


def test_a_blind_autoscaler_over_idle_pods_is_told_to_who_asks_for_it() -> None:
    """A crash that is over is not about the autoscaler."""
    assert told(scaled(False, **BLIND), "KubeHpaMaxedOut").problem == "hpa_without_metrics"
    assert told(scaled(False, **BLIND), "KubePodCrashLooping").problem == "recovered_by_itself"
    assert told(scaled(False, inactive="ScalingDisabled"), "KubeHpaMaxedOut").problem == "unknown"


@pytest.mark.parametrize(
    ("reason", "why", "step"),
    [
        ("FailedGetResourceMetric", "missing request for cpu in container app", "request"),
        ("FailedGetExternalMetric", "no such metric", "adapter"),
        ("FailedGetResourceMetric", "unable to fetch", "metrics-server"),
    ],
)
def test_the_reason_says_where_to_look(reason: str, why: str, step: str) -> None:
    """Three different people mend it."""
    found = scaled(False, inactive=reason, inactive_why=why)
    assert step in told(found, "HpaBroken").next_step


def test_an_autoscaler_with_room_is_left_to_its_work() -> None:
    """Proved by busy pods, or by its own metrics where an alert is about load."""
    assert told(scaled(True)).problem == "hpa_has_room"
    assert told(scaled(False, wanted=4), "HighCPUUsage").problem == "hpa_has_room"
    assert told(scaled(False), "HighCPUUsage").problem != "hpa_has_room"
    assert told(scaled(True, current=10, wanted=10), "HighCPUUsage").problem == "high_cpu"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"unable": "FailedUpdateScale: forbidden", "wanted": 4}, "cannot change the number of replicas"),
        ({"wanted": 1}, "waits before it takes pods away"),
        ({"wanted": 5}, "still to be made"),
        ({}, "that there are"),
    ],
)
def test_an_autoscaler_off_its_target_says_why(state: dict[str, Any], words: str) -> None:
    """Not over because its pods are well."""
    finding = told(scaled(False, **state), "KubeHpaReplicasMismatch")
    assert finding.problem == "hpa_off_target"
    assert words in finding.summary


# nodes


def test_a_node_under_pressure_tells_whom_it_put_out() -> None:
    """In the kubelet's own words."""
    gone = NodePod(namespace="shop", name="p", uid="p", fate="goes", finished=True, evicted="was using 6Gi")
    ill = node(pressures=("MemoryPressure",), pressure_words=("MemoryPressure since noon",))
    finding = told(on(ill, node("n2"), node_pods=(gone,)), "KubeNodePressure", target=NODE)
    assert finding.problem == "node_pressure"
    assert "put out 1 pod" in finding.summary
    assert 'pod shop/p was put out: "was using 6Gi"' in finding.facts
    assert "--sort-by=memory" in finding.next_step
    away = ill.model_copy(update={"ready": "Unknown"})
    assert diagnose(on(away), NODE)[0].problem == "node_not_ready"


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({"schedulable": False}, "node_in_maintenance"),
        ({"going_away": True}, "node_in_maintenance"),
        (
            {"schedulable": False, "ready": "Unknown", "cordoned_at": ago(900), "ready_changed_at": ago(300)},
            "node_in_maintenance",
        ),
        (
            {"schedulable": False, "ready": "Unknown", "cordoned_at": ago(300), "ready_changed_at": ago(900)},
            "node_not_ready",
        ),
        ({"schedulable": False, "ready": "Unknown", "ready_changed_at": ago(900)}, "node_not_ready"),
        ({"schedulable": False, "pressures": ("DiskPressure",)}, "node_pressure"),
        ({"going_away": True, "pressures": ("DiskPressure",)}, "node_pressure"),
        ({"going_away": True, "ready": "Unknown", "ready_changed_at": ago(900)}, "node_in_maintenance"),
        ({"going_away": True, "ready": "False", "pressures": ("DiskPressure",)}, "node_in_maintenance"),
        (
            {
                "going_away": True,
                "schedulable": False,
                "ready": "Unknown",
                "cordoned_at": ago(300),
                "ready_changed_at": ago(900),
            },
            "node_in_maintenance",
        ),
    ],
)
def test_who_works_on_a_node_is_left_alone(state: dict[str, Any], problem: str) -> None:
    """One that failed before anybody cordoned it has failed."""
    assert told(on(node(**state), node("n2")), "KubeNodeNotReady", target=NODE).problem == problem


def test_a_node_that_an_autoscaler_replaces_is_told_with_why_and_when_to_look_again() -> None:
    """What failed first is left open; what every kubelet says is left out; nothing is proposed."""
    spot = EventFacts(
        kind="Node", name="n1", type="Warning", reason="SpotInterrupted", message="interrupted", count=1
    )
    routine = EventFacts(kind="Node", name="n1", type="Normal", reason="NodeNotReady", message="m")
    mine = node(going_away=True, schedulable=False, ready="Unknown", ready_changed_at=ago(300))
    finding, proposals = diagnose(
        on(mine, node("n2"), events=(routine, spot)), NODE, alerts_named("KubeNodeNotReady")
    )
    assert proposals == []
    assert finding.summary.startswith(
        "Being replaced, as it looks: node n1 is being taken away by an autoscaler"
    )
    assert "after that" not in finding.summary
    assert finding.facts[0] == 'SpotInterrupted: "interrupted"'
    assert not any("NodeNotReady" in fact for fact in finding.facts)
    assert any(fact.startswith("not ruled out: the machine failed") for fact in finding.facts)
    assert finding.ruled_out == ()
    assert "kubectl get node n1 at 12:15 UTC" in finding.next_step
    assert finding.how_soon == "later"
    held = mine.model_copy(update={"ready_changed_at": ago(1860)})
    late = told(on(held, node("n2")), "KubeNodeNotReady", target=NODE)
    assert (late.problem, late.how_soon) == ("node_in_maintenance", "")
    assert "for 31 min is too long" in late.next_step


def test_an_upgrade_shows_in_the_versions_of_the_nodes() -> None:
    """And in others that are worked on."""
    mine = node(schedulable=False, kubelet_version="v1.32.6")
    finding = told(on(mine, node("n2", schedulable=False, kubelet_version="v1.33.1")), target=NODE)
    assert "also worked on: n2" in finding.facts
    assert any("v1.32.6 and v1.33.1" in fact for fact in finding.facts)


@pytest.mark.parametrize(
    ("count", "problem"), [(1, "recovered_by_itself"), (2, "node_flapping"), (5, "node_flapping")]
)
def test_a_node_that_was_away_more_than_once_flaps(count: int, problem: str) -> None:
    """Once is over."""
    event = EventFacts(kind="Node", name="n1", type="Normal", reason="NodeNotReady", message="m", count=count)
    finding, proposals = diagnose(on(node(), events=(event,)), NODE, alerts_named("KubeNodeNotReady"))
    assert finding.problem == problem
    assert [proposal.call.name for proposal in proposals] == (["cordon_node"] if count > 1 else [])


def test_a_cordon_of_a_node_that_flaps_is_for_when_all_others_are_well() -> None:
    """And nothing is proposed of a node whose absences nobody has counted."""
    event = EventFacts(kind="Node", name="n1", type="Normal", reason="NodeNotReady", message="m", count=3)
    others = (node("n2"), node("n3", ready="Unknown"))
    assert (
        told(on(node(), *others, events=(event,)), "KubeNodeNotReady", target=NODE).problem == "node_flapping"
    )
    assert told(on(node(), node("n2")), "KubeNodeReadinessFlapping", target=NODE).problem == "node_flapping"


def test_no_window_shows_that_a_node_that_flaps_is_well() -> None:
    """It was Ready between its absences before, too."""
    well = Verdict(name="RECOVERED", reason="cordoned as asked, and Ready for 120 s", at=NOW)
    humble = claimed(well, "node_flapping")
    assert humble is not None
    assert (humble.name, "between two absences" in humble.reason) == ("INCONCLUSIVE", True)
    assert claimed(well, "node_not_ready") == well
    assert claimed(None, "node_flapping") is None


def test_a_slow_kubelet_is_told_and_its_node_ruled_out() -> None:
    """One that is away is not slow."""
    spoken = ("KubeletPlegDurationHigh",)
    finding = told(on(node(allocatable_pods=110)), *spoken, target=NODE)
    assert finding.problem == "kubelet_slow"
    assert finding.facts[0] == "0 pods on it of the 110 that it takes"
    assert finding.ruled_out
    away = on(node(ready="Unknown", ready_changed_at=ago(30)))
    assert diagnose(away, NODE)[0].problem == "node_not_ready"


def test_pods_that_have_finished_do_not_fill_a_node() -> None:
    """What is full is what runs."""
    many = tuple(NodePod(namespace="s", name=f"p{i}", uid=f"p{i}", fate="goes") for i in range(20))
    full = told(on(node(allocatable_pods=20), node_pods=many), "KubeletTooManyPods", target=NODE)
    assert (full.problem, full.ruled_out) == ("node_full", ())
    ended = tuple(each.model_copy(update={"finished": True}) for each in many)
    room = told(on(node(allocatable_pods=20), node_pods=ended), "KubeletTooManyPods", target=NODE)
    assert room.ruled_out == ("a node that is full now: it has room for 20 more",)


# batch


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"active": 1}, "has been running for 2.0 hours with 1 active pod"),
        ({}, "no pod of it runs"),
        ({"outcome": "complete"}, "has completed"),
    ],
)
def test_a_job_that_takes_long_is_told_by_its_own_status(state: dict[str, Any], words: str) -> None:
    """Only who wrote it knows how long it may take."""
    job = JobFacts.model_validate({"name": "j", "uid": "j", "created_at": ago(7200), **state})
    finding = told(evidence(workload=None, pods=(), job=job), "KubeJobNotCompleted")
    assert finding.problem == "job_takes_long"
    assert words in finding.summary


def test_what_somebody_suspended_is_their_decision() -> None:
    """A CronJob or a Job; what this agent suspended is another class, and a failed run is told first."""
    cron = CronJobFacts(name="c", uid="c", suspended=True)
    job = JobFacts(name="j", uid="j", created_at=ago(60), suspended=True)
    bare = evidence(workload=None, pods=())
    assert told(bare.model_copy(update={"cron_job": cron})).problem == "suspended_on_purpose"
    assert told(bare.model_copy(update={"job": job})).problem == "suspended_on_purpose"
    running = cron.model_copy(update={"suspended": False})
    assert told(bare.model_copy(update={"cron_job": running})).problem == "unknown"


# rollouts

OLD_RS, NEW_RS = revision(1), revision(2, digest=NEW, age=120)


def rolling(*newest: Any, **more: Any) -> Evidence:
    """Two older pods serve; those of the newest revision are given."""
    state = {
        "desired": 3,
        "replicas": 3,
        "updated": 1,
        "ready": 2,
        "available": 2,
    }
    state |= {"progressing_reason": "ReplicaSetUpdated"}
    return evidence(
        pods=(*newest, *ready_pods(2, "rs1")),
        workload=workload(**{**state, **more}),
        revisions=(NEW_RS, OLD_RS),
    )


def warming(age: float = 100, **more: Any) -> Any:
    """A pod of the newest revision that is not ready yet."""
    container = well(age - 5).model_copy(update={"ready": False})
    return pod("warm", "rs2", container, age=age, ready=False, **more)


def test_a_rollout_within_its_time_is_waited_for() -> None:
    """Until its deadline, which is told."""
    finding = told(rolling(warming()), "KubePodNotReady")
    assert finding.problem == "rolling_out"
    assert f"{NEW_RS.created_at + timedelta(seconds=600):%H:%M}" in finding.next_step


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(rolling(pod("sick", "rs2", back_off(), age=100)), id="a pod crashes"),
        pytest.param(rolling(warming(), progressing_reason="ProgressDeadlineExceeded"), id="too late"),
        pytest.param(rolling(warming(), paused=True), id="paused"),
        pytest.param(rolling(warming(), progress_deadline_seconds=60), id="its deadline is over"),
        pytest.param(rolling(warming(), generation=5, observed_generation=4), id="not looked at yet"),
        pytest.param(
            rolling(pod("waits", "rs2", age=100, phase="Pending", unschedulable="3 Insufficient cpu")),
            id="no room",
        ),
    ],
)
def test_what_only_looks_like_a_rollout_under_way(found: Evidence) -> None:
    """Each is something else."""
    assert diagnose(found, TARGET)[0].problem != "rolling_out"


def test_a_pause_half_way_is_a_decision() -> None:
    """Unless a pod fails in it."""
    half = rolling(pod("new", "rs2", well(90), age=100, ready=True), paused=True, ready=3, available=3)
    assert told(half).problem == "rollout_paused"
    assert "kubectl -n shop rollout resume deployment/web" in told(half).next_step
    sick = rolling(pod("new", "rs2", back_off(), age=100), paused=True)
    assert diagnose(sick, TARGET)[0].problem != "rollout_paused"
    assert diagnose(rolling(warming(), paused=True), TARGET)[0].problem != "rollout_paused"


def test_a_status_about_an_older_generation_holds() -> None:
    """Where an alert says that it has been so for long; nothing is rolled back."""
    two = ready_pods(2, "rs1")
    sized = {"desired": 2, "replicas": 2, "updated": 2, "ready": 2, "available": 2}
    behind = evidence(pods=two, workload=workload(**sized, generation=8, observed_generation=7))
    finding = told(behind, "KubeDeploymentGenerationMismatch")
    assert finding.problem == "controller_behind"
    assert "Roll nothing back" in finding.next_step
    assert told(behind, "SomethingElse").problem == "unknown"
    level = evidence(pods=two, workload=workload(**sized))
    assert "has caught up" in told(level, "KubeDeploymentGenerationMismatch").summary
