"""Several pods run and are not ready, without a crash: they say themselves that they cannot serve.

Proof: more than one live pod, or the only one, has run for five minutes without a restart and is not ready; none
crashes, waits or is unscheduled, the nodes that were read are well, and something read says why: a Service that they
name has no ready pod, or their readiness probe fails. A restart would replace pods
that recover by themselves once what they wait for is back, by pods that wait for the same.
Where every pod that is not ready is on a node that is not Ready, the node is the reason, after however short a time:
the kubelet that should say how they are is silent, and the controller of nodes sets them not ready (kubernetes.md 2.3).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.not_ready_words import (
    body,
    node_facts,
    node_step,
    node_summary,
    others,
    outcomes,
    places,
    since_when,
    started,
    steps,
)
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import crashed_lately, dependencies_down, is_failing, live_pods
from tools.records import Evidence, NodeFacts, PodFacts, Target

LONG_ENOUGH = timedelta(seconds=300)
"""A pod that has run for shorter may still be starting."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, pods = evidence.collected_at, live_pods(evidence)
    unready = [pod for pod in pods if not pod.ready]
    silent = _silent_nodes(unready, evidence)
    if silent and not any(is_failing(pod, now) for pod in pods if pod.node not in silent):
        return _of_nodes(unready, list(silent.values()), evidence)
    if not unready or (len(unready) == 1 and len(pods) > 1) or not all(_runs(pod, now) for pod in unready):
        return None
    if any(is_failing(pod, now) or crashed_lately(pod, now) for pod in pods) or _node_ill(unready, evidence):
        return None
    if not (dependencies_down(evidence) or outcomes(evidence)):
        return None
    return _finding(unready, evidence)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _finding(unready: list[PodFacts], evidence: Evidence) -> Finding:
    down, pods = dependencies_down(evidence), live_pods(evidence)
    why = f"{down[0].service}, which they name, has no ready pod" if down else body(unready, evidence)
    of = f"{len(unready)} of {len(pods)} pods run and are" if len(pods) > 1 else "Its only pod runs and is"
    return Finding(
        problem="not_ready",
        summary=f"{of} not ready{since_when(unready, evidence)}: {why}.",
        directness=0.7 if down else 0.5,
        evidence=tuple(evidence.cite("pods") + evidence.cite("dependencies") + evidence.cite("events")),
        facts=(*places(unready, evidence), *others(evidence), *started(unready, evidence)),
        ruled_out=("a crash: no container has ended lately",),
        next_step=steps(unready[0], evidence),
    )


def _of_nodes(unready: list[PodFacts], nodes: list[NodeFacts], evidence: Evidence) -> Finding:
    return Finding(
        problem="not_ready",
        summary=node_summary(unready, nodes),
        directness=0.7,
        evidence=tuple(evidence.cite("nodes") + evidence.cite("pods") + evidence.cite("events")),
        facts=node_facts(unready, nodes, evidence),
        ruled_out=("the workload itself: its pods on other nodes are ready",)
        if any(pod.ready for pod in live_pods(evidence))
        else (),
        next_step=node_step(nodes[0]),
    )


def _silent_nodes(unready: list[PodFacts], evidence: Evidence) -> dict[str, NodeFacts]:
    """The nodes of all pods that are not ready, if each of them is known and not Ready."""
    ill = {node.name: node for node in evidence.nodes if node.ready != "True"}
    if not unready or any(pod.node not in ill for pod in unready):
        return {}
    return {pod.node: ill[pod.node] for pod in unready}


def _runs(pod: PodFacts, now: datetime) -> bool:
    running = [c.running_since for c in pod.containers if not c.init]
    return bool(running) and all(since and now - since >= LONG_ENOUGH for since in running)


def _node_ill(pods: list[PodFacts], evidence: Evidence) -> bool:
    ill = {node.name for node in evidence.nodes if node.ready != "True"}
    return any(pod.node in ill for pod in pods)


PLAYBOOK = Playbook(problem="not_ready", rank=90, proves=proves, candidates=candidates)
