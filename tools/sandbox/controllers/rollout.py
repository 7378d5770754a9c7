"""The arithmetic of a rolling update."""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.sandbox.controllers.scaling import available, desired, scale, surge, total, unavailable
from tools.sandbox.world import World


def new_replicas(deployment: JsonObject, new: JsonObject, old: list[JsonObject]) -> int:
    """Size of the new ReplicaSet that the surge allows now."""
    size = int(new["spec"]["replicas"])
    if size >= desired(deployment):
        return desired(deployment)
    room = desired(deployment) + surge(deployment) - total([*old, new])
    if room <= 0:
        return size
    return size + min(room, desired(deployment) - size)


def shrink_old(world: World, deployment: JsonObject, new: JsonObject, old: list[JsonObject]) -> bool:
    """Scale old ReplicaSets down as far as availability allows, unhealthy pods first. True if any was."""
    if total(old) == 0:
        return False
    least = desired(deployment) - unavailable(deployment)
    missing = new["spec"]["replicas"] - available(new)
    most = total([*old, new]) - least - missing
    if most <= 0:
        return False
    sizes = {replicaset["metadata"]["name"]: replicaset["spec"]["replicas"] for replicaset in old}
    _drop_unhealthy(old, sizes, most)
    _drop_healthy(deployment, new, old, sizes)
    changed = [scale(world, deployment, rs, sizes[rs["metadata"]["name"]]) for rs in old]
    return any(changed)


def _drop_unhealthy(old: list[JsonObject], sizes: dict[str, int], most: int) -> None:
    for replicaset in old:
        name = replicaset["metadata"]["name"]
        dropped = min(most, sizes[name] - available(replicaset))
        if dropped > 0:
            sizes[name] -= dropped
            most -= dropped


def _drop_healthy(
    deployment: JsonObject, new: JsonObject, old: list[JsonObject], sizes: dict[str, int]
) -> None:
    least = desired(deployment) - unavailable(deployment)
    spare = sum(available(replicaset) for replicaset in [*old, new]) - least
    for replicaset in old:
        name = replicaset["metadata"]["name"]
        dropped = min(sizes[name], spare)
        if dropped > 0:
            sizes[name] -= dropped
            spare -= dropped
