"""The registry does not let the nodes read an image: its credentials are missing, wrong or expired.

Proof: the runtime's words are of 401, 403 or a denial, for every container that waits. Counter-proof: the registry says
that there is no such image, or does not answer at all. Going back is asked for only where the newest release alone
waits, reads from another repository than the one before, and no other workload is refused by that registry: else the
credentials are what has changed, and an older revision needs them as well.
"""

from __future__ import annotations

from graph.playbooks import Playbook
from graph.pull_words import alike, answered, hits, others, unread_secrets, who_waits
from graph.pulls import (
    Waiting,
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
    pulls = _others(told, evidence)
    image = told.container.image
    return Finding(
        problem="image_access",
        cause=f"credentials/{registry_of(image)}" if pulls else "",
        summary=f"{registry_of(image)} does not let the nodes read {image}{answered(told)}{alike(pulls)}.",
        directness=1.0,
        evidence=tuple(id_ for kind in ("pods", "image_pulls", "events") for id_ in evidence.cite(kind)),
        facts=(*_secrets(evidence), who_waits(found, evidence), *others(pulls), serving(evidence)),
        ruled_out=(
            *no_crash(evidence),
            "a registry that is down: it answers, and refuses",
        ),
        next_step=_next(told, evidence),
        how_soon=hits(pulls),
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


def _secrets(evidence: Evidence) -> list[str]:
    names, times = unread_secrets(evidence)
    if not names:
        return []
    return [f"the kubelet cannot retrieve Secret {' nor '.join(names)} to pull with (said {times} times)"]


def _next(told: Waiting, evidence: Evidence) -> str:
    """Which secret, and how it is made again; nothing that runs is to be replaced meanwhile."""
    registry = registry_of(told.container.image)
    names, _ = unread_secrets(evidence)
    made = f"--docker-server={registry} --docker-username=USER --docker-password=PASSWORD"
    if names:
        step = (
            f"kubectl get secret {names[0]}: missing, it is made again by kubectl create secret docker-registry "
            f"{names[0]} -n <namespace> {made}"
        )
    else:
        step = (
            f"kubectl get pod {told.pod.name} -o jsonpath='{{.spec.imagePullSecrets[*].name}}': is one named, is it in "
            f"this namespace, and are its credentials for {registry} still valid? New ones: kubectl create secret "
            f"docker-registry NAME -n <namespace> {made} --dry-run=client -o yaml | kubectl apply -n <namespace> -f -"
        )
    return f"{step}. The kubelet tries again by itself; restart nothing that runs, for its image may not come back."


PLAYBOOK = Playbook(problem="image_access", rank=14, proves=proves, candidates=candidates)
