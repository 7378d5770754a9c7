"""What a pod asks the scheduler for, all its containers together."""

from __future__ import annotations

from tools.resources import JsonObject
from tools.usage import amount


def requested(pod: JsonObject, resource: str) -> float:
    """Cores or bytes, as the scheduler counts: what runs together, one init container that needs more by itself, and
    the overhead of its runtime; 0 where it asks for none.
    """
    spec = pod.get("spec") or {}
    inits = spec.get("initContainers") or []
    sidecars = [container for container in inits if container.get("restartPolicy") == "Always"]
    once = [container for container in inits if container not in sidecars]
    together = _sum([*(spec.get("containers") or []), *sidecars], resource)
    alone = max((_sum([container], resource) for container in once), default=0.0)
    overhead = amount({"resources": {"requests": spec.get("overhead") or {}}}, "requests", resource)
    return max(together, alone) + (overhead or 0.0)


def _sum(containers: list[JsonObject], resource: str) -> float:
    return sum(amount(container, "requests", resource) or 0.0 for container in containers)
