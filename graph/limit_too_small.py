"""Whether a memory limit is shown to be too small, and the proposal that raises it. Pure.

Killed again after the kubelet's own restart, and not after slow growth: a restart has been tried and mends nothing.
What has run for long under the same limit, with room left, is a counter-proof: then it is that one pod's work, not the
limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.load import memory_share
from graph.memory_limits import Room, room_for, spelled
from graph.state import Proposal
from graph.symptoms import LIVED_WELL_SECONDS, is_complete, is_injected, life_seconds, live_pods
from tools.records import ActionCall, ContainerFacts, Evidence, PodFacts, Target

NEAR_LIMIT = 0.85
Killed = tuple[PodFacts, ContainerFacts]


def too_small(killed: Sequence[Killed], evidence: Evidence) -> bool:
    """See the module's words. Only where one container is killed, and no rollout is on its way."""
    if len({container.name for _, container in killed}) != 1 or not is_complete(evidence):
        return False
    again = all(_again(container) for _, container in killed)
    return again and not _does_elsewhere(killed, evidence)


def more_memory(problem: str, killed: Sequence[Killed], evidence: Evidence, target: Target) -> list[Proposal]:
    """The highest limit within all bounds, where one is worth setting; a person decides."""
    (_, container), workload = killed[0], evidence.workload
    room = None if is_injected(container, evidence) else room_for(container, evidence)
    if room is None or not room.enough or workload is None or not container.memory_limit:
        return []
    args = {
        "namespace": target.namespace,
        "name": target.name,
        "uid": target.uid,
        "from_digest": workload.template_digest,
        "container": container.name,
        "from_limit": int(container.memory_limit),
        "limit": int(room.limit),
        "from_request": int(container.memory_request or container.memory_limit),
        "request": int(room.request),
    }
    return [
        Proposal(
            call=ActionCall(name="set_memory_limit", args=args),
            target=target,
            risk="high",
            problem=problem,
            reason=_reason(container, room),
            workload_digest=workload.template_digest,
        )
    ]


def _reason(container: ContainerFacts, room: Room) -> str:
    before, after = spelled(container.memory_limit or 0.0), spelled(room.limit)
    return (
        f"Its limit of {before} is too small, and a restart mends nothing: {after} for container "
        f"{container.name} (bounded by {room.bound})."
    )


def _again(container: ContainerFacts) -> bool:
    """Ended more than once, the last time after a life too short for slow growth: one restart has been tried."""
    life = life_seconds(container)
    ends = container.restart_count + (container.running_since is None)
    return life is not None and life < LIVED_WELL_SECONDS and ends >= 2


def _does_elsewhere(killed: Sequence[Killed], evidence: Evidence) -> bool:
    """A sibling has run well for long under the same limit and is not known to be near it."""
    ill, name = {pod.uid for pod, _ in killed}, killed[0][1].name
    for pod in live_pods(evidence):
        container = next((c for c in pod.containers if c.name == name and not c.init), None)
        if pod.uid in ill or container is None or container.running_since is None or not pod.ready:
            continue
        ran = (evidence.collected_at - container.running_since).total_seconds()
        share = memory_share(pod, container, evidence)
        if ran >= LIVED_WELL_SECONDS and (share is None or share < NEAR_LIMIT):
            return True
    return False
