"""A registry does not answer, or refuses for a while: nothing is wrong with the workloads whose images it holds.

Proof: the runtime's words are of a timeout, a refused connection, a server error or a limit on pulls; or several
workloads wait for several images of one registry and nobody tells why. Counter-proof: it answered that an image does
not exist or may not be read (`image_name`, `image_access`), or only the newest release names that host at all.
Nothing is proposed, for one workload or for many: the kubelets try again by themselves, what runs goes on, and every
pod that is replaced meanwhile needs an image that it may not get.
"""

from __future__ import annotations

import re

from graph.playbooks import Playbook
from graph.pulls import (
    SEVERAL,
    Waiting,
    line,
    no_crash,
    reason_of,
    registry_of,
    serving,
    sharing,
    waiting,
    workloads_in,
)
from graph.pulls import only_the_newest_names_its_host as new_host
from graph.state import Finding, Proposal
from graph.symptoms import could_not_read
from tools.records import Evidence, PullFacts, Target

_LIMITED = re.compile(r"too ?many ?requests|\b429\b|rate limit", re.IGNORECASE)
_DISTRUSTED = re.compile(r"x509:|certificate|server gave HTTP response", re.IGNORECASE)


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    found = waiting(evidence)
    if not found or new_host(found[0], evidence):
        return None
    reasons = {reason_of(entry) for entry in found}
    shared = sharing(found[0].container.image, evidence)
    said = "registry" in reasons and reasons <= {"registry", ""}
    if not said and not (reasons == {""} and _many(shared)):
        return None
    return _finding(found, shared, evidence, said=said)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _many(shared: list[PullFacts]) -> bool:
    return len(workloads_in(shared)) >= SEVERAL and len({pull.image for pull in shared}) >= SEVERAL


def _finding(found: list[Waiting], shared: list[PullFacts], evidence: Evidence, *, said: bool) -> Finding:
    registry = registry_of(found[0].container.image)
    told = next((entry for entry in found if reason_of(entry) == "registry"), found[0])
    return Finding(
        problem="registry_outage",
        cause=f"registry/{registry}",
        summary=_summary(registry, told.said, shared, said=said),
        directness=0.95 if said and _many(shared) else 0.8 if said else 0.6,
        evidence=tuple(id_ for kind in ("pods", "image_pulls", "events") for id_ in evidence.cite(kind)),
        facts=(line(told), *_others(shared), serving(evidence)),
        ruled_out=_ruled_out(said, evidence),
        next_step=_next(registry, told.said, found[0].container.image),
    )


def _summary(registry: str, text: str, shared: list[PullFacts], *, said: bool) -> str:
    what = "does not answer as it should"
    if _LIMITED.search(text):
        what = "refuses more pulls for now"
    elif _DISTRUSTED.search(text):
        what = "has a certificate that the nodes do not trust"
    elif not said:
        what = "is what they share, and nobody tells more"
    count = len(workloads_in(shared))
    alike = (
        f": {count} workloads wait for {len({p.image for p in shared})} of its images" if count > 1 else ""
    )
    return f"Images cannot be pulled from {registry}, which {what}{alike}."


def _others(shared: list[PullFacts]) -> list[str]:
    """Workloads in the same trouble, one pod of each."""
    first = {pull.owner_uid or pull.pod: pull for pull in reversed(shared)}
    if len(first) < SEVERAL:
        return []
    return [f"{pull.namespace}/{pull.pod} waits for {pull.image}" for pull in list(first.values())[:4]]


def _ruled_out(said: bool, evidence: Evidence) -> tuple[str, ...]:
    lines = [*no_crash(evidence)]
    if said:
        lines.append("a wrong name or a missing right: the registry did not say so")
    if not could_not_read(evidence, "image_pulls") and len(workloads_in(list(evidence.pulls))) > 1:
        lines.append("one release: other workloads wait as well")
    return tuple(lines)


def _next(registry: str, text: str, image: str) -> str:
    look = "kubectl get pods -A --field-selector=status.phase=Pending shows who else waits"
    if _LIMITED.search(text):
        return f"Pull with an account or through a mirror: {registry} counts pulls. {look}; they go on by themselves."
    if _DISTRUSTED.search(text):
        return f"Renew the certificate of {registry}, or give its authority to the nodes' runtime. {look}."
    return (
        f"See whether {registry} is up and reached from the nodes (crictl pull {image}); {look}. "
        "They go on by themselves once it answers; restart and roll out nothing that pulls from it."
    )


PLAYBOOK = Playbook(problem="registry_outage", rank=13, proves=proves, candidates=candidates)
