"""An image does not exist: its name or tag is wrong, or it was never pushed, or it was deleted.

Proof: the registry answered that there is no such image, or the name cannot be read at all, or it names a host that
does not exist and that no revision before has named. Counter-proof: the registry refuses or is silent. The kubelet
tries again by itself, so that a restart never helps (kubernetes.md 2.1). When only the newest revision waits and an
older one still serves, going back is asked for; otherwise it is explained.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.pulls import (
    Waiting,
    line,
    no_crash,
    only_the_newest_names_its_host,
    only_the_newest_waits,
    reason_of,
    registry_of,
    repository_of,
    serving,
    waiting,
)
from graph.returns import rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import current_revision
from graph.workload_words import reference
from tools.records import ContainerFacts, Evidence, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    found = waiting(evidence)
    told = [entry for entry in found if _is_wrong(entry, evidence)]
    if not told or any(reason_of(entry) == "access" for entry in found):
        return None
    container = told[0].container
    return Finding(
        problem="image_name",
        summary=f"Image {container.image} does not exist: {_how(told[0])}.",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events") + evidence.cite("revisions")),
        facts=(*(line(entry) for entry in told[:3]), serving(evidence)),
        ruled_out=_ruled_out(told[0], evidence),
        next_step=_next(container, evidence),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A rollback, when only the newest revision waits and an older one still serves."""
    current, back = current_revision(evidence), way_back(evidence)
    if current is None or back is None or not back.revision.ready or not only_the_newest_waits(evidence):
        return []
    reason = f"Revision {current.number} names an image that does not exist."
    return [rollback(PLAYBOOK.problem, reason, back, evidence, target)]


def _is_wrong(entry: Waiting, evidence: Evidence) -> bool:
    return reason_of(entry) == "name" or only_the_newest_names_its_host(entry, evidence)


def _how(entry: Waiting) -> str:
    if entry.container.waiting_reason == "InvalidImageName":
        return "its name cannot be read"
    if entry.container.waiting_reason == "ErrImageNeverPull":
        return "it is not on the node, and its pull policy is Never"
    if reason_of(entry) == "registry":
        return f"{registry_of(entry.container.image)} cannot be found, and no revision before has named it"
    return "the registry has none of that name and tag"


def _ruled_out(entry: Waiting, evidence: Evidence) -> tuple[str, ...]:
    if reason_of(entry) != "name":
        return no_crash(evidence)
    return (*no_crash(evidence), "access or an outage: the registry did not refuse, and was not silent")


def _next(container: ContainerFacts, evidence: Evidence) -> str:
    return (
        f"See which tags {repository_of(container.image)} has (crane ls, or the registry's page), and push the missing "
        f"one or correct the name: kubectl set image {reference(evidence)} {container.name}=IMAGE. The kubelet tries "
        "again by itself."
    )


PLAYBOOK = Playbook(problem="image_name", rank=15, proves=proves, candidates=candidates)
