"""Lives of the actions on workloads, from the question to the verdict, each as a person or an alert begins it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.controlplane.api import Json
from tests.controlplane.sets import Sets
from tests.controlplane.workloads import Workload, container, is_ready
from tests.e2e.agent import object_alert, pod_alert
from tests.e2e.chorus import Life, Until
from tests.e2e.releases import BAD, GOOD, images, is_stuck, pods_of, shorten_deadline
from tests.e2e.stage import Stage
from tests.tools.actions.registry_contract import memory_of

BUSY = 0.105
"""Cores: two pods that request a twentieth each use more than that, three use 70 % of it."""


def restarted(stage: Stage) -> Life:
    """All of its pods are others."""
    stage.web.create(image=GOOD)
    yield stage.well()
    before = _uids(stage.web.pods())
    incident = stage.asked_for("restart_deployment", "Deployment", "web")
    yield from stage.approved(incident, "restart_deployment")
    yield stage.ended(incident, "RECOVERED")
    assert not _uids(stage.web.pods()) & before


def restarted_set(kind: str) -> Callable[[Stage], Life]:
    """The same of a StatefulSet or a DaemonSet."""

    def life(stage: Stage) -> Life:
        sets = Sets(stage.plane, stage.namespace, kind)
        sets.release(GOOD)
        yield Until(sets.is_healthy, lambda: f"health of {kind} web")
        before = _uids(sets.pods())
        incident = stage.asked_for("restart_deployment", kind, "web")
        yield from stage.approved(incident, "restart_deployment")
        yield stage.ended(incident, "RECOVERED")
        assert not _uids(sets.pods()) & before

    return life


def rolled_back(stage: Stage) -> Life:
    """A release that hangs past its deadline is gone back from; what serves goes on."""
    stage.web.create(image=GOOD)
    yield stage.well()
    serving = _uids(stage.web.pods())
    shorten_deadline(stage.web)
    stage.web.release(BAD, fault="notready")
    yield Until(lambda: is_stuck(stage.web, BAD), lambda: "a rollout past its deadline")
    incident = stage.agent.alert(pod_alert(pods_of(stage.web, BAD)[0], "KubePodNotReady"))
    yield from stage.approved(incident, "rollback_deployment")
    yield stage.ended(incident, "RECOVERED")
    assert images(stage.web) == {GOOD}
    assert _uids(stage.web.pods()) == serving


def rolled_back_set(kind: str, steps: int) -> Callable[[Stage], Life]:
    """A release that hangs is gone back from; of a StatefulSet in two steps, the second one evicts what hangs."""

    def life(stage: Stage) -> Life:
        sets = Sets(stage.plane, stage.namespace, kind)
        sets.release(GOOD)
        yield Until(sets.is_healthy, lambda: f"health of {kind} web")
        sets.release(BAD, "crashdead")
        yield Until(lambda: any(map(_crashes, sets.pods())), lambda: f"{kind} web stuck")
        (stuck,) = (pod for pod in sets.pods() if not is_ready(pod))
        incident = stage.agent.alert(pod_alert(stuck))
        proposal = yield from stage.approved(incident, "rollback_deployment")
        evicts = f"evict pod {stuck['metadata']['name']}, uid {stuck['metadata']['uid']}"
        assert (evicts in proposal["preview"]["diff"]) == (steps == 2)
        yield stage.ended(incident, "RECOVERED")
        assert {pod["spec"]["containers"][0]["image"] for pod in sets.pods()} == {GOOD}
        assert stuck["metadata"]["uid"] not in _uids(sets.pods())
        assert _written(stage, incident) == ["rollback_deployment", "delete_pod"][:steps]

    return life


def scaled(stage: Stage) -> Life:
    """Two busy pods get a third one, and none of them is near what it may use any more."""
    stage.web.create(image=GOOD)
    yield stage.well()
    stage.busy(BUSY)
    incident = stage.asked_for("scale_deployment", "Deployment", "web", replicas=3)
    yield from stage.approved(incident, "scale_deployment")
    yield stage.ended(incident, "RECOVERED")
    assert "the busiest pod uses 70% of its limit" in stage.agent.told(incident)
    assert len(stage.web.pods()) == 3


def scaled_set(stage: Stage) -> Life:
    """The same of a StatefulSet, which is never scaled back; of it nobody tells what its pods use: never success."""
    sets = Sets(stage.plane, stage.namespace, "StatefulSet")
    sets.release(GOOD)
    yield Until(sets.is_healthy, lambda: "health of StatefulSet web")
    incident = stage.asked_for("scale_deployment", "StatefulSet", "web", replicas=3)
    yield from stage.approved(incident, "scale_deployment")
    yield stage.ended(incident, "INCONCLUSIVE")
    assert "nobody tells what all of them use" in stage.agent.told(incident)
    assert [pod["metadata"]["name"] for pod in sets.pods()] == ["web-0", "web-1", "web-2"]


def given_a_higher_maximum(stage: Stage) -> Life:
    """The real autoscaler is at its maximum and wants more; it makes the third pod, and is content with it."""
    stage.web.create(image=GOOD)
    yield stage.well()
    stage.busy(BUSY)
    path = f"/apis/autoscaling/v2/namespaces/{stage.namespace}/horizontalpodautoscalers"
    stage.plane.api.post(path, _autoscaler())
    yield Until(
        lambda: _is_limited(stage.plane.api.get(f"{path}/web")), lambda: "an autoscaler at its maximum"
    )
    incident = stage.asked_for("set_hpa_maximum", "Deployment", "web", maximum=3)
    yield from stage.approved(incident, "set_hpa_maximum")
    yield stage.ended(incident, "RECOVERED")
    assert "the autoscaler has 3 of at most 3 replicas" in stage.agent.told(incident)
    assert len(stage.web.pods()) == stage.web.read()["spec"]["replicas"] == 3


def evicted(stage: Stage) -> Life:
    """One pod that is stuck goes, and another one is ready in its place."""
    stage.web.create(image=GOOD)
    yield stage.well()
    stuck = stage.web.pods()[0]
    label(stage, stuck, "notready")
    yield Until(lambda: not all(map(is_ready, stage.web.pods())), lambda: "a pod that is not ready")
    incident = stage.asked_for("delete_pod", "Deployment", "web", pod=stuck["metadata"]["name"])
    yield from stage.approved(incident, "delete_pod")
    yield stage.ended(incident, "RECOVERED")
    assert stuck["metadata"]["uid"] not in _uids(stage.web.pods())


def given_more_memory(stage: Stage) -> Life:
    """Every pod was killed for memory twice within seconds: the limit that is computed is asked for, and set."""
    stage.web.create(image=GOOD)
    yield stage.well()
    for pod in stage.web.pods():
        label(stage, pod, "oom")
    yield Until(lambda: all(map(_crashes, stage.web.pods())), lambda: "kills")
    labels = {"namespace": stage.namespace, "pod": stage.web.pods()[0]["metadata"]["name"]}
    incident = stage.agent.alert(object_alert("PodOOMKilled", container="web", **labels))
    yield from stage.approved(incident, "set_memory_limit")
    yield stage.ended(incident, "RECOVERED")
    assert memory_of(stage.web.read()) == ("96Mi", "48Mi")


def deleted(stage: Stage) -> Life:
    """It goes with its pods; the one beside it stays."""
    beside = Workload(stage.plane, stage.namespace, "front")
    for one in (stage.web, beside):
        one.create(image=GOOD)
    yield stage.well()
    yield stage.well(beside)
    incident = stage.asked_for("delete_deployment", "Deployment", "web")
    yield from stage.approved(incident, "delete_deployment")
    yield stage.ended(incident, "RECOVERED")
    assert not stage.plane.exists(stage.web.path)
    assert stage.web.pods() == []
    assert all(map(is_ready, beside.pods()))


def label(stage: Stage, pod: Json, fault: str | None) -> None:
    """Put a fault on a running pod, or take it off: a pod that is made in its place has none."""
    path = f"/api/v1/namespaces/{stage.namespace}/pods/{pod['metadata']['name']}"
    stage.plane.api.patch(path, {"metadata": {"labels": {"sim/fault": fault}}}, "merge")


def _autoscaler() -> Json:
    """Of `web`, which it may not make larger than it is."""
    busy = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 2,
        "metrics": [{"type": "Resource", "resource": busy}],
    }
    return {"metadata": {"name": "web"}, "spec": spec}


def _is_limited(autoscaler: Json) -> bool:
    conditions = {c["type"]: c.get("reason") for c in autoscaler["status"].get("conditions", [])}
    return conditions.get("ScalingLimited") == "TooManyReplicas"


def _crashes(pod: Json) -> bool:
    return bool(container(pod).get("restartCount", 0) >= 2)


def _uids(pods: list[Json]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}


def _written(stage: Stage, incident_id: str) -> list[str]:
    return [entry.call.name for entry in stage.agent.ledger() if entry.incident_id == incident_id]


KINDS: Mapping[str, Callable[[Stage], Life]] = {
    "rollback_deployment Deployment": rolled_back,
    "rollback_deployment StatefulSet": rolled_back_set("StatefulSet", steps=2),
    "rollback_deployment DaemonSet": rolled_back_set("DaemonSet", steps=1),
}
OF_WORKLOADS: Mapping[str, Callable[[Stage], Life]] = {
    **KINDS,
    "restart_deployment Deployment": restarted,
    "restart_deployment StatefulSet": restarted_set("StatefulSet"),
    "restart_deployment DaemonSet": restarted_set("DaemonSet"),
    "scale_deployment Deployment": scaled,
    "scale_deployment StatefulSet": scaled_set,
    "set_hpa_maximum": given_a_higher_maximum,
    "delete_pod": evicted,
    "set_memory_limit": given_more_memory,
    "delete_deployment": deleted,
}
