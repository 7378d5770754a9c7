"""`metrics.k8s.io` of the sandbox: what the containers of running pods use, as told by a test or a demo.

A workload has a load, which its ready pods share: scaling up lowers what each of them uses. No container uses more
than its limit of processor time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tools.cluster import JsonObject
from tools.quantities import parse_quantity
from tools.sandbox import kinds
from tools.sandbox.controllers.podview import ready, workload_name
from tools.sandbox.values import instant, parse_instant
from tools.sandbox.world import World

IDLE_CORES, IDLE_BYTES = 0.001, 16 * 1024.0**2
FIRST_SAMPLE = timedelta(seconds=15)
"""A container that started more recently has no sample yet, and its pod is left out."""
RESOLUTION = timedelta(seconds=15)


@dataclass(frozen=True)
class Load:
    """What one container of a workload is asked to do."""

    cores: float = 0.0
    """Of all its pods together."""
    memory: float = IDLE_BYTES
    """Bytes of each pod."""
    container: str = ""
    """Empty: the first one."""


@dataclass
class Metrics:
    """Loads by namespace and workload; `served` False: no metrics server is installed."""

    world: World
    served: bool = True
    loads: dict[tuple[str, str], Load] = field(default_factory=dict)

    def objects(self, namespace: str = "") -> list[JsonObject]:
        """A PodMetrics for every running pod, in the order of namespace and name."""
        pods = self.world.store.list(kinds.POD, namespace)
        running = [pod for pod in pods if _is_sampled(pod, self.world.now())]
        return [self._of(pod) for pod in running]

    def _of(self, pod: JsonObject) -> JsonObject:
        metadata = pod["metadata"]
        load = self.loads.get((metadata["namespace"], workload_name(self.world.store, pod)), Load())
        containers = [
            _usage(c, load, at == 0, self._sharers(pod)) for at, c in enumerate(pod["spec"]["containers"])
        ]
        now = instant(self.world.now())
        kept = {key: metadata[key] for key in ("name", "namespace", "labels") if key in metadata}
        return {
            "kind": kinds.POD_METRICS.name,
            "apiVersion": kinds.POD_METRICS.api_version,
            "metadata": {**kept, "creationTimestamp": now},
            "timestamp": now,
            "window": "15s",
            "containers": containers,
        }

    def _sharers(self, pod: JsonObject) -> int:
        """How many ready pods the load is spread over; one that is not ready bears none of it."""
        if not ready(pod):
            return 0
        workload = workload_name(self.world.store, pod)
        pods = self.world.store.list(kinds.POD, pod["metadata"]["namespace"])
        return sum(ready(p) and workload_name(self.world.store, p) == workload for p in pods)


def _is_sampled(pod: JsonObject, now: datetime) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    started = [status["state"].get("running", {}).get("startedAt") for status in statuses]
    return bool(started) and all(at and now - parse_instant(at) >= FIRST_SAMPLE for at in started)


def _usage(container: JsonObject, load: Load, first: bool, sharers: int) -> JsonObject:
    cores, memory = IDLE_CORES, IDLE_BYTES
    if load.container == container["name"] or (first and not load.container):
        cores, memory = max(cores, load.cores / sharers if sharers else 0.0), load.memory
    limit = ((container.get("resources") or {}).get("limits") or {}).get("cpu")
    if limit is not None:
        cores = min(cores, parse_quantity(limit))
    usage = {"cpu": f"{round(cores * 1e9)}n", "memory": f"{round(memory / 1024)}Ki"}
    return {"name": container["name"], "usage": usage}
