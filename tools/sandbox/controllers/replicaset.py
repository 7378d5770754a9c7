"""The ReplicaSet controller: as many pods as asked for, the least useful ones go first."""

from __future__ import annotations

from datetime import timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.admission import fill, forbidden, refusal
from tools.sandbox.controllers.podview import active, ready, ready_since, restarts
from tools.sandbox.controllers.watching import watch
from tools.sandbox.values import copied
from tools.sandbox.world import World

KIND = kinds.REPLICASET
REFUSED_AGAIN = timedelta(seconds=15)
"""A pod that was refused is tried again after so long; the real controller backs off further."""


class ReplicaSetController:
    """Creates and deletes pods of ReplicaSets."""

    def __init__(self, world: World) -> None:
        self._world = world
        watch(world, KIND, kinds.POD, self._enqueue)

    def _enqueue(self, namespace: str, name: str) -> None:
        self._world.engine.enqueue(("replicaset", namespace, name), lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """Create or delete what is missing or too much, then write the status."""
        replicaset = self._world.store.get(KIND, namespace, name)
        if replicaset is None or "deletionTimestamp" in replicaset["metadata"]:
            return
        pods = self._pods(replicaset)
        difference = replicaset["spec"]["replicas"] - len(pods)
        for _ in range(difference):
            created = self._create(replicaset)
            if created is None:
                self._try_again(namespace, name)
                break
            pods.append(created)
        if difference < 0:
            doomed = sorted(pods, key=_least_useful)[:-difference]
            for pod in doomed:
                self._delete(replicaset, pod)
            pods = self._pods(replicaset)
        self._write_status(replicaset, pods)

    def _pods(self, replicaset: JsonObject) -> list[JsonObject]:
        owned = self._world.store.owned_by(replicaset["metadata"]["uid"])
        return [pod for kind, pod in owned if kind is kinds.POD and active(pod)]

    def _try_again(self, namespace: str, name: str) -> None:
        due = self._world.now() + REFUSED_AGAIN
        self._world.engine.at(
            due, ("replicaset refused", namespace, name), lambda: self.sync(namespace, name)
        )

    def _create(self, replicaset: JsonObject) -> JsonObject | None:
        """The new pod; None where a quota or a LimitRange has something against it, which an Event tells."""
        template, metadata = copied(replicaset["spec"]["template"]), replicaset["metadata"]
        owner = {
            "apiVersion": KIND.api_version,
            "kind": KIND.name,
            "name": metadata["name"],
            "uid": metadata["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        pod_metadata = {
            **template.get("metadata", {}),
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "ownerReferences": [owner],
        }
        pod = {"metadata": pod_metadata, "spec": template["spec"]}
        fill(self._world, pod)
        why = refusal(self._world, pod)
        if why:
            text = f"Error creating: {forbidden(pod, why)}"
            self._event(replicaset, "FailedCreate", text, kind="Warning")
            return None
        created = self._world.create_pod(pod)
        text = f"Created pod: {created['metadata']['name']}"
        self._event(replicaset, "SuccessfulCreate", text)
        return created

    def _delete(self, replicaset: JsonObject, pod: JsonObject) -> None:
        self._world.delete_pod(pod)
        self._event(replicaset, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _event(self, replicaset: JsonObject, reason: str, text: str, *, kind: str = "Normal") -> None:
        self._world.events.record(KIND, replicaset, kind, reason, text, component="replicaset-controller")

    def _write_status(self, replicaset: JsonObject, pods: list[JsonObject]) -> None:
        fresh = self._world.store.get(
            KIND, replicaset["metadata"]["namespace"], replicaset["metadata"]["name"]
        )
        if fresh is None:
            return
        status: JsonObject = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": sum(ready(pod) for pod in pods),
            "availableReplicas": sum(self._available(fresh, pod) for pod in pods),
        }
        status = {key: value for key, value in status.items() if value or key == "replicas"}
        status["observedGeneration"] = fresh["metadata"]["generation"]
        self._world.set_status(KIND, fresh, status)

    def _available(self, replicaset: JsonObject, pod: JsonObject) -> bool:
        seconds = replicaset["spec"].get("minReadySeconds", 0)
        if not ready(pod):
            return False
        due = ready_since(pod) + timedelta(seconds=seconds)
        if self._world.now() >= due:
            return True
        namespace, name = replicaset["metadata"]["namespace"], replicaset["metadata"]["name"]
        key = ("replicaset available", pod["metadata"]["uid"])
        self._world.engine.at(due, key, lambda: self.sync(namespace, name))
        return False


def _least_useful(pod: JsonObject) -> tuple[object, ...]:
    """Order of deletion: unassigned, pending, not ready, cheap, ready for a shorter time, restarted, younger."""
    phases = {"Pending": 0, "Unknown": 1, "Running": 2}
    annotations = pod["metadata"].get("annotations") or {}
    since = ready_since(pod).timestamp() if ready(pod) else 0.0
    return (
        bool(pod["spec"].get("nodeName")),
        phases.get(pod["status"].get("phase", ""), 2),
        ready(pod),
        int(annotations.get("controller.kubernetes.io/pod-deletion-cost", "0")),
        -since,
        -restarts(pod),
        _reversed(pod["metadata"]["creationTimestamp"]),
        pod["metadata"]["name"],
    )


def _reversed(text: str) -> tuple[int, ...]:
    return tuple(-ord(character) for character in text)
