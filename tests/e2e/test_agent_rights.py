"""The generated rights against what the API server saw: each one is used, none is missing, none is another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.controlplane.api import Json
from tests.controlplane.workloads import Workload, deployment
from tests.e2e.agent import PlaneAgent, object_alert, pod_alert
from tests.e2e.audit_log import Right
from tests.e2e.releases import release_stuck, serve_well
from tests.e2e.story import CONDITIONAL, STORY, why_unused

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_every_generated_right_is_used_and_none_is_missing(
    agent: PlaneAgent, web: Workload, rights: set[Right], figures: Callable[[str], None]
) -> None:
    """Alerts about every kind of object and one rollback take all that the account was given, other actions apart."""
    serve_well(web)
    about_others = [agent.alert(alert) for alert in _alerts_about_all_kinds(web)]
    incident_id = agent.alert(pod_alert(release_stuck(web), "KubePodNotReady"))
    assert agent.approve(agent.asked(incident_id)["id"]).status == 200
    agent.until_status(incident_id, "recovered")
    for other in about_others:
        agent.until_status(other, "notified")
    audited = agent.audited()

    assert audited.differences() == []
    calls = audited.calls
    used = {call.right for call in calls if call.resource}
    figures(f"{len(calls)} requests audited, {len(audited.writes)} write, {len(audited.rehearsals)} dry runs")
    unused = {right: why_unused(right) for right in sorted(rights - used)}
    figures(f"{len(rights & used)} of {len(rights)} rights used, {len(used - rights)} missing")
    figures("unused: " + ", ".join(f"{' '.join(right)} ({why})" for right, why in unused.items()))
    assert used - rights == set()
    assert [right for right, why in unused.items() if not why] == []
    assert set(CONDITIONAL) & used == set()
    assert sorted(STORY - used) == []
    assert {call.code for call in calls} <= {200, 201}


def _alerts_about_all_kinds(web: Workload) -> Iterator[dict[str, Any]]:
    """One for each kind that may be read, about an object that is there."""
    namespace = web.namespace
    for path, label, item in _objects():
        web.plane.api.post(path.replace("{namespace}", namespace), {"metadata": {"name": "other"}, **item})
        yield object_alert(f"Something about {label}", namespace=namespace, **{label: "other"})
    yield object_alert("KubeNodeNotReady", node="node-1")


def _objects() -> Iterator[tuple[str, str, Json]]:
    """Where it is made, the alert's label that names it, and what it is."""
    pods = deployment("other", replicas=0)["spec"]
    pods.pop("revisionHistoryLimit")
    once = {"spec": {"restartPolicy": "Never", "containers": pods["template"]["spec"]["containers"]}}
    daemons = {"selector": pods["selector"], "template": pods["template"]}
    apps, batch = "/apis/apps/v1/namespaces/{namespace}", "/apis/batch/v1/namespaces/{namespace}"
    yield f"{apps}/deployments", "deployment", {"spec": pods}
    yield f"{apps}/statefulsets", "statefulset", {"spec": {**pods, "serviceName": "other"}}
    yield f"{apps}/daemonsets", "daemonset", {"spec": daemons}
    yield f"{batch}/jobs", "job_name", {"spec": {"template": once}}
    schedule = {"schedule": "0 3 * * *", "suspend": True}
    yield f"{batch}/cronjobs", "cronjob", {"spec": schedule | {"jobTemplate": {"spec": {"template": once}}}}
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"}
    yield (
        "/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers",
        "horizontalpodautoscaler",
        {"spec": {"scaleTargetRef": scaled, "minReplicas": 1, "maxReplicas": 2}},
    )
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    yield "/api/v1/namespaces/{namespace}/persistentvolumeclaims", "persistentvolumeclaim", {"spec": claim}
