"""The StatefulSet controller: ordinals, one after another, and rolling updates from the highest of them down.

It does one thing at a time and looks again when that has happened. A pod that is not ready holds everything up
behind it (OrderedReady), a rollback of the template too: such a pod has to be taken away by somebody else.
"""

from __future__ import annotations

from datetime import timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.admission import fill
from tools.sandbox.controllers import history
from tools.sandbox.controllers.podview import ready, ready_since
from tools.sandbox.controllers.stateful_pods import claims_of, pod_of
from tools.sandbox.controllers.watching import watch
from tools.sandbox.world import World

KIND = kinds.STATEFULSET


class StatefulSetController:
    """Brings pods to what their StatefulSet asks for, one step at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        watch(world, KIND, kinds.POD, self._enqueue)

    def _enqueue(self, namespace: str, name: str) -> None:
        self._world.engine.enqueue(("statefulset", namespace, name), lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """One look at one StatefulSet and at most one step towards its spec."""
        found = self._world.store.get(KIND, namespace, name)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        update = history.newest(self._world, KIND, found)
        current = self._current(found, update)
        self._step(found, current, update)
        self._write_status(found, current, update)

    def _current(self, found: JsonObject, update: JsonObject) -> JsonObject:
        wanted = (found.get("status") or {}).get("currentRevision")
        known = history.revisions(self._world, found)
        return next((r for r in known if r["metadata"]["name"] == wanted), update)

    def _step(self, found: JsonObject, current: JsonObject, update: JsonObject) -> None:
        """In the real one's order: fill and await the ordinals, take away what is too much, then update."""
        pods = self._pods(found)
        wanted = [f"{found['metadata']['name']}-{ordinal}" for ordinal in range(_replicas(found))]
        ordered = found["spec"].get("podManagementPolicy") != "Parallel"
        for ordinal, pod_name in enumerate(wanted):
            if self._await_ordinal(found, pods.get(pod_name), ordinal, current, update) and ordered:
                return
        if self._shrink(found, [pod for name, pod in pods.items() if name not in wanted], ordered):
            return
        if found["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            self._replace_one(found, [pods[name] for name in wanted if name in pods], update)

    def _await_ordinal(
        self,
        found: JsonObject,
        pod: JsonObject | None,
        ordinal: int,
        current: JsonObject,
        update: JsonObject,
    ) -> bool:
        """True while the ordinals after it have to wait."""
        if pod is None:
            kept = ordinal < _partition(found) and found["spec"]["updateStrategy"]["type"] == "RollingUpdate"
            self._create(found, ordinal, current if kept else update)
            return True
        if (
            pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
            and "deletionTimestamp" not in pod["metadata"]
        ):
            self._delete(found, pod)
            return True
        return "deletionTimestamp" in pod["metadata"] or not self._available(found, pod)

    def _shrink(self, found: JsonObject, surplus: list[JsonObject], ordered: bool) -> bool:
        for pod in sorted(surplus, key=_ordinal, reverse=True):
            if "deletionTimestamp" not in pod["metadata"]:
                self._delete(found, pod)
            if ordered:
                return True
        return bool(surplus)

    def _replace_one(self, found: JsonObject, pods: list[JsonObject], update: JsonObject) -> None:
        """The highest ordinal that is of another revision, once all above it are available."""
        for pod in sorted(pods, key=_ordinal, reverse=True):
            if _ordinal(pod) < _partition(found):
                return
            if (
                history.mark_of(pod) != update["metadata"]["name"]
                and "deletionTimestamp" not in pod["metadata"]
            ):
                self._delete(found, pod)
                return
            if "deletionTimestamp" in pod["metadata"] or not self._available(found, pod):
                return

    def _pods(self, found: JsonObject) -> dict[str, JsonObject]:
        owned = self._world.store.owned_by(found["metadata"]["uid"])
        return {pod["metadata"]["name"]: pod for kind, pod in owned if kind is kinds.POD}

    def _create(self, found: JsonObject, ordinal: int, revision: JsonObject) -> None:
        namespace = found["metadata"]["namespace"]
        for claim in claims_of(found, ordinal):
            if self._world.store.get(kinds.CLAIM, namespace, claim["metadata"]["name"]) is None:
                self._world.create(kinds.CLAIM, claim)
        wanted = pod_of(found, ordinal, revision)
        fill(self._world, wanted)
        pod = self._world.create_pod(wanted)
        self._event(found, "SuccessfulCreate", f"create Pod {pod['metadata']['name']}")

    def _delete(self, found: JsonObject, pod: JsonObject) -> None:
        self._world.delete_pod(pod)
        self._event(found, "SuccessfulDelete", f"delete Pod {pod['metadata']['name']}")

    def _event(self, found: JsonObject, reason: str, what: str) -> None:
        text = f"{what} in StatefulSet {found['metadata']['name']} successful"
        self._world.events.record(KIND, found, "Normal", reason, text, component="statefulset-controller")

    def _available(self, found: JsonObject, pod: JsonObject) -> bool:
        if not ready(pod):
            return False
        due = ready_since(pod) + timedelta(seconds=found["spec"].get("minReadySeconds", 0))
        if self._world.now() >= due:
            return True
        metadata = found["metadata"]
        key = ("statefulset available", pod["metadata"]["uid"])
        self._world.engine.at(due, key, lambda: self.sync(metadata["namespace"], metadata["name"]))
        return False

    def _write_status(self, found: JsonObject, current: JsonObject, update: JsonObject) -> None:
        metadata = found["metadata"]
        fresh = self._world.store.get(KIND, metadata["namespace"], metadata["name"])
        if fresh is None:
            return
        pods = list(self._pods(fresh).values())
        status = self._numbers(fresh, pods, current, update)
        if fresh["spec"]["updateStrategy"]["type"] == "RollingUpdate" and _is_complete(fresh, status):
            status["currentRevision"] = status["updateRevision"]
            if "updatedReplicas" in status:  # left out where it is zero: of no replicas
                status["currentReplicas"] = status["updatedReplicas"]
        self._world.set_status(KIND, fresh, status)
        live = {status["currentRevision"], status["updateRevision"]}
        history.clean_up(self._world, fresh, pods, live)

    def _numbers(
        self, found: JsonObject, pods: list[JsonObject], current: JsonObject, update: JsonObject
    ) -> JsonObject:
        marks = [history.mark_of(pod) for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        names = (current["metadata"]["name"], update["metadata"]["name"])
        counted = {
            "readyReplicas": sum(ready(pod) for pod in pods),
            "currentReplicas": marks.count(names[0]),
            "updatedReplicas": marks.count(names[1]),
        }
        status: JsonObject = {
            "observedGeneration": found["metadata"]["generation"],
            "replicas": len(pods),
            "availableReplicas": sum(self._available(found, pod) for pod in pods),
            "currentRevision": names[0],
            "updateRevision": names[1],
            "collisionCount": 0,
        }
        return status | {key: value for key, value in counted.items() if value}


def _is_complete(found: JsonObject, status: JsonObject) -> bool:
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas")]
    return counts == [_replicas(found)] * 3


def _replicas(found: JsonObject) -> int:
    return int(found["spec"].get("replicas", 1))


def _partition(found: JsonObject) -> int:
    return int((found["spec"]["updateStrategy"].get("rollingUpdate") or {}).get("partition", 0))


def _ordinal(pod: JsonObject) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])
