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
from graph.pull_words import answered, did_answer, hits, nodes_of, others, who_waits
from graph.pulls import (
    SEVERAL,
    Waiting,
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
_SERVERS = {"docker.io": "https://index.docker.io/v1/"}
"""How a secret names Docker's own registry."""
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
    own = {pod.name for pod in evidence.pods}
    pulls = [pull for pull in shared if pull.pod not in own]
    nodes = nodes_of(found, pulls)
    return Finding(
        problem="registry_outage",
        cause=f"registry/{registry}",
        summary=f"{_summary(registry, told, said=said)}{_many_words(shared)}.",
        directness=0.95 if said and _many(shared) else 0.8 if said else 0.6,
        evidence=tuple(id_ for kind in ("pods", "image_pulls", "events") for id_ in evidence.cite(kind)),
        facts=(*_one_node(nodes, told), who_waits(found, evidence), *others(pulls), serving(evidence)),
        ruled_out=_ruled_out(said, nodes, evidence),
        next_step=_next(registry, told, nodes, bool(workloads_in(pulls))),
        how_soon=hits(pulls),
    )


def _summary(registry: str, told: Waiting, *, said: bool) -> str:
    if _LIMITED.search(told.said):
        return f"Images cannot be pulled from {registry}, whose pull limit is used up{answered(told)}"
    what = "does not answer as it should"
    if _DISTRUSTED.search(told.said):
        what = "has a certificate that the nodes do not trust"
    elif not said:
        what = "is what they share, and nobody says why"
    return f"Images cannot be pulled from {registry}, which {what}{answered(told) if said else ''}"


def _many_words(shared: list[PullFacts]) -> str:
    count = len(workloads_in(shared))
    return f"; {count} workloads wait for {len({p.image for p in shared})} of its images" if count > 1 else ""


def _one_node(nodes: list[str], told: Waiting) -> list[str]:
    """A node alone may have lost its way to the registry, while the others pull; not one that got an answer."""
    if len(nodes) != 1 or did_answer(told):
        return []
    return [f"not ruled out: {nodes[0]} alone does not reach it, for all that wait are there"]


def _ruled_out(said: bool, nodes: list[str], evidence: Evidence) -> tuple[str, ...]:
    lines = [*no_crash(evidence)]
    if said:
        lines.append("a wrong name or a missing right: the registry did not say so")
    if len(nodes) > 1:
        lines.append(
            f"one node that does not reach it: pods wait on {len(nodes)} nodes, {', '.join(nodes[:4])}"
        )
    if not could_not_read(evidence, "image_pulls") and len(workloads_in(list(evidence.pulls))) > 1:
        lines.append("one release: other workloads wait as well")
    return tuple(lines)


def _next(registry: str, told: Waiting, nodes: list[str], others_wait: bool) -> str:
    look = "kubectl get pods -A --field-selector=status.phase=Pending shows who else waits"
    leave = "They go on by themselves once it answers; restart and roll out nothing that pulls from it"
    if _LIMITED.search(told.said):
        return f"{_with_account(registry, told, others_wait)} {look}."
    if _DISTRUSTED.search(told.said):
        return f"Renew the certificate of {registry}, or give its authority to the nodes' runtime. {look}. {leave}."
    node = nodes[0] if nodes else told.pod.node or "NODE"
    pull = f"On machine {node}: crictl pull {told.container.image}"
    if len(nodes) == 1 and not did_answer(told):
        elsewhere = f"and the same on another machine: where that works, mend the network of {node}"
        return f"{pull}, {elsewhere}. {look}. {leave}."
    return f"{pull}, and curl -sI https://{registry}/v2/: does it answer? Whoever runs it mends it. {look}. {leave}."


def _with_account(registry: str, told: Waiting, others_wait: bool) -> str:
    """By the ServiceAccount, which no pod is replaced for: a secret in the template would be a release of its own."""
    elsewhere = "; the same in each other namespace whose pods wait" if others_wait else ""
    anew = f" (kubectl delete pod {told.pod.name})" if told.pod.owner_uid else ""
    return (
        f"kubectl create secret docker-registry NAME -n <namespace> --docker-server={_SERVERS.get(registry, registry)} "
        "--docker-username=USER --docker-password=PASSWORD (an account is allowed more pulls), then kubectl patch "
        """serviceaccount default -p '{"imagePullSecrets":[{"name":"NAME"}]}'; if its pods run as another one, """
        "kubectl get <workload> -o jsonpath='{.spec.template.spec.serviceAccountName}' prints which. That replaces no "
        f"pod: a pod that waits takes it when it is made anew{anew}{elsewhere}. Or pull through a mirror, or wait: "
        "they go on by themselves once it allows more. Leave the pods that are ready, and roll out nothing else that "
        "pulls from it."
    )


PLAYBOOK = Playbook(problem="registry_outage", rank=13, proves=proves, candidates=candidates)
