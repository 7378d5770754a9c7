"""An ordered StatefulSet has left a bad revision, and a pod of that revision still holds it up (kubernetes.md 4.6).

Its controller replaces no pod while another one is not ready, and it does not take away a broken one of the revision
before: a template that was put right, by a rollback or a new release, reaches nobody until that pod is evicted.

Proof: exactly one live pod is not ready; it is of another revision than the template, was never ready, and is old
enough; every other pod is ready, and at least one of them is of the template's own revision or there is no older one
beside the broken. Counter-proof: the pod is of the present revision (`bad_release`), a second one is not ready, the
strategy is OnDelete, or a partition keeps that ordinal on the older revision. A person is asked: what it holds on its
volume stays, and which member of a cluster may go now no status tells.
"""

from __future__ import annotations

from datetime import timedelta

from graph.blocked_rollouts import of_older_revisions, ordinal, state_of
from graph.evictions import OLD_ENOUGH, eviction, node_line, node_of
from graph.playbooks import Playbook
from graph.said import quoted
from graph.state import Finding, Proposal
from graph.symptoms import crashed_container, describe_crash, live_pods
from graph.workload_words import name_in
from tools.records import Evidence, PodFacts, Target

NEVER_READY = timedelta(seconds=120)
DIRECTNESS = 0.7
"""Below what acts by itself."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload, pod = evidence.workload, _left_behind(evidence)
    if workload is None or pod is None:
        return None
    others = [other for other in live_pods(evidence) if other is not pod]
    crashed = crashed_container(pod, evidence.collected_at)
    return Finding(
        problem="left_behind",
        summary=f"Pod {pod.name} is of a revision that {name_in(evidence)} has left, and was never ready: while it is "
        f"there the StatefulSet replaces nothing{quoted(evidence, pod.name)}.",
        directness=DIRECTNESS,
        evidence=tuple(
            id_ for kind in ("pods", "revisions", "nodes", "events") for id_ in evidence.cite(kind)
        ),
        facts=(
            describe_crash(pod, crashed) if crashed else f"{pod.name}: {state_of(pod)}",
            f"it is of revision {pod.revision_mark}; the template is another one",
            f"all {len(others)} other pods are ready",
            node_line(pod, node_of(pod, evidence)),
        ),
        ruled_out=(
            "the present revision: the pod is not of it",
            "a partition or OnDelete: neither keeps this pod as it is",
        ),
        next_step=f"kubectl delete pod {pod.name}: its StatefulSet makes it anew from the present template, with the "
        f"same volume, and goes on; by itself it never would (kubernetes issue 67250). Do not delete its claim.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """The eviction of that pod, by uid."""
    pod = _left_behind(evidence)
    if pod is None:
        return []
    reason = (
        f"{pod.name} is of a revision that was left and holds the StatefulSet up: evicted, it is made anew."
    )
    mark = pod.revision_mark
    return eviction(PLAYBOOK.problem, reason, pod, evidence, target, left_revision=mark)


def _left_behind(evidence: Evidence) -> PodFacts | None:
    workload, pods = evidence.workload, live_pods(evidence)
    unready = [pod for pod in pods if not pod.ready]
    if workload is None or workload.kind != "StatefulSet" or not workload.ordered or len(unready) != 1:
        return None
    (pod,) = unready
    if workload.strategy != "RollingUpdate" or ordinal(pod) < workload.rollout.partition or len(pods) < 2:
        return None
    if workload.observed_generation < workload.generation or pod not in of_older_revisions(evidence):
        return None
    return pod if pod.revision_mark and _was_never_ready(pod, evidence) else None


def _was_never_ready(pod: PodFacts, evidence: Evidence) -> bool:
    changed = pod.ready_changed_at or pod.created_at
    old = evidence.collected_at - pod.created_at >= OLD_ENOUGH
    return old and changed - pod.created_at < NEVER_READY


PLAYBOOK = Playbook(problem="left_behind", rank=11, proves=proves, candidates=candidates)
