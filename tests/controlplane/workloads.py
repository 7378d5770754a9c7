"""Deployments that tests release, break and roll back on the control plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.controlplane.api import Json
from tests.controlplane.plane import ControlPlane


def deployment(
    name: str,
    *,
    image: str = "shop/web:1",
    replicas: int = 2,
    fault: str | None = None,
    annotations: dict[str, str] | None = None,
    revision_history: int = 10,
) -> Json:
    """A Deployment of one container `web`; `fault` is one of stages.FAULTS and breaks every pod of this revision.

    The annotations `sim/log` and `sim/crash-log` of the pod template say what its containers log.
    """
    labels = {"app": name} | ({"sim/fault": fault} if fault else {})
    resources = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}
    container = {"name": "web", "image": image, "resources": resources}
    template = {
        "metadata": {"labels": labels, "annotations": annotations or {}},
        "spec": {"containers": [container]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": revision_history,
            "selector": {"matchLabels": {"app": name}},
            "template": template,
        },
    }


@dataclass(frozen=True)
class Workload:
    """One Deployment in a namespace of the control plane, as its owner handles it."""

    plane: ControlPlane
    namespace: str
    name: str

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{self.name}"

    def create(self, **wanted: Any) -> None:
        """Create it, as `deployment()` says, and return at once."""
        self.plane.api.post(self.path.rpartition("/")[0], deployment(self.name, **wanted))

    def release(self, image: str, fault: str | None = None, **annotations: str) -> None:
        """A new revision; `log` and `crash_log` say what its containers log."""
        said = {f"sim/{key.replace('_', '-')}": value for key, value in annotations.items()}
        metadata = {
            "labels": {"app": self.name, "sim/fault": fault},
            "annotations": {"release": image} | said,
        }
        containers = [{"name": "web", "image": image}]
        template = {"metadata": metadata, "spec": {"containers": containers}}
        self.plane.api.patch(self.path, {"spec": {"template": template}})

    def read(self) -> Json:
        return self.plane.api.get(self.path)

    def delete(self) -> None:
        self.plane.api.delete(self.path)

    def pods(self) -> list[Json]:
        pods = f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=app%3D{self.name}"
        return [p for p in self.plane.api.items(pods) if "deletionTimestamp" not in p["metadata"]]

    def revisions(self) -> list[Json]:
        """Its ReplicaSets, oldest revision first."""
        sets = f"/apis/apps/v1/namespaces/{self.namespace}/replicasets?labelSelector=app%3D{self.name}"
        return sorted(self.plane.api.items(sets), key=revision)

    def roll_back_to(self, replica_set: Json) -> None:
        """Put an older revision's template back, as `kubectl rollout undo` does."""
        template = replica_set["spec"]["template"]
        del template["metadata"]["labels"]["pod-template-hash"]
        current = self.read()
        current["spec"]["template"] = template
        self.plane.api.put(self.path, current)

    def log(self, pod: Json, query: str = "") -> str:
        name = pod["metadata"]["name"]
        return self.plane.api.text(f"/api/v1/namespaces/{self.namespace}/pods/{name}/log?{query}")

    def events(self, pod: Json) -> list[Json]:
        field = f"involvedObject.uid%3D{pod['metadata']['uid']}"
        return self.plane.api.items(f"/api/v1/namespaces/{self.namespace}/events?fieldSelector={field}")

    def wait_until_healthy(self, within: float = 60) -> None:
        """Every replica is of the newest revision and ready; raises TimeoutError."""
        self.plane.eventually(self.is_healthy, within, f"health of {self.name}")

    def is_healthy(self) -> bool:
        found = self.read()
        status, replicas = found["status"], found["spec"]["replicas"]
        counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        return (
            status.get("observedGeneration") == found["metadata"]["generation"] and counts == [replicas] * 3
        )


def revision(owned: Json) -> int:
    return int(owned["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def container(pod: Json) -> Json:
    """The status of its first container, empty before the kubelet has seen the pod."""
    statuses: list[Json] = pod["status"].get("containerStatuses", [{}])
    return statuses[0]


def is_ready(pod: Json) -> bool:
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True"
