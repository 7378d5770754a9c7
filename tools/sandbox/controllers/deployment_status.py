"""The status of a Deployment: counts, Available, and Progressing with its deadline."""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.progress import has_deadline, progressing, with_condition
from tools.sandbox.controllers.scaling import available, desired, total, unavailable
from tools.sandbox.values import copied, parse_instant
from tools.sandbox.world import World


def sync_status(
    world: World,
    deployment: JsonObject,
    new: JsonObject | None,
    old: list[JsonObject],
    *,
    rolling: bool,
) -> JsonObject:
    """Compute and store the status; returns the Deployment as it is afterwards.

    Progress is judged while `rolling` only: not for a paused Deployment, nor while it is being resized.
    """
    status = _counts(world, deployment, new, old)
    if not has_deadline(deployment):
        status["conditions"] = [c for c in status["conditions"] if c["type"] != "Progressing"]
    elif rolling and not _settled(deployment, status):
        _progress(world, deployment, new, status)
    return world.set_status(kinds.DEPLOYMENT, deployment, status)


def _counts(
    world: World, deployment: JsonObject, new: JsonObject | None, old: list[JsonObject]
) -> JsonObject:
    owned = [*([new] if new else []), *old]
    status = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": _sum(owned, "replicas"),
        "updatedReplicas": _sum([new] if new else [], "replicas"),
        "readyReplicas": _sum(owned, "readyReplicas"),
        "availableReplicas": sum(available(replicaset) for replicaset in owned),
    }
    status["unavailableReplicas"] = max(0, total(owned) - status["availableReplicas"])
    status = {key: value for key, value in status.items() if value or key == "observedGeneration"}
    status["conditions"] = copied((deployment.get("status") or {}).get("conditions") or [])
    enough = status.get("availableReplicas", 0) >= desired(deployment) - unavailable(deployment)
    status["conditions"] = with_condition(
        status,
        "Available",
        "True" if enough else "False",
        f"MinimumReplicas{'Available' if enough else 'Unavailable'}",
        f"Deployment {'has' if enough else 'does not have'} minimum availability.",
        world.now(),
    )
    return status


def _sum(replicasets: list[JsonObject], key: str) -> int:
    return sum(int((replicaset.get("status") or {}).get(key, 0)) for replicaset in replicasets)


def _settled(deployment: JsonObject, status: JsonObject) -> bool:
    """True if the last rollout ended: crashing pods do not reopen it (the trap of kubernetes.md 5.2)."""
    current = progressing(deployment)
    reason = current["reason"] if current else ""
    same = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    return same and reason == "NewReplicaSetAvailable"


def _progress(world: World, deployment: JsonObject, new: JsonObject | None, status: JsonObject) -> None:
    about = (
        f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
    )
    now = world.now()

    def put(value: str, reason: str, ending: str, *, touch: bool = False) -> None:
        status["conditions"] = with_condition(
            status, "Progressing", value, reason, f"{about} {ending}", now, touch=touch
        )

    if _complete(deployment, status):
        put("True", "NewReplicaSetAvailable", "has successfully progressed.")
    elif _moved(deployment, status):
        put("True", "ReplicaSetUpdated", "is progressing.", touch=True)
    elif _timed_out(world, deployment):
        put("False", "ProgressDeadlineExceeded", "has timed out progressing.")


def _complete(deployment: JsonObject, status: JsonObject) -> bool:
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    return counts == {desired(deployment)}


def _moved(deployment: JsonObject, status: JsonObject) -> bool:
    before = deployment.get("status") or {}

    def old_pods(counted: JsonObject) -> int:
        return int(counted.get("replicas", 0) - counted.get("updatedReplicas", 0))

    grew = any(
        status.get(key, 0) > before.get(key, 0)
        for key in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grew or old_pods(status) < old_pods(before)


def _timed_out(world: World, deployment: JsonObject) -> bool:
    due = deadline(deployment)
    current = progressing(deployment)
    if current and current["reason"] == "ProgressDeadlineExceeded":
        return True
    return due is not None and world.now() > due


def deadline(deployment: JsonObject) -> datetime | None:
    """When the present rollout runs out of time; None while nothing is rolling out."""
    current = progressing(deployment)
    if current is None or not has_deadline(deployment):
        return None
    if current["reason"] in ("NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"):
        return None
    seconds = deployment["spec"]["progressDeadlineSeconds"]
    return parse_instant(current["lastUpdateTime"]) + timedelta(seconds=seconds)
