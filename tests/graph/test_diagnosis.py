"""One finding from all playbooks; what is said when none proves anything; and what is noise."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose, is_noise, unresolved
from graph.placed import in_namespace, placed
from graph.playbooks import playbooks
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    ago,
    alert,
    back_off,
    dependency,
    evidence,
    items,
    pod,
    pods,
    ready_pods,
    released,
    restarted,
    revision,
    waits,
    well,
    workload,
)
from tools.records import Alert, Evidence, ItemStatus, Target

READY = ready_pods(3, "rs2")


def healthy(**more: Any) -> Evidence:
    """Three ready pods, rolled out, everything read."""
    return evidence(**{"pods": READY, "revisions": (revision(2, digest=NEW, replicas=3, ready=3),), **more})


def problem(found: Evidence, *alerts: Alert) -> str:
    return diagnose(found, TARGET, alerts)[0].problem


def test_playbooks_are_asked_in_order_of_rank() -> None:
    """The class that explains the others comes first."""
    proving = [p.problem for p in playbooks() if not p.only_explains]
    assert proving == [
        "stopped_on_purpose",
        "node_in_maintenance",
        "node_not_ready",
        "node_cordoned",
        "node_flapping",
        "node_pressure",
        "job_failed",
        "runs_pile_up",
        "cronjob_suspended",
        "dns_failing",
        "suspended_on_purpose",
        "transient_crash",
        "volume_filling",
        "left_behind",
        "lost_connection",
        "registry_outage",
        "image_access",
        "image_name",
        "image_error",
        "bad_release",
        "job_held_open",
        "out_of_memory",
        "configuration_broke_new_pods",
        "stuck_pod",
        "bad_pod",
        "pods_bad_on_one_node",
        "stuck_terminating",
        "hpa_without_metrics",
        "hpa_at_maximum",
        "hpa_has_room",
        "high_cpu",
        "evicted_pods",
        "volume_unavailable",
        "permission_error",
        "configuration_error",
        "pods_refused",
        "preempted",
        "unschedulable",
        "shared_dependency",
        "dependency_down",
        "wrong_command",
        "failing_init_container",
        "sidecar_failure",
        "liveness_kills",
        "configuration_changed",
        "many_at_once",
        "certificate_expired",
        "crash_loop",
        "statefulset_rollout_stuck",
        "daemonset_rollout_stuck",
        "rollout_paused",
        "rolling_out",
        "service_without_endpoints",
        "not_ready",
    ]


def test_a_proved_class_comes_with_its_candidates() -> None:
    """A release that crashes over a serving one: finding and rollback."""
    found = released(*pods(1, "rs2", back_off()), older=ready_pods(3, "rs1"))
    finding, candidates = diagnose(found, TARGET)
    assert finding.problem == "bad_release"
    assert [c.call.name for c in candidates] == ["rollback_deployment"]


def test_no_target_no_candidates() -> None:
    """What cannot be named is not acted on."""
    found = released(*pods(1, "rs2", back_off()), older=ready_pods(3, "rs1"))
    assert diagnose(found, None)[1] == []


# recovered by itself


def test_recovered_by_itself() -> None:
    """All ready, rolled out, everything read, the alert is about pods."""
    finding, candidates = diagnose(healthy(), TARGET, [alert()])
    assert finding.problem == "recovered_by_itself"
    assert not finding.broken
    assert candidates == []


@pytest.mark.parametrize("status", ["failed", "forbidden"])
@pytest.mark.parametrize("kind", ["workload", "pods", "events", "previous_logs"])
def test_not_recovered_when_anything_could_not_be_read(kind: str, status: ItemStatus) -> None:
    """A read that failed may hide the trouble; nothing is called ruled out either."""
    finding, _ = diagnose(healthy(items=items(**{kind: status})), TARGET, [alert()])
    assert finding.problem == "unknown"
    assert "reads failed" in finding.summary
    assert finding.ruled_out == ()
    assert finding.broken


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"updated": 2}, id="rollout goes on"),
        pytest.param({"available": 2}, id="not all available"),
        pytest.param({"replicas": 4}, id="an old pod is still there"),
        pytest.param({"desired": 4}, id="a pod is missing"),
        pytest.param({"observed_generation": 1}, id="status is old"),
        pytest.param({"desired": 0, "updated": 0, "available": 0, "replicas": 0}, id="scaled to zero"),
    ],
)
def test_not_recovered_while_the_workload_is_incomplete(status: dict[str, int]) -> None:
    """Ready pods are not all there is to it."""
    assert problem(healthy(workload=workload(**status)), alert()) == "unknown"


def test_not_recovered_without_a_workload_or_pods() -> None:
    """Nothing seen is not nothing wrong."""
    assert problem(healthy(workload=None), alert()) == "unknown"
    assert problem(healthy(pods=()), alert()) == "unknown"


def test_not_recovered_with_a_pod_that_is_not_ready() -> None:
    """Running, not ready, no crash: no proved cause."""
    unready = (pod("x", "rs2", well()), pod("y", "rs2", well()))
    finding, _ = diagnose(healthy(pods=(*READY[:1], *unready)), TARGET, [alert()])
    assert (finding.problem, finding.summary) == (
        "unknown",
        "2 of 3 pods are not ready, and what keeps them so is not known: x on no node is not ready since 11:50:00 UTC "
        "(10 min ago); y on no node is not ready since 11:50:00 UTC (10 min ago).",
    )


def test_a_crash_loop_that_is_ready_just_now_is_no_recovery() -> None:
    """Between two crashes all pods are ready."""
    assert problem(healthy(pods=pods(3, "rs2", restarted(1.0), ready=True)), alert()) == "crash_loop"


def test_a_container_that_completes_and_starts_again_is_no_recovery() -> None:
    """Exit 0, again and again."""
    again = restarted(3.0, life=20.0, code=0, reason="Completed")
    assert problem(healthy(pods=pods(3, "rs2", again, ready=True)), alert()) == "crash_loop"


def test_minutes_after_a_crash_it_is_too_early() -> None:
    """It has outlived its last life, but the longest back-off is not over."""
    finding, _ = diagnose(
        healthy(pods=(*READY[:2], pod("x", "rs2", restarted(300.0), ready=True))), TARGET, [alert()]
    )
    assert finding.problem == "unknown"
    assert "too early" in finding.summary


def test_a_restart_of_yesterday_does_not_stand_in_the_way() -> None:
    """A pod that crashed once and has been well for a day is well."""
    shaken = pod("x", "rs2", restarted(DAY, restarts=1), ready=True, age=3 * DAY)
    assert problem(healthy(pods=(*READY[:2], shaken)), alert()) == "recovered_by_itself"


@pytest.mark.parametrize(
    "name",
    [
        "KubePodCrashLooping",
        "PodCrashLoopBackOff",
        "KubePodNotReady",
        "PodOOMKilled",
        "KubernetesContainerOomKiller",
        "ImagePullBackOff",
        "KubeContainerWaiting",
        "KubeDeploymentReplicasMismatch",
        "KubeDeploymentRolloutStuck",
        "KubernetesPodNotHealthy",
        "DeploymentUnavailable",
    ],
)
def test_alerts_whose_condition_pods_show(name: str) -> None:
    """Healthy pods answer them."""
    assert problem(healthy(), alert(name)) == "recovered_by_itself"


@pytest.mark.parametrize(
    "name", ["HighCPUUsage", "HighErrorRate", "SlowRequests", "KubeHpaMaxedOut", "DiskFull", "APIUnavailable"]
)
def test_healthy_pods_do_not_answer_an_alert_about_something_else(name: str) -> None:
    """Errors, latency or CPU do not show in pod states: saying that it is well again would mislead."""
    finding, _ = diagnose(healthy(), TARGET, [alert(), alert(name)])
    assert finding.problem == "unknown"
    assert finding.broken
    assert name in finding.summary


# unknown


def test_unknown_names_what_was_read() -> None:
    """The engineer starts at minute ten: how the pod waits, what else was read, and the command that tells more."""
    finding, candidates = diagnose(healthy(pods=(pod("x", "rs2", waits("ContainerCreating")),)), TARGET)
    assert finding.problem == "unknown"
    assert candidates == []
    assert "x waits (ContainerCreating), 10 min old" in finding.summary
    assert any(fact.startswith("dependencies: ") for fact in finding.facts)
    assert finding.ruled_out == ("a crash: no container has ended in the last ten minutes",)
    assert finding.next_step.startswith("kubectl -n shop describe pod x: ")


def test_nothing_read_at_all_is_unknown() -> None:
    """An API server that does not answer."""
    finding, candidates = diagnose(Evidence(collected_at=ago(0)), TARGET)
    assert (finding.problem, candidates) == ("unknown", [])


def test_pods_read_but_workload_not_never_acts() -> None:
    """Crashing pods without the Deployment beside them: explained."""
    found = released(*pods(3, "rs2", back_off()), workload=None, items=items(workload="failed"))
    finding, candidates = diagnose(found, TARGET)
    assert (finding.problem, candidates) == ("crash_loop", [])


def test_a_failing_read_of_revisions_never_acts() -> None:
    """Which revision broke it cannot be told, nor that none did."""
    found = released(*pods(3, "rs2", back_off()), revisions=(), items=items(revisions="failed"))
    finding, candidates = diagnose(found, TARGET)
    assert (finding.problem, candidates) == ("crash_loop", [])
    assert not any("bad release" in line for line in finding.ruled_out)


def test_an_unresolved_target_says_why() -> None:
    """R3.3: reported, never guessed."""
    finding = unresolved("two workloads match")
    assert finding.problem == "unknown"
    assert "two workloads match" in finding.summary
    assert finding.directness == 0.0


# noise


@pytest.mark.parametrize(
    ("alerts", "noise"),
    [
        ([alert("Watchdog", severity="none")], True),
        ([alert("Watchdog", severity="critical")], True),
        ([alert("InfoInhibitor")], True),
        ([alert(severity="info")], True),
        ([alert(severity="none")], True),
        ([alert()], False),
        ([alert(severity="")], False),
        ([alert("Watchdog"), alert()], False),
        ([], False),
    ],
)
def test_noise(alerts: list[Alert], noise: bool) -> None:
    """Watchdog and its like, and severities none and info: noise only when nothing else is there."""
    assert is_noise(alerts) == noise


def test_a_dependency_that_is_down_beats_the_release() -> None:
    """A young revision crashes while its database is down: no rollback."""
    found = released(
        *pods(3, "rs2", back_off()), older=ready_pods(1, "rs1"), dependencies=(dependency(ready=0),)
    )
    finding, candidates = diagnose(found, TARGET)
    assert (finding.problem, candidates) == ("dependency_down", [])
    assert "database" in finding.summary


def test_a_command_names_the_target_where_its_playbook_does_not_know_it() -> None:
    """Without a target, or a namespace, the place to fill in stays."""
    finding = Finding(
        problem="p", summary="s", directness=1.0, next_step="kubectl -n <namespace> get <workload>"
    )
    assert placed(finding, TARGET).next_step == "kubectl -n shop get deployment/web"
    assert placed(finding, None).next_step == finding.next_step
    node = Target(kind="Node", namespace="", name="n1", uid="u")
    assert placed(finding, node).next_step == "kubectl -n <namespace> get node/n1"
    proved, _ = diagnose(released(*pods(1, "rs2", back_off()), older=ready_pods(3, "rs1")), TARGET)
    assert "<" not in proved.next_step


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("kubectl logs --previous a -c b", "kubectl -n shop logs --previous a -c b"),
        ("kubectl get pods,events; then", "kubectl -n shop get pods,events; then"),
        ("kubectl get deployment/web -o yaml", "kubectl -n shop get deployment/web -o yaml"),
        (
            "kubectl describe pod a and kubectl logs a",
            "kubectl -n shop describe pod a and kubectl -n shop logs a",
        ),
        ("kubectl describe quota: raise it", "kubectl -n shop describe quota: raise it"),
        ("kubectl set resources deployment/a", "kubectl -n shop set resources deployment/a"),
        (
            "kubectl get pods -o wide; kubectl get nodes",
            "kubectl -n shop get pods -o wide; kubectl get nodes",
        ),
        *(
            (text, text)
            for text in (
                "kubectl -n other logs a",
                "kubectl get pods -A --field-selector spec.nodeName=n1",
                "kubectl describe node n1: what",
                "kubectl get pv v -o yaml",
                "kubectl cordon n1",
                "kubectl top node",
                "kubectl get --raw='/readyz?verbose' names it",
                "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations: see",
                "kubectl describe csinode: nodes",
            )
        ),
    ],
)
def test_a_command_on_an_object_of_a_namespace_names_it(text: str, wanted: str) -> None:
    """Commands on objects of the cluster, or on all namespaces, stay as they are."""
    assert in_namespace(text, "shop") == wanted


def test_a_custom_resource_is_looked_at_by_its_spec() -> None:
    """`kubectl set env` knows the kinds that are built in, and refuses others."""
    finding = Finding(
        problem="crash_loop",
        summary="",
        directness=0.6,
        next_step="look: kubectl set env <workload> --list.",
    )
    rollout = TARGET.model_copy(update={"kind": "Rollout.argoproj.io"})
    assert placed(finding, rollout).next_step == "look: kubectl -n shop get rollout.argoproj.io/web -o yaml."
    assert placed(finding, TARGET).next_step == "look: kubectl -n shop set env deployment/web --list."


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ("", ""),
        (
            "flux",
            "Deployment web is managed by flux: change it there. By hand, until that puts it back: ",
        ),
        (
            "operator",
            "Deployment web is managed by an operator: change it there. By hand, until that puts it back: ",
        ),
        (
            "helm",
            "Deployment web is installed by Helm: change its values too, or the next upgrade undoes it. By hand: ",
        ),
    ],
)
def test_a_change_by_hand_of_what_is_kept_elsewhere_is_said_to_be_undone(owner: str, told: str) -> None:
    """Of the target alone, and only where a command changes it."""
    command = "kubectl set resources <workload> -c web --limits=memory=1Gi raises it."
    finding = Finding(problem="out_of_memory", summary="", directness=0.6, next_step=command)
    kept = TARGET.model_copy(update={"managed_by": owner})
    assert placed(finding, kept).next_step.partition("kubectl")[0] == told
    for other in (
        "kubectl -n db edit statefulset/db",
        "kubectl get <workload>",
        "kubectl set env <workload> --list",
    ):
        step = placed(finding.model_copy(update={"next_step": other}), kept).next_step
        assert "managed by" not in step
        assert "Helm" not in step
