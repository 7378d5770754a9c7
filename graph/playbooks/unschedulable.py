"""Pods wait because no node takes them: capacity, taints, affinity or spread (kubernetes.md 2.1).

Proof: live pods whose PodScheduled condition is False, in the scheduler's own words, and no other pod fails. What the
scheduler counts for each node says what is missing; nothing that is done to the workload makes room. Counter-proof:
they wait for a volume (`volume_unavailable`) or are not made at all (`pods_refused`).
"""

from __future__ import annotations

import re

from graph import counted
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from tools.records import Evidence, PodFacts, Target

CAUSES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "room",
        re.compile(r"Insufficient|Too many pods", re.IGNORECASE),
        "kubectl describe nodes | grep -A8 'Allocated resources': compare with what {pod} asks for; add a node, ask "
        "for less, or move what need not run there",
    ),
    (
        "a host port that is free",
        re.compile(r"free ports", re.IGNORECASE),
        "kubectl get pod {pod} -o jsonpath='{{.spec.containers[*].ports}}': one pod of a host port fits on a node",
    ),
    (
        "a node that its selector or affinity allows",
        re.compile(r"affinity|selector|topology spread", re.IGNORECASE),
        "kubectl get pod {pod} -o yaml: see its nodeSelector, affinity and topologySpreadConstraints; "
        "kubectl get nodes --show-labels: which node should match, and does not?",
    ),
    (
        "a node whose taints it tolerates",
        re.compile(r"taint", re.IGNORECASE),
        "kubectl get pod {pod} -o jsonpath='{{.spec.tolerations}}', and kubectl describe nodes | grep Taints",
    ),
    (
        "a node that is not cordoned",
        re.compile(r"unschedulable", re.IGNORECASE),
        "kubectl get nodes: who cordoned them, and may one be uncordoned?",
    ),
)
"""What is missing, how the scheduler says it, and what to look at: the first that fits. A node that lacks room alone is
nearer to taking the pod than one that is kept from it.
"""
_AUTOSCALER = frozenset({"TriggeredScaleUp", "NotTriggerScaleUp", "FailedToScaleUp"})


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
        summary=f"{counted.pods(len(waiting), 'is', 'are')} waiting for {missing} since {since}: no node takes them.",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events")),
        facts=(
            f"{oldest.name}: {oldest.unschedulable}",
            *_autoscaler(evidence),
            counted.ready(live_pods(evidence)),
        ),
        ruled_out=("a crash: the pods have not started", "an image error: no image was pulled yet"),
        next_step=f"{step}. The pods start by themselves once there is one.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: a restart or an eviction only makes more pods that wait."""
    return []


def _cause(pod: PodFacts) -> tuple[str, str]:
    for missing, pattern, step in CAUSES:
        if pattern.search(pod.unschedulable):
            return missing, step.format(pod=pod.name)
    return "a node", f"kubectl describe pod {pod.name}"


def _autoscaler(evidence: Evidence) -> list[str]:
    """Whether a node is on its way, in the words of what scales the nodes."""
    told = [event for event in evidence.events if event.reason in _AUTOSCALER]
    return [f"{event.reason}: {event.message[:200]}" for event in told[:2]]


PLAYBOOK = Playbook(problem="unschedulable", rank=72, proves=proves, candidates=candidates)
