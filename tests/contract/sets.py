"""StatefulSets and DaemonSets on the server under contract: made, released, rolled back, waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.contract.api_server import JSON_PATCH, STRATEGIC_PATCH, ApiServer, Json, is_ready

APPS = "apps/v1"
MARK = "controller-revision-hash"
STATEFUL = ("StatefulSet", "statefulsets")
DAEMON = ("DaemonSet", "daemonsets")


def workload(kind: str, name: str, image: str, fault: str, **spec: Any) -> Json:
    """One container `web`; `fault` is put on the pod template, `spec` is merged into the spec."""
    labels = {"app": name} | ({"sim/fault": fault} if fault else {})
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    wanted = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": APPS, "kind": kind, "metadata": {"name": name}, "spec": wanted | spec}


@dataclass(frozen=True)
class Sets:
    """One workload `web` of one of the two kinds, in the test's namespace."""

    server: ApiServer
    kind: str
    plural: str

    @property
    def path(self) -> str:
        return self.server.path(self.plural, "web", group=APPS)

    def create(self, image: str = "shop/web:1", fault: str = "", **spec: Any) -> None:
        body = workload(self.kind, "web", image, fault, **spec)
        answer = self.server.admin.post(self.server.path(self.plural, group=APPS), body)
        assert answer.status == 201, answer.text

    def read(self) -> Json:
        return self.server.read(self.path)

    def release(self, image: str, fault: str | None = None, **annotations: str) -> Json:
        metadata: Json = {"labels": {"sim/fault": fault}}
        if annotations:
            metadata["annotations"] = annotations
        template = {"metadata": metadata, "spec": {"containers": [{"name": "web", "image": image}]}}
        return self.patch({"template": template})

    def patch(self, spec: Mapping[str, Any]) -> Json:
        answer = self.server.admin.patch(self.path, {"spec": spec}, STRATEGIC_PATCH)
        assert answer.status == 200, answer.text
        return answer.json

    def roll_back_to(self, revision: Json) -> Json:
        """The template of a revision, without the directive of the patch that it is kept as."""
        template = {k: v for k, v in revision["data"]["spec"]["template"].items() if k != "$patch"}
        operations = [{"op": "replace", "path": "/spec/template", "value": template}]
        answer = self.server.admin.patch(self.path, operations, JSON_PATCH)
        assert answer.status == 200, answer.text
        return answer.json

    def revisions(self) -> list[Json]:
        """Its ControllerRevisions, oldest first."""
        found = self.server.admin.items(
            self.server.path("controllerrevisions", group=APPS), labelSelector="app=web"
        )
        return sorted(found, key=lambda item: int(item["revision"]))

    def pods(self) -> list[Json]:
        """Those that are not being deleted, by name."""
        return sorted(self.server.pods_of(), key=lambda pod: str(pod["metadata"]["name"]))

    def images(self) -> list[str]:
        return [pod["spec"]["containers"][0]["image"] for pod in self.pods()]

    def wait_until_rolled_out(self) -> Json:
        def look() -> Json | None:
            found = self.read()
            return found if rolled_out(found) else None

        return self.server.wait_until(look, f"rollout of {self.kind} web")

    def evict(self, pod: Json) -> None:
        metadata = pod["metadata"]
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": metadata["name"]},
            "deleteOptions": {"preconditions": {"uid": metadata["uid"]}},
        }
        answer = self.server.admin.post(self.server.pods(metadata["name"], "eviction"), body)
        assert answer.status == 201, answer.text


def rolled_out(found: Json) -> bool:
    """As kubectl computes it, without partition; every pod is of the newest template and ready."""
    status = found.get("status", {})
    if status.get("observedGeneration") != found["metadata"]["generation"]:
        return False
    if found["kind"] == "DaemonSet":
        names = ("updatedNumberScheduled", "numberAvailable", "numberReady")
        wanted = status.get("desiredNumberScheduled", 0)
        return wanted > 0 and [status.get(name, 0) for name in names] == [wanted] * 3
    names = ("readyReplicas", "updatedReplicas", "replicas")
    counts = [status.get(name, 0) for name in names]
    return counts == [found["spec"]["replicas"]] * 3 and status["updateRevision"] == status["currentRevision"]


def mark(pod: Json) -> str:
    """Which revision the pod was made of."""
    return str(pod["metadata"]["labels"][MARK])


def all_ready(pods: list[Json]) -> bool:
    return all(is_ready(pod) for pod in pods)
