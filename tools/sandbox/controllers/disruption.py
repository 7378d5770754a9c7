"""The disruption controller: what every PodDisruptionBudget allows right now, written into its status."""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.sandbox import kinds, selectors
from tools.sandbox.controllers.podview import active, ready
from tools.sandbox.controllers.progress import condition
from tools.sandbox.store import Change
from tools.sandbox.values import controller_of, instant
from tools.sandbox.world import World

KIND = kinds.POD_DISRUPTION_BUDGET
_OWNERS = (kinds.REPLICASET, kinds.STATEFULSET)


class DisruptionController:
    """Keeps the status of budgets up to date with the pods that they cover."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind not in (KIND, kinds.POD, *_OWNERS):
            return
        namespace = change.obj["metadata"].get("namespace", "")
        for budget in self._world.store.list(KIND, namespace):
            name = budget["metadata"]["name"]
            self._world.engine.enqueue(("budget", namespace, name), lambda n=name: self.sync(namespace, n))  # type: ignore[misc]

    def sync(self, namespace: str, name: str) -> None:
        """Write what this budget allows."""
        budget = self._world.store.get(KIND, namespace, name)
        if budget is not None:
            self._world.set_status(KIND, budget, budget_status(self._world, budget))


def covering(world: World, pod: JsonObject) -> list[JsonObject]:
    """The budgets whose selector matches the pod."""
    budgets = world.store.list(KIND, pod["metadata"]["namespace"])
    return [b for b in budgets if selectors.matches(selectors.from_object(b["spec"].get("selector")), pod)]


def budget_status(world: World, budget: JsonObject) -> JsonObject:
    """The whole status as the controller would write it now."""
    selector = selectors.from_object(budget["spec"].get("selector"))
    found = world.store.list(kinds.POD, budget["metadata"]["namespace"])
    pods = [pod for pod in found if selectors.matches(selector, pod) and active(pod)]
    expected, needed = _wanted(world, budget["spec"], pods)
    healthy = sum(ready(pod) for pod in pods)
    allowed = max(0, healthy - needed) if expected > 0 else 0
    status = {
        "observedGeneration": budget["metadata"]["generation"],
        "disruptionsAllowed": allowed,
        "currentHealthy": healthy,
        "desiredHealthy": needed,
        "expectedPods": expected,
    }
    return {**status, "conditions": [_condition(world, budget, allowed)]}


def _wanted(world: World, spec: JsonObject, pods: list[JsonObject]) -> tuple[int, int]:
    """Expected and needed pods: a share is one of the scale of the pods' owners, a number of pods is a number."""
    least = spec.get("minAvailable")
    if isinstance(least, int):
        return len(pods), least
    scale = _scale(world, pods)
    if least is not None:
        return scale, _share(least, scale)
    return scale, max(0, scale - _share(spec.get("maxUnavailable", 0), scale))


def _scale(world: World, pods: list[JsonObject]) -> int:
    owners = {owner["uid"]: owner for pod in pods if (owner := controller_of(pod))}
    total = 0
    for owner in owners.values():
        kind = next((kind for kind in _OWNERS if kind.name == owner["kind"]), None)
        found = world.store.get(kind, pods[0]["metadata"]["namespace"], owner["name"]) if kind else None
        total += int(found["spec"].get("replicas", 1)) if found else 0
    return total


def _share(value: int | str, total: int) -> int:
    if isinstance(value, int):
        return value
    return -(-total * int(value.rstrip("%")) // 100)


def _condition(world: World, budget: JsonObject, allowed: int) -> JsonObject:
    value, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
    before = condition(budget.get("status") or {}, "DisruptionAllowed")
    moved = before["lastTransitionTime"] if before and before["status"] == value else instant(world.now())
    return {
        "type": "DisruptionAllowed",
        "status": value,
        "reason": reason,
        "message": "",
        "observedGeneration": budget["metadata"]["generation"],
        "lastTransitionTime": moved,
    }
