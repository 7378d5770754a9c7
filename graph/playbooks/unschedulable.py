"""Pods wait because no node takes them: capacity, taints, affinity or a volume (kubernetes.md 2.1).

Proof: live pods whose PodScheduled condition is False, in the scheduler's own words, and no other pod fails. What the
scheduler counts for each node says what is missing; nothing that is done to the workload makes room.
"""

from __future__ import annotations

import re

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from tools.records import Evidence, PodFacts, Target

CAUSES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "a volume",
        re.compile(r"persistentvolumeclaim|volume node affinity|unbound|volume", re.IGNORECASE),
        "kubectl get pvc: see whether the claim is bound, and in which zone its volume is",
    ),
    (
        "room",
        re.compile(r"Insufficient|Too many pods", re.IGNORECASE),
        "kubectl describe nodes: compare what is requested with what is allocatable; add a node or ask for less",
    ),
    (
        "a node that its selector or affinity allows",
        re.compile(r"affinity|selector|topology spread", re.IGNORECASE),
        "compare the pod's nodeSelector and affinity with kubectl get nodes --show-labels",
    ),
    (
        "a node whose taints it tolerates",
        re.compile(r"taint", re.IGNORECASE),
        "compare the pod's tolerations with the taints in kubectl describe nodes",
    ),
)
"""What is missing, how the scheduler says it, and what to look at: the first that fits, the rarest first."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, pods = evidence.collected_at, live_pods(evidence)
    waiting = [pod for pod in pods if pod.unschedulable]
    if not waiting or any(is_failing(pod, now) for pod in pods if not pod.unschedulable):
        return None
    oldest = min(waiting, key=lambda pod: pod.created_at)
    missing, step = _cause(oldest)
    since = f"{oldest.created_at:%H:%M:%S} UTC"
    return Finding(
        problem="unschedulable",
        summary=f"{_pods(len(waiting))} waiting for {missing} since {since}: no node takes them.",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events")),
        facts=(f"{oldest.name}: {oldest.unschedulable}", _serving(evidence)),
        ruled_out=("a crash: the pods have not started", "an image error: no image was pulled yet"),
        next_step=f"{step}. The pods start by themselves once there is one.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: a restart or an eviction only makes more pods that wait."""
    return []


def _cause(pod: PodFacts) -> tuple[str, str]:
    for missing, pattern, step in CAUSES:
        if pattern.search(pod.unschedulable):
            return missing, step
    return "a node", f"kubectl describe pod {pod.name}"


def _pods(count: int) -> str:
    return "1 pod is" if count == 1 else f"{count} pods are"


def _serving(evidence: Evidence) -> str:
    pods = live_pods(evidence)
    return f"{sum(pod.ready for pod in pods)} of {len(pods)} pods are ready"


PLAYBOOK = Playbook(problem="unschedulable", rank=72, proves=proves, candidates=candidates)
