"""An image cannot be pulled. The kubelet retries by itself, so a restart never helps (kubernetes.md 2.1).

Proof: containers wait in an image reason, and no more pods crash than wait. When only the newest revision does and
an older one still serves, going back is asked for; otherwise it is explained.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.returns import rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import (
    IMAGE,
    crashed_container,
    current_revision,
    live_pods,
    pods_of,
    waiting_container,
)
from tools.records import ContainerFacts, Evidence, PodFacts, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    waiting = [(p, c) for p in live_pods(evidence) if (c := waiting_container(p, IMAGE))]
    now = evidence.collected_at
    crashed = [
        p for p in live_pods(evidence) if crashed_container(p, now) and not waiting_container(p, IMAGE)
    ]
    if not waiting or len(crashed) > len(waiting):
        return None
    pod, container = waiting[0]
    return Finding(
        problem="image_error",
        summary=f"Image {container.image} cannot be pulled ({container.waiting_reason}).",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events") + evidence.cite("revisions")),
        facts=(*(_line(p, c) for p, c in waiting[:3]), _serving(evidence)),
        ruled_out=() if crashed else ("a crash: the containers that fail have not started",),
        next_step=f"kubectl describe pod {pod.name}: check the image's name and tag, then the registry's access.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A rollback, when only the newest revision fails and an older one still serves."""
    current, back = current_revision(evidence), way_back(evidence)
    if current is None or back is None or not back.revision.ready:
        return []
    pods = pods_of(evidence, current)
    others = [p for p in live_pods(evidence) if p.owner_uid != current.uid]
    if not pods or not all(waiting_container(p, IMAGE) for p in pods):
        return []
    if any(waiting_container(p, IMAGE) for p in others):
        return []
    reason = f"Revision {current.number} names an image that cannot be pulled."
    return [rollback(PLAYBOOK.problem, reason, back, evidence, target)]


def _line(pod: PodFacts, container: ContainerFacts) -> str:
    return f"{pod.name}/{container.name}: {container.waiting_reason}: {container.waiting_message[:200]}"


def _serving(evidence: Evidence) -> str:
    serving = [f"revision {r.number} ({r.ready} ready)" for r in evidence.revisions if r.ready]
    return "still serving: " + (", ".join(serving) if serving else "nothing")


PLAYBOOK = Playbook(problem="image_error", rank=15, proves=proves, candidates=candidates)
