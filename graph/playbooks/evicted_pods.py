"""Pods that their nodes have ended: evicted for want of memory or disk, past a limit of their own, or in a shutdown.

Proof: pods of the workload are Failed for a reason of the kubelet's own. Where all pods that serve are well, only these
leftovers keep an alert on; where some are missing, an eviction of the last hour and nothing else that fails explains
it. Counter-proof: a pod crashes, or no node has room: then that is the cause, and the leftovers are old. Nothing is
proposed: a new pod is made already, and what presses on the node is not mended from here.
"""

from __future__ import annotations

import re
from datetime import timedelta

from graph.evicted_words import ended_at, facts, how_soon, next_step, own_limit, summary
from graph.playbooks import Playbook
from graph.shared_cause import ill_node
from graph.state import Finding, Proposal
from graph.symptoms import is_complete, is_failing, live_pods
from tools.records import Evidence, PodFacts, Target

RECENT = timedelta(hours=1)
_PRESSURE = re.compile(r"node\.kubernetes\.io/(?:disk|memory|pid)-pressure")


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    ended = [pod for pod in evidence.pods if pod.phase == "Failed" and pod.reason and not pod.deleting]
    if not ended or evidence.workload is None:
        return None
    ended.sort(key=ended_at, reverse=True)
    well = all(pod.ready for pod in live_pods(evidence)) and is_complete(evidence)
    if not well and not _explains(ended[0], evidence):
        return None
    return _finding(ended, evidence, well=well)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _explains(newest: PodFacts, evidence: Evidence) -> bool:
    """Lately, and what is not ready only waits for its turn or for the pressure to end."""
    now, pods = evidence.collected_at, live_pods(evidence)
    if now - ended_at(newest) > RECENT or any(is_failing(pod, now) for pod in pods):
        return False
    return all(not pod.unschedulable or _PRESSURE.search(pod.unschedulable) for pod in pods)


def _finding(ended: list[PodFacts], evidence: Evidence, *, well: bool) -> Finding:
    return Finding(
        problem="evicted_pods",
        cause="" if own_limit(ended[0]) else ill_node(ended, evidence),
        summary=summary(ended, evidence),
        directness=1.0 if well else 0.8,
        evidence=tuple(id_ for kind in ("pods", "nodes", "events") for id_ in evidence.cite(kind)),
        facts=facts(ended, evidence),
        ruled_out=("a crash: no container of a pod that is there fails",),
        next_step=next_step(ended, evidence, well=well),
        how_soon=how_soon(ended, evidence, well=well),
    )


PLAYBOOK = Playbook(problem="evicted_pods", rank=67, proves=proves, candidates=candidates)
