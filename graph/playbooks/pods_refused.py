"""The API server refuses to make the pods: a quota, a limit, an admission webhook, pod security (kubernetes.md 2.1).

Proof: fewer pods are there than wanted, none of those fails or waits, and the controller's newest events say that a
pod could not be created. The controller tries again by itself; a restart would be refused as well, and could take
away pods that cannot come back.
"""

from __future__ import annotations

import re

from graph.placed import NAMESPACE
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from tools.records import EventFacts, Evidence, Target

REFUSED = "FailedCreate"
CAUSES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "a ResourceQuota is used up",
        re.compile(r"exceeded quota|failed quota"),
        "kubectl describe quota: raise it, or free what is used; the controller tries again by itself",
    ),
    (
        "pod security does not allow it",
        re.compile(r"violates PodSecurity"),
        "compare the pod's securityContext with the namespace's pod-security.kubernetes.io labels",
    ),
    (
        "an admission webhook denies it or does not answer",
        re.compile(r"admission webhook|failed calling webhook"),
        "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations: see whether its service is up",
    ),
    (
        "a LimitRange does not allow it",
        re.compile(r"(?:maximum|minimum) (?:cpu|memory) usage per|LimitRange"),
        "kubectl describe limitrange: compare it with the containers' requests and limits",
    ),
    (
        "its service account does not exist",
        re.compile(r"serviceaccount .* not found"),
        "kubectl get serviceaccounts: make the one that the pod names",
    ),
)
"""What refuses, in the API server's words, and what to look at."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload, pods, now = evidence.workload, live_pods(evidence), evidence.collected_at
    refusals = [event for event in evidence.events if event.reason == REFUSED and event.type == "Warning"]
    if workload is None or not refusals or len(pods) >= workload.desired:
        return None
    if any(is_failing(pod, now) or pod.unschedulable for pod in pods):
        return None
    cause, step = _cause(refusals[0])
    return Finding(
        problem="pods_refused",
        cause=f"quota/{NAMESPACE}" if cause == CAUSES[0][0] else "",
        summary=f"{workload.desired - len(pods)} of {workload.desired} pods cannot be made: {cause}.",
        directness=1.0,
        evidence=tuple(evidence.cite("events") + evidence.cite("workload") + evidence.cite("pods")),
        facts=tuple(f"{event.kind} {event.name}: {event.message}" for event in refusals[:2]),
        ruled_out=("a crash, an image or a node: the pods do not exist",),
        next_step=f"{step}.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: what refuses the pods would refuse those of any action."""
    return []


def _cause(event: EventFacts) -> tuple[str, str]:
    for cause, pattern, step in CAUSES:
        if pattern.search(event.message):
            return cause, step
    return "the API server refuses them", f"kubectl describe {event.kind.lower()} {event.name}"


PLAYBOOK = Playbook(problem="pods_refused", rank=71, proves=proves, candidates=candidates)
