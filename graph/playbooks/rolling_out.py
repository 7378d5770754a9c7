"""A rollout is under way and within its time: pods that are not ready yet are young, and nothing is wrong so far.

Proof: the newest revision is younger than the deadline for progress, not all pods are of it or ready yet, and none of
them fails, restarts or waits for a node. Counter-proof: any of these, a deadline that is over, a rollout that is
paused. Whoever rolls out watches it; a second change in the middle would bury what this one shows.
"""

from __future__ import annotations

from datetime import timedelta

from graph import counted
from graph.playbooks import Playbook
from graph.release_changes import changes
from graph.state import Finding
from graph.symptoms import current_revision, dependencies_down, is_failing, live_pods, pods_of
from tools.records import Evidence, RevisionFacts, WorkloadFacts

TOO_LATE = "ProgressDeadlineExceeded"


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload, current = evidence.workload, current_revision(evidence)
    if (
        workload is None
        or current is None
        or not _is_moving(workload)
        or not _is_young(workload, current, evidence)
    ):
        return None
    if not _older(current, evidence) or _some_fail(current, evidence) or dependencies_down(evidence):
        return None
    ends = current.created_at + timedelta(seconds=workload.progress_deadline_seconds)
    return Finding(
        problem="rolling_out",
        summary=(
            f"Revision {current.number} is being rolled out since {current.created_at:%H:%M:%S} UTC: "
            f"{workload.updated} of {workload.desired} pods are of it, {workload.ready} are ready."
        ),
        directness=1.0,
        evidence=tuple(evidence.cite("workload") + evidence.cite("revisions") + evidence.cite("pods")),
        facts=(
            f"no pod fails; of the newest revision {_ready(current, evidence)}",
            *([f"it changed {changed}"] if (changed := changes(evidence)) else []),
            f"it counts as stuck when nothing moves until {ends:%H:%M:%S} UTC",
        ),
        ruled_out=("a crash: no container has ended", "a stuck rollout: its deadline is to come"),
        next_step=(
            f"kubectl -n <namespace> rollout status <workload> watches it; wait until {ends:%H:%M} UTC. Change nothing "
            "meanwhile: kubectl -n <namespace> rollout undo <workload> only if users suffer and whoever rolls it out "
            "agrees."
        ),
        how_soon="later" if workload.ready >= workload.desired else "",
    )


def _is_moving(workload: WorkloadFacts) -> bool:
    if workload.paused or workload.progressing_reason == TOO_LATE:
        return False
    if workload.observed_generation < workload.generation or workload.desired == 0:
        return False
    return (
        workload.updated < workload.desired
        or workload.replicas > workload.updated
        or workload.ready < workload.desired
    )


def _is_young(workload: WorkloadFacts, current: RevisionFacts, evidence: Evidence) -> bool:
    age = (evidence.collected_at - current.created_at).total_seconds()
    return 0 <= age < workload.progress_deadline_seconds


def _older(current: RevisionFacts, evidence: Evidence) -> bool:
    """A first release has nothing that served before; that it is not ready says more."""
    return any(r.template_digest != current.template_digest for r in evidence.revisions)


def _some_fail(current: RevisionFacts, evidence: Evidence) -> bool:
    now, mine = evidence.collected_at, {pod.uid for pod in pods_of(evidence, current)}
    return any(
        is_failing(pod, now)
        or pod.unschedulable
        or any(c.restart_count for c in pod.containers)
        or (not pod.ready and pod.uid not in mine)
        for pod in live_pods(evidence)
    )


def _ready(current: RevisionFacts, evidence: Evidence) -> str:
    pods = pods_of(evidence, current)
    return f"{sum(pod.ready for pod in pods)} of {counted.times(len(pods), 'pod')} are ready"


PLAYBOOK = Playbook(problem="rolling_out", rank=88, proves=proves)
