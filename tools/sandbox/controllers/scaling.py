"""How many pods a Deployment may have, and setting a ReplicaSet to a number of them."""

from __future__ import annotations

import math

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.world import World

DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"


def desired(deployment: JsonObject) -> int:
    """spec.replicas."""
    return int(deployment["spec"].get("replicas", 1))


def fenceposts(deployment: JsonObject) -> tuple[int, int]:
    """maxSurge (percentages round up) and maxUnavailable (they round down); never both zero."""
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    total = desired(deployment)
    more = _resolve(rolling.get("maxSurge", "25%"), total, up=True)
    fewer = _resolve(rolling.get("maxUnavailable", "25%"), total, up=False)
    return (more, fewer) if more or fewer else (0, 1)


def surge(deployment: JsonObject) -> int:
    """Pods beyond spec.replicas that a rolling update may have."""
    return fenceposts(deployment)[0] if deployment["spec"]["strategy"]["type"] == "RollingUpdate" else 0


def unavailable(deployment: JsonObject) -> int:
    """Pods that may be missing during a rolling update."""
    if deployment["spec"]["strategy"]["type"] != "RollingUpdate" or desired(deployment) == 0:
        return 0
    return min(fenceposts(deployment)[1], desired(deployment))


def total(replicasets: list[JsonObject]) -> int:
    """Sum of spec.replicas."""
    return sum(replicaset["spec"]["replicas"] for replicaset in replicasets)


def available(replicaset: JsonObject) -> int:
    """status.availableReplicas."""
    return int((replicaset.get("status") or {}).get("availableReplicas", 0))


def scale(world: World, deployment: JsonObject, replicaset: JsonObject, replicas: int) -> bool:
    """Set a ReplicaSet's size and say so in an Event. True if the size changed."""
    before = int(replicaset["spec"]["replicas"])
    annotations = replicaset["metadata"].get("annotations") or {}
    limit = desired(deployment) + surge(deployment)
    wanted = {**annotations, DESIRED: str(desired(deployment)), MAXIMUM: str(limit)}
    if before == replicas and annotations == wanted:
        return False
    metadata = {**replicaset["metadata"], "annotations": wanted}
    changed = {**replicaset, "metadata": metadata, "spec": {**replicaset["spec"], "replicas": replicas}}
    updated = world.update(kinds.REPLICASET, replicaset, changed)
    if before != replicas:
        announce(world, deployment, updated, before, replicas)
    return before != replicas


def announce(world: World, deployment: JsonObject, replicaset: JsonObject, before: int, after: int) -> None:
    """The ScalingReplicaSet Event."""
    word = "up" if after > before else "down"
    text = f"Scaled {word} replica set {replicaset['metadata']['name']} from {before} to {after}"
    component = "deployment-controller"
    world.events.record(
        kinds.DEPLOYMENT, deployment, "Normal", "ScalingReplicaSet", text, component=component
    )


def is_scaling_event(deployment: JsonObject, owned: list[JsonObject]) -> bool:
    """True if spec.replicas changed since the active ReplicaSets were scaled last."""
    for replicaset in owned:
        noted = (replicaset["metadata"].get("annotations") or {}).get(DESIRED)
        if replicaset["spec"]["replicas"] > 0 and noted is not None and int(noted) != desired(deployment):
            return True
    return False


def scale_proportionally(
    world: World, deployment: JsonObject, new: JsonObject | None, old: list[JsonObject]
) -> None:
    """Bring a Deployment that is not rolling out (or paused) to its size, keeping the shares."""
    owned = ([new] if new else []) + old
    active = [replicaset for replicaset in owned if replicaset["spec"]["replicas"] > 0]
    if len(active) <= 1:
        only = active[0] if active else (new or (old[-1] if old else None))
        if only:
            scale(world, deployment, only, desired(deployment))
        return
    if new and _saturated(deployment, new):
        for replicaset in old:
            scale(world, deployment, replicaset, 0)
        return
    allowed = desired(deployment) + surge(deployment) if desired(deployment) else 0
    _spread(world, deployment, active, allowed - total(owned))


def _spread(world: World, deployment: JsonObject, active: list[JsonObject], to_add: int) -> None:
    ordered = sorted(active, key=lambda rs: rs["spec"]["replicas"], reverse=True)
    sizes, added = [], 0
    for replicaset in ordered:
        share = _share(deployment, replicaset, to_add, added) if to_add else 0
        added += share
        sizes.append(replicaset["spec"]["replicas"] + share)
    if ordered and to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    for replicaset, size in zip(ordered, sizes, strict=True):
        scale(world, deployment, replicaset, size)


def _share(deployment: JsonObject, replicaset: JsonObject, to_add: int, added: int) -> int:
    size = int(replicaset["spec"]["replicas"])
    noted = int((replicaset["metadata"].get("annotations") or {}).get(MAXIMUM, 0))
    before = noted or int((deployment.get("status") or {}).get("replicas", 0)) or 1
    target = round(size * (desired(deployment) + surge(deployment)) / before)
    left = to_add - added
    return min(target - size, left) if to_add > 0 else max(target - size, left)


def _saturated(deployment: JsonObject, replicaset: JsonObject) -> bool:
    noted = int((replicaset["metadata"].get("annotations") or {}).get(DESIRED, -1))
    size = desired(deployment)
    return {int(replicaset["spec"]["replicas"]), noted, available(replicaset)} == {size}


def _resolve(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = total * int(value.rstrip("%")) / 100
    return math.ceil(share) if up else math.floor(share)
