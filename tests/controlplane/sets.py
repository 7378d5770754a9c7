"""StatefulSets and DaemonSets that tests release and break on the control plane."""

from __future__ import annotations

from dataclasses import dataclass

from tests.controlplane.api import Json
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import deployment, is_ready

PLURALS = {"StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}


@dataclass(frozen=True)
class Sets:
    """One workload `web` of two pods (of one on each node) in a namespace of the control plane."""

    plane: ControlPlane
    namespace: str
    kind: str

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/{PLURALS[self.kind]}/web"

    def release(self, image: str, fault: str = "") -> None:
        """Make it, or change its template."""
        if self.plane.exists(self.path):
            metadata = {"labels": {"app": "web", "sim/fault": fault or None}}
            containers = [{"name": "web", "image": image}]
            change = {"spec": {"template": {"metadata": metadata, "spec": {"containers": containers}}}}
            self.plane.api.patch(self.path, change)
            return
        made = deployment("web", image=image, fault=fault or None)
        spec = {
            key: value for key, value in made["spec"].items() if key != "replicas" or self.kind != "DaemonSet"
        }
        if self.kind == "StatefulSet":
            spec["serviceName"] = "web"
        self.plane.api.post(self.path.rpartition("/")[0], {**made, "kind": self.kind, "spec": spec})

    def read(self) -> Json:
        return self.plane.api.get(self.path)

    def pods(self) -> list[Json]:
        """Those that are not being deleted."""
        found = self.plane.api.items(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=app%3Dweb")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def is_healthy(self) -> bool:
        """Rolled out, as kubectl sees it, and every pod is ready."""
        found = self.read()
        status = found.get("status", {})
        if status.get("observedGeneration") != found["metadata"]["generation"]:
            return False
        if self.kind == "DaemonSet":
            names = ["updatedNumberScheduled", "numberAvailable"]
            wanted = status.get("desiredNumberScheduled", 0)
        else:
            names = ["updatedReplicas", "readyReplicas", "replicas"]
            wanted = found["spec"]["replicas"]
        counts = [status.get(name, 0) for name in names]
        same = status.get("updateRevision") == status.get("currentRevision")
        return wanted > 0 and counts == [wanted] * len(names) and same and all(map(is_ready, self.pods()))

    def is_stuck(self) -> bool:
        """Its rollout has come to a pod that runs and is not ready, and the status says so."""
        status = self.read().get("status", {})
        name = "updatedNumberScheduled" if self.kind == "DaemonSet" else "updatedReplicas"
        running = [pod for pod in self.pods() if pod["status"].get("phase") == "Running"]
        return status.get(name) == 1 and len(running) == len(self.pods()) and not all(map(is_ready, running))
