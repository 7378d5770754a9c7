"""The scheduler: pods go to the Ready, schedulable node with the fewest pods."""

from __future__ import annotations

from collections import Counter

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.progress import condition
from tools.sandbox.store import Change
from tools.sandbox.values import copied, dig, instant
from tools.sandbox.world import World

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class Scheduler:
    """Binds pods to nodes; a pod that fits nowhere waits and says so."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind is kinds.POD and change.new and not change.new["spec"].get("nodeName"):
            metadata = change.new["metadata"]
            self._enqueue(metadata["namespace"], metadata["name"])
        elif change.kind is kinds.NODE:
            for pod in self._world.store.list(kinds.POD):
                if not pod["spec"].get("nodeName"):
                    self._enqueue(pod["metadata"]["namespace"], pod["metadata"]["name"])

    def _enqueue(self, namespace: str, name: str) -> None:
        self._world.engine.enqueue(("schedule", namespace, name), lambda: self.bind(namespace, name))

    def bind(self, namespace: str, name: str) -> None:
        """Put one pod on a node, if one fits."""
        pod = self._world.store.get(kinds.POD, namespace, name)
        if pod is None or pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
            return
        nodes = self._world.store.list(kinds.NODE)
        fitting = [node for node in nodes if fits(node, pod)]
        if not fitting:
            self._refuse(pod, len(nodes))
            return
        load = Counter(p["spec"].get("nodeName") for p in self._world.store.list(kinds.POD))
        node = min(fitting, key=lambda n: (load[n["metadata"]["name"]], n["metadata"]["name"]))
        node_name = node["metadata"]["name"]
        new = {**pod, "metadata": dict(pod["metadata"]), "spec": {**pod["spec"], "nodeName": node_name}}
        new["status"] = self._scheduled(pod, "True", "", "")
        self._world.store.put(kinds.POD, new)
        text = f"Successfully assigned {namespace}/{name} to {node_name}"
        self._event(new, "Normal", "Scheduled", text)

    def _refuse(self, pod: JsonObject, nodes: int) -> None:
        text = f"0/{nodes} nodes are available: {nodes} node(s) were unschedulable or did not match."
        status = self._scheduled(pod, "False", "Unschedulable", text)
        if status != pod.get("status"):
            pod = self._world.set_status(kinds.POD, pod, status)
            self._event(pod, "Warning", "FailedScheduling", text)

    def _event(self, pod: JsonObject, type_: str, reason: str, text: str) -> None:
        action = "Binding" if reason == "Scheduled" else "Scheduling"
        component = "default-scheduler"
        self._world.events.record_action(
            kinds.POD, pod, type_, reason, text, component=component, action=action
        )

    def _scheduled(self, pod: JsonObject, value: str, reason: str, text: str) -> JsonObject:
        status = copied(pod.get("status") or {})
        before = condition(status, "PodScheduled")
        if before and (before["status"], before.get("message", "")) == (value, text):
            return status
        found: JsonObject = {"type": "PodScheduled", "status": value, "lastProbeTime": None}
        found["lastTransitionTime"] = instant(self._world.now())
        found |= {key: value for key, value in (("reason", reason), ("message", text)) if value}
        others = [c for c in status.get("conditions") or [] if c["type"] != "PodScheduled"]
        status["conditions"] = [*others, found]
        return status


def fits(node: JsonObject, pod: JsonObject) -> bool:
    """Whether the pod may be put on the node now."""
    spec = node.get("spec") or {}
    found = condition(node.get("status") or {}, "Ready")
    if found is None or found["status"] != "True":
        return False
    if spec.get("unschedulable") and not tolerated(_UNSCHEDULABLE, pod):
        return False
    labels, name = node["metadata"].get("labels") or {}, node["metadata"]["name"]
    wanted = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in wanted.items()) or bound_to(pod) not in ("", name):
        return False
    return all(tolerated(taint, pod) for taint in spec.get("taints") or [])


def bound_to(pod: JsonObject) -> str:
    """The node that it is on, or the only one that it may be put on; empty: it may go anywhere."""
    if pod["spec"].get("nodeName"):
        return str(pod["spec"]["nodeName"])
    required = dig(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for term in (required or {}).get("nodeSelectorTerms") or []:
        for field in term.get("matchFields") or []:
            return str(field["values"][0])
    return ""


def tolerated(taint: JsonObject, pod: JsonObject) -> bool:
    """Whether a taint keeps the pod away no longer."""
    if taint.get("effect") == "PreferNoSchedule":
        return True
    for toleration in pod["spec"].get("tolerations") or []:
        key, effect = toleration.get("key"), toleration.get("effect")
        fits_value = toleration.get("operator") == "Exists" or toleration.get("value") == taint.get("value")
        if key in (None, taint["key"]) and effect in (None, taint["effect"]) and fits_value:
            return True
    return False
