"""An image cannot be pulled, and nobody tells why: the kubelet's words are cut, or the events that held them are gone.

Proof: containers wait in an image reason, and no more pods crash than wait. What the registry's own words tell is asked
first (`image_name`, `image_access`, `registry_outage`). The kubelet retries by itself, so a restart never helps
(kubernetes.md 2.1). When only the newest revision does and an older one still serves, going back is asked for;
otherwise it is explained.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.pulls import line, no_crash, only_the_newest_waits, serving, waiting
from graph.returns import rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import current_revision
from tools.records import Evidence, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    found = waiting(evidence)
    if not found:
        return None
    pod, container, _ = found[0]
    return Finding(
        problem="image_error",
        summary=f"Image {container.image} cannot be pulled ({container.waiting_reason}).",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events") + evidence.cite("revisions")),
        facts=(*(line(entry) for entry in found[:3]), serving(evidence)),
        ruled_out=no_crash(evidence),
        next_step=f"kubectl describe pod {pod.name}: check the image's name and tag, then the registry's access.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A rollback, when only the newest revision fails and an older one still serves."""
    current, back = current_revision(evidence), way_back(evidence)
    if current is None or back is None or not back.revision.ready or not only_the_newest_waits(evidence):
        return []
    reason = f"Revision {current.number} names an image that cannot be pulled."
    return [rollback(PLAYBOOK.problem, reason, back, evidence, target)]


PLAYBOOK = Playbook(problem="image_error", rank=16, proves=proves, candidates=candidates)
