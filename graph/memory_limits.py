"""How much more memory a container may be given: computed and bounded, never taken from anywhere else (R8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

from graph.load import per_pod
from graph.symptoms import live_pods
from tools.memory_bounds import FACTOR, MOST_BYTES, SHARE_OF_NODE, raised_request
from tools.records import Argument, ContainerFacts, Evidence, Record

WORTH_IT = 1.1
"""A limit that grows by less helps nobody."""
_STEP = 2**20 * 8
_FIELDS: Mapping[str, str] = {"limits.memory": "limit", "requests.memory": "request", "memory": "request"}
"""Which amount of a container a quota counts."""


class Room(Record):
    """A limit that could be set, and what bounds it."""

    limit: float
    """Bytes, in whole steps of 8 MiB; the present limit where there is no room."""
    bound: str
    """What keeps it from being higher."""
    enough: bool
    """It is worth setting."""
    request: float = 0.0
    """Bytes: what goes with that limit."""


class MemoryAsk(Record):
    """What a proposal would give one container, and what stands around that."""

    limit: float = 0.0
    """Bytes."""
    pod_limit: float = 0.0
    """Of all containers of a pod together, with it; 0: not all of them have one."""
    quota_lacks: str = ""
    """Which quota the pods would exceed, those that a rolling update makes beyond the wanted ones included."""
    node: float | None = None
    """Allocatable memory of the largest node that was read; None: not known."""


def room_for(container: ContainerFacts, evidence: Evidence) -> Room | None:
    """The highest limit within all bounds; None for a container without a limit."""
    present = container.memory_limit
    if not present:
        return None
    bounds = {f"half as much again as now ({spelled(present)})": present * FACTOR}
    bounds["the most that this agent proposes"] = float(MOST_BYTES)
    bounds |= _ranges(container, present, evidence)
    bounds |= _quotas(container, present, evidence)
    size = largest_node(evidence)
    if size:
        bounds["half of the node"] = size * SHARE_OF_NODE
    bound = min(bounds, key=lambda name: bounds[name])
    limit = max(present, floor(bounds[bound] / _STEP) * _STEP)
    request = raised_request(int(_request(container)), int(present), int(limit))
    return Room(limit=limit, bound=bound, enough=limit >= present * WORTH_IT, request=request)


def memory_ask(args: Mapping[str, Argument], evidence: Evidence) -> MemoryAsk:
    """What the arguments of `set_memory_limit` come to."""
    limit, before = int(args["limit"] or 0), int(args["from_limit"] or 0)
    return MemoryAsk(
        limit=limit,
        pod_limit=_pod_limit(str(args["container"]), limit, evidence),
        quota_lacks=_quota_lacks(
            limit - before, int(args["request"] or 0) - int(args["from_request"] or 0), evidence
        ),
        node=largest_node(evidence),
    )


def largest_node(evidence: Evidence) -> float | None:
    """Allocatable memory of the largest node that was read."""
    return max((node.allocatable_memory for node in evidence.nodes if node.allocatable_memory), default=None)


def spelled(amount: float) -> str:
    """Bytes as Kubernetes spells them, in Mi."""
    return f"{amount / 2**20:.0f}Mi"


def _request(container: ContainerFacts) -> float:
    """What the API takes for requested where nothing is said: the limit."""
    return container.memory_request or container.memory_limit or 0.0


def _ranges(container: ContainerFacts, present: float, evidence: Evidence) -> dict[str, float]:
    found = {f"LimitRange {r.name}": r.most_memory for r in evidence.limits if r.most_memory}
    others = _pod_limit(container.name, 0, evidence)
    for one in evidence.limits:
        if one.most_pod_memory:
            bound = one.most_pod_memory - others
            found[f"LimitRange {one.name} of a pod"] = max(present, bound)
    return found


def _pod_limit(container: str, limit: float, evidence: Evidence) -> float:
    """The greatest sum of limits among the pods, with this one for that container."""
    return max(
        (
            sum(limit if c.name == container else c.memory_limit or 0.0 for c in pod.containers if not c.init)
            for pod in live_pods(evidence)
        ),
        default=float(limit),
    )


def _counts(evidence: Evidence) -> tuple[int, int]:
    """How many pods are wanted, and how many more a rolling update may make."""
    workload = evidence.workload
    return max(1, workload.desired if workload else len(evidence.pods)), workload.surge if workload else 0


def _quotas(container: ContainerFacts, present: float, evidence: Evidence) -> dict[str, float]:
    """What each replica could grow by before a quota says no to the last pod of the rolling update."""
    replicas, surge = _counts(evidence)
    found: dict[str, float] = {}
    for quota in evidence.quotas:
        for key, field in _FIELDS.items():
            if key not in quota.hard:
                continue
            share = 1.0 if field == "limit" else _request(container) / present
            rounding = 0.0 if share == 1.0 else 2.0**20
            left = quota.hard[key] - quota.used.get(key, 0.0) - surge * per_pod(key, evidence)
            each = max(0.0, left / (replicas + surge) - rounding)
            name = f"ResourceQuota {quota.name}"
            found[name] = min(found.get(name, present + each / share), present + each / share)
    return found


def _quota_lacks(more_limit: float, more_request: float, evidence: Evidence) -> str:
    replicas, surge = _counts(evidence)
    for quota in evidence.quotas:
        for key, hard in sorted(quota.hard.items()):
            more = {"limit": more_limit, "request": more_request}.get(_FIELDS.get(key, ""), 0.0)
            needed, used = replicas * more + surge * (per_pod(key, evidence) + more), quota.used.get(key, 0.0)
            if needed > 0 and used + needed > hard * (1 + 1e-9):
                return f"ResourceQuota {quota.name}: {key} {used:g} of {hard:g} used, {needed:g} more needed"
    return ""
