"""Node objects, and what the control plane does when a node falls silent."""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.kubelet import Kubelet
from tools.sandbox.controllers.podview import active, ready
from tools.sandbox.controllers.progress import condition
from tools.sandbox.values import copied, instant
from tools.sandbox.world import World

GRACE = timedelta(seconds=40)
"""--node-monitor-grace-period."""
EVICTION = timedelta(seconds=300)
"""tolerationSeconds that every pod gets for an unreachable node."""
_UNREACHABLE = "node.kubernetes.io/unreachable"


def node_object(name: str, now: datetime) -> JsonObject:
    """A worker with 8 cores and 32 GiB."""
    amounts = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    return {
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            },
        },
        "spec": {},
        "status": {
            "capacity": dict(amounts),
            "allocatable": dict(amounts),
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "conditions": [_ready_condition("True", "KubeletReady", "kubelet is posting ready status", now)],
            "nodeInfo": _node_info(name),
        },
    }


def _node_info(name: str) -> JsonObject:
    """Every field of it is required by the client library's models."""
    return {
        "architecture": "amd64",
        "bootID": "",
        "containerRuntimeVersion": "containerd://2.1.0",
        "kernelVersion": "6.12.0",
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.34.4",
        "machineID": name,
        "operatingSystem": "linux",
        "osImage": "Sandbox",
        "systemUUID": name,
    }


class NodeLifecycle:
    """Marks silent nodes, their pods, and evicts those pods in the end."""

    def __init__(self, world: World, kubelet: Kubelet) -> None:
        self._world = world
        self._kubelet = kubelet

    def stop(self, name: str) -> None:
        """The node's kubelet falls silent. Raises LookupError for a node that does not exist."""
        self._node(name)
        self._kubelet.down.add(name)
        now = self._world.now()
        self._world.engine.at(now + GRACE, ("node", name), lambda: self._mark_unknown(name))

    def start(self, name: str) -> None:
        """The kubelet speaks again; pods on it go on where they were."""
        node = self._node(name)
        self._kubelet.down.discard(name)
        self._world.engine.cancel(("node", name))
        self._mark(node, "True", "KubeletReady", "kubelet is posting ready status")
        self._kubelet.wake()

    def _node(self, name: str) -> JsonObject:
        node = self._world.store.get(kinds.NODE, "", name)
        if node is None:
            raise LookupError(f"the sandbox has no node {name!r}")
        return node

    def _mark(self, node: JsonObject, value: str, reason: str, message: str) -> None:
        new = copied(node)
        others = [c for c in new["status"].get("conditions") or [] if c["type"] != "Ready"]
        before = condition(node["status"], "Ready")
        found = _ready_condition(value, reason, message, self._world.now())
        if before and before["status"] == value:
            found["lastTransitionTime"] = before["lastTransitionTime"]
        new["status"]["conditions"] = [*others, found]
        taints = [t for t in new["spec"].get("taints") or [] if t["key"] != _UNREACHABLE]
        if value != "True":
            taints += [{"key": _UNREACHABLE, "effect": effect} for effect in ("NoSchedule", "NoExecute")]
        new["spec"] = {**new["spec"], "taints": taints}
        if not taints:
            del new["spec"]["taints"]
        self._world.update(kinds.NODE, node, new)

    def _mark_unknown(self, name: str) -> None:
        node = self._node(name)
        self._mark(node, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
        text = f"Node {name} status is now: NodeNotReady"
        self._world.events.record(
            kinds.NODE, node, "Normal", "NodeNotReady", text, component="node-controller"
        )
        for pod in self._pods(name):
            self._mark_unready(pod)
        now = self._world.now()
        self._world.engine.at(now + EVICTION, ("node", name), lambda: self._evict(name))

    def _mark_unready(self, pod: JsonObject) -> None:
        if not ready(pod):
            return
        status = copied(pod["status"])
        for found in status["conditions"]:
            if found["type"] == "Ready":
                found.update(status="False", lastTransitionTime=instant(self._world.now()))
        self._world.set_status(kinds.POD, pod, status)
        text = "Node is not ready"
        self._world.events.record(
            kinds.POD, pod, "Warning", "NodeNotReady", text, component="node-controller"
        )

    def _evict(self, name: str) -> None:
        """Those of a DaemonSet stay: they tolerate it for ever."""
        for pod in self._pods(name):
            if not _stays(pod):
                self._world.delete_pod(pod)

    def _pods(self, name: str) -> list[JsonObject]:
        pods = self._world.store.list(kinds.POD)
        return [pod for pod in pods if pod["spec"].get("nodeName") == name and active(pod)]


def _stays(pod: JsonObject) -> bool:
    tolerations = pod["spec"].get("tolerations") or []
    return any(t.get("key") == _UNREACHABLE and "tolerationSeconds" not in t for t in tolerations)


def _ready_condition(value: str, reason: str, message: str, now: datetime) -> JsonObject:
    return {
        "type": "Ready",
        "status": value,
        "lastHeartbeatTime": instant(now),
        "lastTransitionTime": instant(now),
        "reason": reason,
        "message": message,
    }
