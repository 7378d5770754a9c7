"""The controller of HorizontalPodAutoscalers: every 15 s as many replicas as the use of processor and memory asks for.

It knows metrics of type Resource with a utilisation, as `metrics.k8s.io` tells them; with any other, without a sample
or without a request to compare with it says so in its conditions and changes nothing, as the real one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from tools.cluster import JsonObject
from tools.quantities import parse_quantity
from tools.sandbox import kinds, selectors
from tools.sandbox.controllers.podview import active, ready
from tools.sandbox.controllers.progress import condition
from tools.sandbox.store import Change
from tools.sandbox.values import instant
from tools.sandbox.world import World

KIND = kinds.AUTOSCALER
PERIOD = timedelta(seconds=15)
STABLE = timedelta(seconds=300)
"""It goes down to the highest that was wanted within this time."""
TOLERANCE = 0.1
COMPONENT = "horizontal-pod-autoscaler"


class AutoscalerController:
    """Looks at every autoscaler when it is made or changed, and every 15 s from then on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wanted: dict[str, list[tuple[datetime, int]]] = {}
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind is not KIND:
            return
        before = change.old or {}
        if before.get("spec") != change.obj.get("spec"):
            self._soon(change.obj)

    def _soon(self, scaler: JsonObject) -> None:
        place, name = scaler["metadata"]["namespace"], scaler["metadata"]["name"]
        self._world.engine.enqueue(("autoscaler", place, name), lambda: self.sync(place, name))

    def sync(self, place: str, name: str) -> None:
        """Scale, write the status, and look again later."""
        scaler = self._world.store.get(KIND, place, name)
        if scaler is None:
            return
        again = self._world.now() + PERIOD
        self._world.engine.at(again, ("autoscaler", place, name), lambda: self.sync(place, name))
        workload = self._scaled(scaler)
        if workload is not None and workload["spec"].get("replicas", 1) > 0:
            self._decide(scaler, workload)

    def _scaled(self, scaler: JsonObject) -> JsonObject | None:
        reference = scaler["spec"].get("scaleTargetRef") or {}
        if reference.get("kind") != kinds.DEPLOYMENT.name:
            return None
        return self._world.store.get(
            kinds.DEPLOYMENT, scaler["metadata"]["namespace"], str(reference.get("name", ""))
        )

    def _decide(self, scaler: JsonObject, workload: JsonObject) -> None:
        current = int(workload["spec"].get("replicas", 1))
        shares = list(self._shares(scaler, workload))
        if not shares or None in shares:
            inactive = _stated(self._world, scaler, "ScalingActive", "False", "FailedGetResourceMetric")
            self._write(scaler, current, current, [inactive], scaler.get("status", {}).get("currentMetrics"))
            return
        told = [share for share in shares if share is not None]
        asked = max(_asked(current, ratio) for _, _, ratio in told)
        wanted = self._stable(scaler, current, asked)
        least, most = int(scaler["spec"].get("minReplicas", 1)), int(scaler["spec"]["maxReplicas"])
        bounded = min(max(wanted, least), most)
        if bounded != current:
            self._scale(scaler, workload, bounded)
        conditions = [
            _stated(self._world, scaler, "AbleToScale", "True", "ReadyForNewScale"),
            _stated(self._world, scaler, "ScalingActive", "True", "ValidMetricFound"),
            _stated(self._world, scaler, "ScalingLimited", *_limited(wanted, least, most)),
        ]
        self._write(scaler, current, bounded, conditions, [_current(n, used) for n, used, _ in told])

    def _shares(self, scaler: JsonObject, workload: JsonObject) -> Iterator[tuple[str, float, float] | None]:
        """Of each metric its name, its utilisation in percent, and that of its target; None where nobody tells."""
        for metric in scaler["spec"].get("metrics") or []:
            told = metric.get("resource") or {}
            target = float((told.get("target") or {}).get("averageUtilization") or 0)
            used = self._utilisation(workload, str(told.get("name", ""))) if target else None
            yield None if used is None else (str(told["name"]), used, used / target)

    def _utilisation(self, workload: JsonObject, resource: str) -> float | None:
        place = workload["metadata"]["namespace"]
        selector = selectors.from_object(workload["spec"].get("selector"))
        pods = [p for p in self._world.store.list(kinds.POD, place) if selectors.matches(selector, p)]
        samples = {s["metadata"]["name"]: s for s in self._samples(place)}
        counted = [pod for pod in pods if active(pod) and ready(pod) and pod["metadata"]["name"] in samples]
        asked = sum(_requested(pod, resource) for pod in counted)
        used = sum(_used(samples[pod["metadata"]["name"]], resource) for pod in counted)
        return used / asked * 100 if asked else None

    def _samples(self, place: str) -> list[JsonObject]:
        told = self._world.computed.get(kinds.POD_METRICS.key)
        return told(place) if told else []

    def _stable(self, scaler: JsonObject, current: int, asked: int) -> int:
        now = self._world.now()
        known = self._wanted.setdefault(scaler["metadata"]["uid"], [(now, current)])
        known[:] = [(at, count) for at, count in known if now - at < STABLE] + [(now, asked)]
        if asked >= current:
            return min(asked, max(2 * current, current + 4))
        return min(current, max(count for _, count in known))

    def _scale(self, scaler: JsonObject, workload: JsonObject, replicas: int) -> None:
        changed = {**workload, "metadata": dict(workload["metadata"])}
        changed["spec"] = {**workload["spec"], "replicas": replicas}
        self._world.update(kinds.DEPLOYMENT, workload, changed)
        text = f"New size: {replicas}; reason: resource utilization"
        self._world.events.record(KIND, scaler, "Normal", "SuccessfulRescale", text, component=COMPONENT)

    def _write(
        self,
        scaler: JsonObject,
        current: int,
        wanted: int,
        conditions: list[JsonObject],
        metrics: list[JsonObject] | None,
    ) -> None:
        status = {
            "currentReplicas": current,
            "desiredReplicas": wanted,
            "currentMetrics": metrics or [],
            "conditions": conditions,
        }
        self._world.set_status(KIND, scaler, status)


def _asked(current: int, ratio: float) -> int:
    return current if abs(ratio - 1) <= TOLERANCE else ceil(current * ratio)


def _limited(wanted: int, least: int, most: int) -> tuple[str, str]:
    if wanted > most:
        return "True", "TooManyReplicas"
    return ("True", "TooFewReplicas") if wanted < least else ("False", "DesiredWithinRange")


def _current(name: str, used: float) -> JsonObject:
    return {"type": "Resource", "resource": {"name": name, "current": {"averageUtilization": round(used)}}}


def _requested(pod: JsonObject, resource: str) -> float:
    requests = [(c.get("resources") or {}).get("requests") or {} for c in pod["spec"]["containers"]]
    return sum(parse_quantity(amounts[resource]) for amounts in requests if resource in amounts)


def _used(sample: JsonObject, resource: str) -> float:
    return sum(parse_quantity(container["usage"][resource]) for container in sample["containers"])


def _stated(world: World, scaler: JsonObject, kind: str, status: str, reason: str) -> JsonObject:
    """A condition, with when it last turned."""
    before = condition(scaler.get("status") or {}, kind)
    moved = before["lastTransitionTime"] if before and before["status"] == status else instant(world.now())
    return {"type": kind, "status": status, "reason": reason, "message": "", "lastTransitionTime": moved}
