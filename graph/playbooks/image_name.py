"""An image does not exist: its name or tag is wrong, or it was never pushed, or it was deleted.

Proof: the registry answered that there is no such image, or the name cannot be read at all, or it names a host that
does not exist and that no revision before has named. Counter-proof: the registry refuses or is silent. The kubelet
tries again by itself, so that a restart never helps (kubernetes.md 2.1). When only the newest revision waits and an
older one still serves, going back is asked for; otherwise it is explained.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.pull_words import answered, who_waits
from graph.pulls import (
    Waiting,
    no_crash,
    only_the_newest_names_its_host,
    only_the_newest_waits,
    reason_of,
    registry_of,
    repositories_before,
    repository_of,
    serving,
    waiting,
)
from graph.release_changes import changes
from graph.returns import rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import current_revision
from tools.records import Evidence, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    found = waiting(evidence)
    told = [entry for entry in found if _is_wrong(entry, evidence)]
    if not told or any(reason_of(entry) == "access" for entry in found):
        return None
    container = told[0].container
    return Finding(
        problem="image_name",
        summary=f"Image {container.image} does not exist: {_how(told[0])}{answered(told[0])}.",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events") + evidence.cite("revisions")),
        facts=(*_before(evidence), who_waits(told, evidence), serving(evidence)),
        ruled_out=_ruled_out(told[0], evidence),
        next_step=_next(told[0], evidence),
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
    return f"{registry_of(entry.container.image)} has none of that name and tag"


def _ruled_out(entry: Waiting, evidence: Evidence) -> tuple[str, ...]:
    if reason_of(entry) != "name":
        return no_crash(evidence)
    return (*no_crash(evidence), "access or an outage: the registry did not refuse, and was not silent")


def _before(evidence: Evidence) -> list[str]:
    """What the newest revision changed is the first place to look for a mistake."""
    changed = changes(evidence)
    return [f"the newest revision changed {changed}"] if changed else []


def _next(entry: Waiting, evidence: Evidence) -> str:
    container = entry.container
    repository = repository_of(container.image)
    image = f"{repository}:TAG"
    step = f"crane ls {repository} lists the tags that there are. Push the missing one, or correct it"
    if reason_of(entry) == "registry" and (meant := _on_a_known_host(container.image, evidence)):
        step, image = f"{registry_of(container.image)} has no address: was another host meant? Then", meant
    mend = f"kubectl set image <workload> {container.name}={image}"
    return f"{step}: {mend}{_undo(evidence)}. A pushed tag is found by itself: the kubelet tries again."


def _on_a_known_host(image: str, evidence: Evidence) -> str:
    """The same path and tag on a host that older revisions have read it from."""
    path = repository_of(image).partition("/")[2]
    tag = image.removeprefix(repository_of(image))
    known = (name for name in repositories_before(evidence) if name.partition("/")[2] == path)
    return next((f"{name}{tag}" for name in known), "")


def _undo(evidence: Evidence) -> str:
    back = way_back(evidence)
    if back is None or not back.revision.ready:
        return ""
    return f", or go back by kubectl rollout undo <workload> --to-revision={back.revision.number}"


PLAYBOOK = Playbook(problem="image_name", rank=15, proves=proves, candidates=candidates)
