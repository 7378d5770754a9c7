"""The DaemonSet controller: one pod on each node that takes it, replaced node by node."""

from __future__ import annotations

from datetime import timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.admission import fill
from tools.sandbox.controllers import history
from tools.sandbox.controllers.podview import ready, ready_since
from tools.sandbox.controllers.scheduler import bound_to, fits
from tools.sandbox.controllers.watching import watch
from tools.sandbox.store import Change
from tools.sandbox.values import dig
from tools.sandbox.world import World

KIND = kinds.DAEMONSET
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


class DaemonSetController:
    """Creates and deletes pods of DaemonSets."""

    def __init__(self, world: World) -> None:
        self._world = world
        watch(world, KIND, kinds.POD, self._enqueue)
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind is kinds.NODE:
            for found in self._world.store.list(KIND):
                self._enqueue(found["metadata"]["namespace"], found["metadata"]["name"])

    def _enqueue(self, namespace: str, name: str) -> None:
        self._world.engine.enqueue(("daemonset", namespace, name), lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """One look at one DaemonSet: pods where they belong, then the update, then the status."""
        found = self._world.store.get(KIND, namespace, name)
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        update = history.newest(self._world, KIND, found)
        for node in self._nodes(found):
            if not self._on(found, node):
                self._create(found, update, node)
        if found["spec"]["updateStrategy"]["type"] == "RollingUpdate":
            self._roll(found, update)
        self._write_status(found, update)
        history.clean_up(self._world, found, self._pods(found), {history.hash_of(update)})

    def _nodes(self, found: JsonObject) -> list[str]:
        """Nodes that take its pods."""
        pod = {"spec": _pod_spec(found["spec"]["template"], "")}
        nodes = self._world.store.list(kinds.NODE)
        return [node["metadata"]["name"] for node in nodes if fits(node, pod)]

    def _pods(self, found: JsonObject) -> list[JsonObject]:
        owned = self._world.store.owned_by(found["metadata"]["uid"])
        return [pod for kind, pod in owned if kind is kinds.POD]

    def _on(self, found: JsonObject, node: str) -> list[JsonObject]:
        return [pod for pod in self._pods(found) if bound_to(pod) == node]

    def _roll(self, found: JsonObject, update: JsonObject) -> None:
        """Pods that do not serve go at once; of those that do, as many as may be missing."""
        pods = [pod for node in self._nodes(found) for pod in self._on(found, node)[:1]]
        old = [pod for pod in pods if history.mark_of(pod) != history.hash_of(update)]
        living = [pod for pod in old if "deletionTimestamp" not in pod["metadata"]]
        broken = [pod for pod in living if not self._available(found, pod)]
        missing = sum(not self._available(found, pod) for pod in pods)
        room = max(0, _most_unavailable(found, len(pods)) - missing)
        for pod in [*broken, *[pod for pod in living if pod not in broken][:room]]:
            self._delete(found, pod)

    def _create(self, found: JsonObject, update: JsonObject, node: str) -> None:
        template, metadata = history.template_of(update), found["metadata"]
        labels = {
            **((template.get("metadata") or {}).get("labels") or {}),
            history.MARK: history.hash_of(update),
        }
        pod = {
            "metadata": {
                **(template.get("metadata") or {}),
                "generateName": f"{metadata['name']}-",
                "namespace": metadata["namespace"],
                "labels": labels,
                "ownerReferences": [history.controlled_by(KIND, found)],
            },
            "spec": _pod_spec(template, node),
        }
        fill(self._world, pod)
        created = self._world.create_pod(pod)
        self._event(found, "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")

    def _delete(self, found: JsonObject, pod: JsonObject) -> None:
        self._world.delete_pod(pod)
        self._event(found, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _event(self, found: JsonObject, reason: str, text: str) -> None:
        self._world.events.record(KIND, found, "Normal", reason, text, component="daemonset-controller")

    def _available(self, found: JsonObject, pod: JsonObject) -> bool:
        if not ready(pod) or "deletionTimestamp" in pod["metadata"]:
            return False
        due = ready_since(pod) + timedelta(seconds=found["spec"].get("minReadySeconds", 0))
        if self._world.now() >= due:
            return True
        metadata = found["metadata"]
        key = ("daemonset available", pod["metadata"]["uid"])
        self._world.engine.at(due, key, lambda: self.sync(metadata["namespace"], metadata["name"]))
        return False

    def _write_status(self, found: JsonObject, update: JsonObject) -> None:
        metadata = found["metadata"]
        fresh = self._world.store.get(KIND, metadata["namespace"], metadata["name"])
        if fresh is None:
            return
        nodes = self._nodes(fresh)
        pods = [pod for node in nodes for pod in self._on(fresh, node)[:1]]
        available = sum(self._available(fresh, pod) for pod in pods)
        elsewhere = {bound_to(pod) for pod in self._pods(fresh)} - {*nodes, ""}
        counted = {
            "updatedNumberScheduled": sum(history.mark_of(p) == history.hash_of(update) for p in pods),
            "numberAvailable": available,
            "numberUnavailable": len(nodes) - available,
        }
        status: JsonObject = {
            "observedGeneration": fresh["metadata"]["generation"],
            "currentNumberScheduled": len(pods),
            "desiredNumberScheduled": len(nodes),
            "numberMisscheduled": len(elsewhere),
            "numberReady": sum(ready(pod) for pod in pods),
        }
        status |= {key: value for key, value in counted.items() if value}
        self._world.set_status(KIND, fresh, status)


def _pod_spec(template: JsonObject, node: str) -> JsonObject:
    """As the controller makes it: for one node, and tolerating what goes wrong with nodes."""
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
    spec = {**template["spec"], "tolerations": [*(template["spec"].get("tolerations") or []), *added]}
    if node:
        field = {"key": "metadata.name", "operator": "In", "values": [node]}
        required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
        spec["affinity"] = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    return spec


def _most_unavailable(found: JsonObject, pods: int) -> int:
    """maxUnavailable, of which a share rounds up."""
    wanted = dig(found, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable", default=1)
    if isinstance(wanted, int):
        return wanted
    return -(-int(str(wanted).rstrip("%")) * pods // 100)
