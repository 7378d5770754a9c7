"""Somebody has scaled the workload to zero: that is a decision, not an incident (kubernetes.md 4.4).

Proof: the spec asks for no replicas and no pod is left. An autoscaler from zero is a decision too. Who needs the
workload is told; nothing is started.
"""

from __future__ import annotations

import re

from graph import counted
from graph.ages import since
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import live_pods
from tools.records import EventFacts, Evidence, Target

_DOWN = re.compile(r"^Scaled down replica set \S+ (?:from|to 0 from) (\d+)(?: to 0)?$")


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    workload = evidence.workload
    if workload is None or workload.desired != 0 or live_pods(evidence):
        return None
    return Finding(
        problem="stopped_on_purpose",
        summary="It is scaled to zero: no pod is meant to run.",
        directness=1.0,
        evidence=tuple(evidence.cite("workload") + evidence.cite("pods")),
        facts=tuple(f"{counted.told(event)}{_when(event, evidence)}" for event in evidence.events[:3]),
        ruled_out=("a crash, a bad release or a node: no pod is wanted",),
        next_step=f"kubectl scale <workload> -n <namespace> --replicas={_before(evidence) or 'N'} brings it back"
        f"{'' if _before(evidence) else ', with as many as it had (its manifest, chart or autoscaler says)'}. Ask "
        "first "
        "who scaled it down, and why. Silence its alerts if it is to stay down.",
        how_soon="later",
    )


def _when(event: EventFacts, evidence: Evidence) -> str:
    return f", {since(event.last_seen, evidence.collected_at)}" if event.last_seen else ""


def _before(evidence: Evidence) -> str:
    """How many it had, as the event of its scaling to zero says."""
    texts = (event.message for event in evidence.events if event.reason == "ScalingReplicaSet")
    return next((found[1] for text in texts if (found := _DOWN.search(text))), "")


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: to bring it back is for whoever took it down."""
    return []


PLAYBOOK = Playbook(problem="stopped_on_purpose", rank=3, proves=proves, candidates=candidates)
