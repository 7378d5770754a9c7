"""Lives of the actions on nodes, CronJobs, Jobs and claims, from the question to the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.controlplane.api import Json
from tests.controlplane.workloads import deployment, is_ready
from tests.e2e.agent import object_alert
from tests.e2e.chorus import Life
from tests.e2e.stage import Stage
from tests.tools.actions import batch_cases as batch
from tools.resources import CRONJOBS, JOBS

TAINT = {"key": "sim/spare", "effect": "NoSchedule"}
MAY_GO_THERE = "sim/spare"
BESIDE = "node-2"


def cordoned_drained_and_let_go(stage: Stage) -> Life:
    """A node of its own: cordoned, uncordoned, and drained of two pods one after the other, which find another node."""
    node = f"spare-{stage.namespace}"
    stage.plane.add_node(node, TAINT)
    _change_node(stage, node, {"metadata": {"labels": {MAY_GO_THERE: stage.namespace}}})
    stage.plane.api.post(stage.web.path.rpartition("/")[0], _for_spare_nodes(stage))
    yield stage.well()
    assert {pod["spec"]["nodeName"] for pod in stage.web.pods()} == {node}
    for action, takes_pods in (("cordon_node", False), ("uncordon_node", True)):
        yield from _done_to_node(stage, action, node)
        assert _takes_pods(stage, node) is takes_pods
    _change_node(stage, BESIDE, {"metadata": {"labels": {MAY_GO_THERE: stage.namespace}}})
    yield from _done_to_node(stage, "drain_node", node)
    assert not _takes_pods(stage, node)
    assert {pod["spec"]["nodeName"] for pod in stage.web.pods()} == {BESIDE}
    assert all(map(is_ready, stage.web.pods()))
    _change_node(stage, BESIDE, {"metadata": {"labels": {MAY_GO_THERE: None}}})
    steps = [entry.call.args["pod"] for entry in stage.agent.ledger() if entry.call.name == "drain_node"]
    assert (len(steps), steps.count("")) == (3, 1), steps
    stage.plane.api.delete(f"/api/v1/nodes/{node}")


def suspended_and_resumed(stage: Stage) -> Life:
    """Each asked for by name; the second takes back the first."""
    batch.nightly(stage)
    for action, suspended in (("suspend_cronjob", True), ("resume_cronjob", False)):
        incident = stage.asked_for(action, "CronJob", "nightly")
        yield from stage.approved(incident, action)
        yield stage.ended(incident, "RECOVERED")
        assert batch.is_suspended(stage.admin.get(CRONJOBS, stage.namespace, "nightly")) is suspended


def cleared_away(stage: Stage) -> Life:
    """A run failed and a later one has succeeded: the failed Job goes with its pod, whose log is kept."""
    batch.failed_run(stage)
    batch.run(stage, "nightly-2", fault="", outcome="complete")
    name = {"job_name": "nightly-1", "job": "kube-state-metrics"}
    incident = stage.agent.alert(object_alert("KubeJobFailed", namespace=stage.namespace, **name))
    yield from stage.approved(incident, "delete_job")
    yield stage.ended(incident, "RECOVERED")
    assert [job["metadata"]["name"] for job in stage.admin.list(JOBS, stage.namespace)] == ["nightly-2"]
    kept = stage.agent.incident(incident)["evidence"]["items"]
    assert any("missing required setting" in item["excerpt"] for item in kept if item["kind"] == "logs")


def grown(stage: Stage) -> Life:
    """The API accepts the request; nobody resizes volumes there, so that it is never called recovered."""
    batch.claim(stage)
    incident = stage.asked_for("expand_pvc", "PersistentVolumeClaim", "data")
    yield from stage.approved(incident, "expand_pvc")
    yield stage.ended(incident, "INCONCLUSIVE")
    claim = stage.plane.api.get(f"/api/v1/namespaces/{stage.namespace}/persistentvolumeclaims/data")
    assert (batch.asks_for(claim), claim["status"]["capacity"]) == ("1229Mi", {"storage": "1Gi"})


def _done_to_node(stage: Stage, action: str, node: str) -> Life:
    incident = stage.asked_for(action, "Node", node)
    yield from stage.approved(incident, action)
    yield stage.ended(incident, "RECOVERED")


def _for_spare_nodes(stage: Stage) -> Json:
    """Two pods that run only where the label lets them, beside a taint that keeps all others off."""
    wanted = deployment("web")
    pods = wanted["spec"]["template"]["spec"]
    pods["nodeSelector"] = {MAY_GO_THERE: stage.namespace}
    pods["tolerations"] = [{"key": TAINT["key"], "operator": "Exists"}]
    return wanted


def _takes_pods(stage: Stage, node: str) -> bool:
    return not stage.plane.api.get(f"/api/v1/nodes/{node}")["spec"].get("unschedulable")


def _change_node(stage: Stage, node: str, change: dict[str, Any]) -> None:
    stage.plane.api.patch(f"/api/v1/nodes/{node}", change, "merge")


APART: Mapping[str, Callable[[Stage], Life]] = {
    "cordon_node, uncordon_node, drain_node": cordoned_drained_and_let_go,
    "suspend_cronjob, resume_cronjob": suspended_and_resumed,
    "delete_job": cleared_away,
    "expand_pvc": grown,
}
