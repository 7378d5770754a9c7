"""An image cannot be pulled, and nobody tells why: the kubelet's words are cut, or the events that held them are gone.

Proof: containers wait in an image reason, and no more pods crash than wait. What the registry's own words tell is asked
first (`image_name`, `image_access`, `registry_outage`). The kubelet retries by itself, so a restart never helps
(kubernetes.md 2.1). When only the newest revision does and an older one still serves, going back is asked for;
otherwise it is explained.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.pull_words import answered, who_waits
from graph.pulls import Waiting, no_crash, only_the_newest_waits, repository_of, serving, waiting
from graph.returns import rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import current_revision
from tools.records import Evidence, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    found = waiting(evidence)
    if not found:
        return None
    container = found[0].container
    return Finding(
        problem="image_error",
        summary=f"Image {container.image} cannot be pulled ({container.waiting_reason}), and nobody says why"
        f"{answered(found[0])}.",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events") + evidence.cite("revisions")),
        facts=(who_waits(found, evidence), serving(evidence)),
        ruled_out=no_crash(evidence),
        next_step=_next(found[0]),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A rollback, when only the newest revision fails and an older one still serves."""
    current, back = current_revision(evidence), way_back(evidence)
    if current is None or back is None or not back.revision.ready or not only_the_newest_waits(evidence):
        return []
    reason = f"Revision {current.number} names an image that cannot be pulled."
    return [rollback(PLAYBOOK.problem, reason, back, evidence, target)]


def _next(entry: Waiting) -> str:
    pod, container = entry.pod, entry.container
    return (
        f"On machine {pod.node or 'NODE'}: crictl pull {container.image} shows what the registry answers. Not found: "
        f"kubectl set image <workload> {container.name}={repository_of(container.image)}:TAG corrects the name; "
        f"unauthorized: see imagePullSecrets of pod {pod.name}; a timeout: the registry, or the way from that node to "
        "it. The kubelet tries again by itself."
    )


PLAYBOOK = Playbook(problem="image_error", rank=16, proves=proves, candidates=candidates)
