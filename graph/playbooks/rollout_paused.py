"""Somebody has paused a rollout half-way: it stays so until they go on, and that is no incident.

Proof: the spec says paused, not all pods are of the newest template, and no pod fails. Counter-proof: a pod that fails,
which is told by its own class. Nothing is resumed, restarted or rolled back: whoever paused it looks at something.
"""

from __future__ import annotations

from graph import counted
from graph.ages import since
from graph.playbooks import Playbook
from graph.release_changes import changes
from graph.state import Finding
from graph.symptoms import current_revision, is_complete, is_failing, live_pods
from tools.records import Evidence


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload, now = evidence.workload, evidence.collected_at
    if workload is None or not workload.paused or is_complete(evidence) or workload.desired == 0:
        return None
    pods = live_pods(evidence)
    if not pods or any(is_failing(pod, now) or not pod.ready for pod in pods):
        return None
    return Finding(
        problem="rollout_paused",
        summary=(
            f"Its rollout is paused by somebody: {workload.updated} of {workload.desired} pods are of the newest "
            f"template, and all {len(pods)} pods are ready."
        ),
        directness=1.0,
        evidence=tuple(evidence.cite("workload") + evidence.cite("pods") + evidence.cite("revisions")),
        facts=_facts(evidence),
        ruled_out=("a stuck rollout: it is paused, not late", "a crash: no pod fails"),
        next_step=(
            "kubectl -n <namespace> rollout resume <workload> goes on with it and replaces "
            f"{counted.times(max(0, workload.desired - workload.updated), 'pod')} more; ask first who paused it. "
            "While it "
            "is paused a change of the template does nothing, and a restart is refused."
        ),
        how_soon="later",
    )


def _facts(evidence: Evidence) -> tuple[str, ...]:
    """Which revision waits, since when, and what it changed."""
    current, changed = current_revision(evidence), changes(evidence)
    if current is None:
        return ()
    what = f", changed {changed}" if changed else ""
    return (f"revision {current.number}, made {since(current.created_at, evidence.collected_at)}{what}",)


PLAYBOOK = Playbook(problem="rollout_paused", rank=87, proves=proves)
