"""The quota controller: how much of each ResourceQuota the pods of its namespace use."""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.quantities import format_quantity, parse_quantity
from tools.sandbox import kinds
from tools.sandbox.store import Change
from tools.sandbox.world import World

KIND = kinds.RESOURCEQUOTA
_ALIASES = {"cpu": ("requests", "cpu"), "memory": ("requests", "memory")}


class QuotaController:
    """Counts pods, requests and limits; other things that a quota may bound stay at 0."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind not in (KIND, kinds.POD):
            return
        namespace = change.obj["metadata"].get("namespace", "")
        if self._world.store.list(KIND, namespace):
            self._world.engine.enqueue(("quotas", namespace), lambda: self.sync(namespace))

    def sync(self, namespace: str) -> None:
        """Write the use of every quota of the namespace."""
        pods = self._world.store.list(kinds.POD, namespace)
        for quota in self._world.store.list(KIND, namespace):
            hard: dict[str, str] = quota["spec"].get("hard") or {}
            used = {name: format_quantity(used_by(name, pods), name) for name in hard}
            self._world.set_status(KIND, quota, {"hard": dict(hard), "used": used})


def _counts(pod: JsonObject) -> bool:
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def used_by(name: str, pods: list[JsonObject]) -> float:
    """What these pods use of one resource of a quota; those that have finished use nothing."""
    pods = [pod for pod in pods if _counts(pod)]
    if name in ("pods", "count/pods"):
        return float(len(pods))
    field, _, resource = name.partition(".")
    if name in _ALIASES:
        field, resource = _ALIASES[name]
    if field not in ("requests", "limits"):
        return 0.0
    containers = [c for pod in pods for c in pod["spec"]["containers"]]
    amounts = (((c.get("resources") or {}).get(field) or {}).get(resource, 0) for c in containers)
    return sum(parse_quantity(amount) for amount in amounts)
