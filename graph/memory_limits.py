"""How much more memory a container may be given: computed and bounded, never taken from anywhere else (R8.3)."""

from __future__ import annotations

from math import floor

from tools.records import ContainerFacts, Evidence, Record

FACTOR = 1.5
"""At most this much of the present limit (kubernetes.md 2.4, 4.8)."""
MOST_BYTES = 16 * 2.0**30
"""No container is given more, whatever it has now."""
SHARE_OF_NODE = 0.5
WORTH_IT = 1.1
"""A limit that grows by less helps nobody."""
_STEP = 2.0**20 * 8


class Room(Record):
    """A limit that could be set, and what bounds it."""

    limit: float
    """Bytes, in whole steps of 8 MiB; the present limit where there is no room."""
    bound: str
    """What keeps it from being higher."""
    enough: bool
    """It is worth setting."""


def room_for(container: ContainerFacts, evidence: Evidence) -> Room | None:
    """The highest limit within all bounds; None for a container without a limit."""
    present = container.memory_limit
    if not present:
        return None
    bounds = {f"half as much again as now ({spelled(present)})": present * FACTOR}
    bounds["the most that this agent proposes"] = MOST_BYTES
    bounds |= {f"LimitRange {r.name}": r.most_memory for r in evidence.limits if r.most_memory}
    bounds |= _quotas(container, present, evidence)
    sizes = [node.allocatable_memory for node in evidence.nodes if node.allocatable_memory]
    if sizes:
        bounds["half of the node"] = max(sizes) * SHARE_OF_NODE
    bound = min(bounds, key=lambda name: bounds[name])
    limit = max(present, floor(bounds[bound] / _STEP) * _STEP)
    return Room(limit=limit, bound=bound, enough=limit >= present * WORTH_IT)


def spelled(amount: float) -> str:
    """Bytes as Kubernetes spells them, in Mi."""
    return f"{amount / 2**20:.0f}Mi"


def _quotas(container: ContainerFacts, present: float, evidence: Evidence) -> dict[str, float]:
    """What each replica could grow by before a quota says no."""
    replicas = max(1, evidence.workload.desired if evidence.workload else len(evidence.pods))
    keys = ["limits.memory"]
    if container.memory_request == present:
        keys += ["requests.memory", "memory"]
    found = {}
    for quota in evidence.quotas:
        for key in keys:
            if key in quota.hard:
                left = max(0.0, quota.hard[key] - quota.used.get(key, 0.0))
                found[f"ResourceQuota {quota.name}"] = present + left / replicas
    return found
