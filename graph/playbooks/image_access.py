"""The registry does not let the nodes read an image: its credentials are missing, wrong or expired.

Proof: the runtime's words are of 401, 403 or a denial, for every container that waits. Counter-proof: the registry says
that there is no such image, or does not answer at all. Going back is asked for only where the newest release alone
waits, reads from another repository than the one before, and no other workload is refused by that registry: else the
credentials are what has changed, and an older revision needs them as well.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.pulls import (
    Waiting,
    line,
    no_crash,
    only_the_newest_waits,
    reason_in,
    reason_of,
    registry_of,
    repositories_before,
    repository_of,
    serving,
    sharing,
    waiting,
    workloads_in,
)
from graph.returns import rollback, way_back
from graph.state import Finding, Proposal
from graph.symptoms import current_revision
from tools.records import Evidence, PullFacts, Target


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    found = waiting(evidence)
    reasons = {reason_of(entry) for entry in found}
    if "access" not in reasons or not reasons <= {"access", ""}:
        return None
    told = next(entry for entry in found if reason_of(entry) == "access")
    others = _others(told, evidence)
    image = told.container.image
    return Finding(
        problem="image_access",
        cause=f"credentials/{registry_of(image)}" if others else "",
        summary=f"{registry_of(image)} does not let the nodes read {image}{_alike(others)}.",
        directness=1.0,
        evidence=tuple(id_ for kind in ("pods", "image_pulls", "events") for id_ in evidence.cite(kind)),
        facts=(*(line(entry) for entry in found[:3]), *_shared(others), serving(evidence)),
        ruled_out=(
            *no_crash(evidence),
            "a registry that is down: it answers, and refuses",
        ),
        next_step=f"kubectl get pod {told.pod.name} -o jsonpath='{{.spec.imagePullSecrets}}': is there a secret, is it "
        f"in this namespace, and are its credentials for {registry_of(image)} still valid? The kubelet tries again "
        "by itself.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A rollback, as the module's words allow it."""
    current, back, found = current_revision(evidence), way_back(evidence), waiting(evidence)
    if current is None or back is None or not back.revision.ready or not only_the_newest_waits(evidence):
        return []
    if any(repository_of(entry.container.image) in repositories_before(evidence) for entry in found):
        return []
    if _others(found[0], evidence):
        return []
    reason = f"Revision {current.number} reads from a repository that the nodes may not read."
    return [rollback(PLAYBOOK.problem, reason, back, evidence, target)]


def _others(told: Waiting, evidence: Evidence) -> list[PullFacts]:
    """Of other workloads, which the same registry refuses."""
    own = {pod.uid for pod in evidence.pods} | {pod.name for pod in evidence.pods}
    pulls = [pull for pull in sharing(told.container.image, evidence) if pull.pod not in own]
    return [pull for pull in pulls if reason_in(pull.message) in ("access", "")]


def _alike(others: list[PullFacts]) -> str:
    count = len(workloads_in(others))
    if not count:
        return ""
    return f", nor those of {count} other workload{'s' if count > 1 else ''}: they may share credentials"


def _shared(others: list[PullFacts]) -> list[str]:
    return [f"{pull.namespace}/{pull.pod} waits for {pull.image}" for pull in others[:3]]


PLAYBOOK = Playbook(problem="image_access", rank=14, proves=proves, candidates=candidates)
