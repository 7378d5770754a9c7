"""Pods wait because no node takes them: capacity, taints, affinity or spread (kubernetes.md 2.1).

Proof: live pods whose PodScheduled condition is False, in the scheduler's own words, and no other pod fails. What the
scheduler counts for each node says what is missing; nothing that is done to the workload makes room. Counter-proof:
they wait for a volume (`volume_unavailable`) or are not made at all (`pods_refused`).
"""

from __future__ import annotations

import re

from graph import counted
from graph.ages import old
from graph.amounts import asked
from graph.playbooks import Playbook
from graph.scheduler_words import cordoned, lacks, no_victims
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from tools.excerpts import message, quote
from tools.records import Evidence, PodFacts, Target

CAUSES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    (
        "room",
        re.compile(r"Insufficient|Too many pods", re.IGNORECASE),
        "kubectl describe nodes | grep -E '^Name:|^  (cpu|memory|pods) ' shows what each node has given away. Add a "
        "node, lower what {pod} requests (kubectl edit <workload>; this replaces its pods), or move what need not run "
        "there",
    ),
    (
        "a host port that is free",
        re.compile(r"free ports", re.IGNORECASE),
        "kubectl get pod {pod} -o jsonpath='{{.spec.containers[*].ports}}': one pod of a host port fits on a node; "
        "add a node or take the host port away",
    ),
    (
        "a node that its selector or affinity allows",
        re.compile(r"affinity|selector|topology spread", re.IGNORECASE),
        "kubectl get pod {pod} -o jsonpath='{{.spec.nodeSelector}} {{.spec.affinity}} "
        "{{.spec.topologySpreadConstraints}}', then kubectl get nodes --show-labels: which node should match, and "
        "does not? Label that node, or mend the rule: kubectl edit <workload>",
    ),
    (
        "a node whose taints it tolerates",
        re.compile(r"taint", re.IGNORECASE),
        "kubectl get pod {pod} -o jsonpath='{{.spec.tolerations}}', and kubectl get nodes -o "
        "custom-columns=NAME:.metadata.name,TAINTS:.spec.taints[*].key: add a toleration where it is meant to run "
        "there, or a node without that taint",
    ),
    (
        "a node that is not cordoned",
        re.compile(r"unschedulable", re.IGNORECASE),
        "kubectl get nodes: who cordoned them? kubectl uncordon NODE, once its maintenance is over",
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
    return Finding(
        problem="unschedulable",
        summary=f"{counted.pods(len(waiting), 'waits', 'wait')} for {missing}{_since(oldest, evidence)}: "
        f"{lacks(oldest.unschedulable)}.",
        directness=1.0,
        evidence=tuple(evidence.cite("pods") + evidence.cite("events") + evidence.cite("claims")),
        facts=(*_asks(oldest), *_tied(oldest, evidence), *_preempts(oldest), *_autoscaler(evidence)),
        ruled_out=("a crash or an image error: the pods have not started",),
        next_step=f"{step}.{_uncordon(oldest, missing)} The pods start by themselves once there is one.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: a restart or an eviction only makes more pods that wait."""
    return []


def _cause(pod: PodFacts) -> tuple[str, str]:
    for missing, pattern, step in CAUSES:
        if pattern.search(pod.unschedulable):
            return missing, step.format(pod=pod.name)
    return "a node", f"kubectl describe pod {pod.name}"


def _since(pod: PodFacts, evidence: Evidence) -> str:
    waited = old(pod.created_at, evidence.collected_at)
    return f" since {pod.created_at:%H:%M:%S} UTC ({waited})"


def _asks(pod: PodFacts) -> list[str]:
    requests = asked(pod)
    return [f"{pod.name} requests {requests}"] if requests else []


def _tied(pod: PodFacts, evidence: Evidence) -> list[str]:
    """A bound claim may hold it to the zone of its volume, where a node with room elsewhere is no help."""
    bound = [claim for claim in evidence.claims if claim.name in pod.claims and claim.volume]
    return [
        f"claim {claim.name} is bound to volume {claim.volume}{_zones(claim.zones)}" for claim in bound[:2]
    ]


def _zones(zones: tuple[str, ...]) -> str:
    return f": only a node in {' or '.join(zones)} can take it" if zones else ""


def _preempts(pod: PodFacts) -> list[str]:
    return ["no pod of a lower priority is in its place"] if no_victims(pod.unschedulable) else []


def _autoscaler(evidence: Evidence) -> list[str]:
    """Whether a node is on its way, in the words of what scales the nodes."""
    told = [event for event in evidence.events if event.reason in _AUTOSCALER]
    return [
        f"{event.reason} of the node autoscaler: {quote(message(event.message, 160))}" for event in told[:2]
    ]


def _uncordon(pod: PodFacts, missing: str) -> str:
    if not cordoned(pod.unschedulable) or missing == "a node that is not cordoned":
        return ""
    return " One is cordoned: kubectl get nodes names it; kubectl uncordon NODE gives its room back, if that is over."


PLAYBOOK = Playbook(problem="unschedulable", rank=72, proves=proves, candidates=candidates)
