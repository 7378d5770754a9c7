"""Pods that their nodes have ended: evicted for want of memory or disk, past a limit of their own, or in a shutdown.

Proof: pods of the workload are Failed for a reason of the kubelet's own. Where all pods that serve are well, only these
leftovers keep an alert on; where some are missing, an eviction of the last hour and nothing else that fails explains
it. Counter-proof: a pod crashes, or no node has room: then that is the cause, and the leftovers are old. Nothing is
proposed: a new pod is made already, and what presses on the node is not mended from here.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from graph import counted
from graph.playbooks import Playbook
from graph.shared_cause import ill_node
from graph.state import Finding, Proposal
from graph.symptoms import is_complete, is_failing, live_pods
from tools.records import Evidence, NodeFacts, PodFacts, Target

RECENT = timedelta(hours=1)
_OWN_LIMIT = re.compile(r"exceed(?:s|ed) (?:the |its )?(?:total |local )?.*limit", re.IGNORECASE)
_LOW_ON = re.compile(r"low on resource: ([\w-]+)|had condition: \[(\w+)\]")
_PRESSURE = re.compile(r"node\.kubernetes\.io/(?:disk|memory|pid)-pressure")
_SHUTDOWN = frozenset({"Terminated", "NodeShutdown", "Shutdown"})


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    ended = [pod for pod in evidence.pods if pod.phase == "Failed" and pod.reason and not pod.deleting]
    if not ended or evidence.workload is None:
        return None
    ended.sort(key=lambda pod: _ended_at(pod), reverse=True)
    well = all(pod.ready for pod in live_pods(evidence)) and is_complete(evidence)
    if not well and not _explains(ended[0], evidence):
        return None
    return _finding(ended, evidence, well=well)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _ended_at(pod: PodFacts) -> datetime:
    return pod.ready_changed_at or pod.created_at


def _explains(newest: PodFacts, evidence: Evidence) -> bool:
    """Lately, and what is not ready only waits for its turn or for the pressure to end."""
    now, pods = evidence.collected_at, live_pods(evidence)
    if now - _ended_at(newest) > RECENT or any(is_failing(pod, now) for pod in pods):
        return False
    return all(not pod.unschedulable or _PRESSURE.search(pod.unschedulable) for pod in pods)


def _finding(ended: list[PodFacts], evidence: Evidence, *, well: bool) -> Finding:
    newest, pods = ended[0], live_pods(evidence)
    ready = sum(pod.ready for pod in pods)
    since = f"the last at {_ended_at(newest):%Y-%m-%d %H:%M:%S} UTC"
    rest = f"; all {ready} that serve are well" if well else f"; {ready} of {len(pods)} are ready"
    return Finding(
        problem="evicted_pods",
        cause="" if _OWN_LIMIT.search(newest.message) else ill_node(ended, evidence),
        summary=f"{counted.pods(len(ended), 'was', 'were')} ended by their nodes, {_why(newest)}, {since}{rest}.",
        directness=1.0 if well else 0.8,
        evidence=tuple(id_ for kind in ("pods", "nodes", "events") for id_ in evidence.cite(kind)),
        facts=(
            *(
                f"{pod.name} on {pod.node or 'no node'}: {pod.reason}: {pod.message[:220]}"
                for pod in ended[:3]
            ),
            *_nodes(ended, evidence),
        ),
        ruled_out=(
            "a crash: no container of a pod that is there fails",
            *(("a lack of pods",) if well else ()),
        ),
        next_step=_next(newest, well=well),
    )


def _why(pod: PodFacts) -> str:
    if _OWN_LIMIT.search(pod.message):
        return "since they wrote more to their disks than they may"
    if pod.reason in _SHUTDOWN:
        return "which were shut down"
    low = _LOW_ON.search(pod.message)
    if low:
        return f"which ran short ({low.group(1) or low.group(2)})"
    return f"for {pod.reason}"


def _nodes(ended: list[PodFacts], evidence: Evidence) -> list[str]:
    names = {pod.node for pod in ended[:3]}
    return [_node(node) for node in evidence.nodes if node.name in names]


def _node(node: NodeFacts) -> str:
    pressures = ", ".join(node.pressures) or "no pressure any more"
    return f"node {node.name} now: {'Ready' if node.ready == 'True' else 'not Ready'}, {pressures}"


def _next(pod: PodFacts, *, well: bool) -> str:
    clear = (
        " The leftovers may be deleted: kubectl delete pods --field-selector=status.phase=Failed."
        if well
        else ""
    )
    if _OWN_LIMIT.search(pod.message):
        look = f"kubectl get pod {pod.name} -o yaml"
        return f"{look}: what does it write to its emptyDir or its own file system, and is the limit meant?{clear}"
    if not pod.node:
        return f"kubectl describe pod {pod.name}.{clear}"
    return (
        f"kubectl describe node {pod.node}: what uses it up, and do the pods there request what they use? "
        f"kubectl get pods -A --field-selector spec.nodeName={pod.node}.{clear}"
    )


PLAYBOOK = Playbook(problem="evicted_pods", rank=67, proves=proves, candidates=candidates)
