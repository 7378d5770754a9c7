"""Only the pods on one node fail, while their siblings elsewhere are well: the node is the question, not the workload.

Proof: two pods or more fail, all of them on one node; every live pod of that node fails, and at least as many siblings
of the same revision are ready on other nodes. Counter-proof: all that fail are younger than all that are well, so that
when they were made may be the difference, and not where. The node may call itself Ready all the same: its network, its
DNS or its disk are not in that condition. One of them is evicted, once (product.md 3): it serves nothing, and a new pod
on another node shows that it was the node. A cordon is for whoever has looked at the node.
"""

from __future__ import annotations

from graph import counted
from graph.evictions import eviction, node_line, node_of
from graph.playbooks import Playbook
from graph.said import says
from graph.state import Finding, Proposal
from graph.symptoms import (
    crashed_container,
    crashed_lately,
    describe_crash,
    is_complete,
    is_failing,
    live_pods,
)
from tools.records import ContainerFacts, Evidence, NodeFacts, PodFacts, Target

AT_LEAST = 2


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, pods = evidence.collected_at, live_pods(evidence)
    bad = [pod for pod in pods if is_failing(pod, now)]
    nodes = {pod.node for pod in bad}
    if len(bad) < AT_LEAST or len(nodes) != 1 or "" in nodes or not is_complete(evidence):
        return None
    (node,) = nodes
    others = [pod for pod in pods if pod.node != node]
    if any(pod.node == node and pod not in bad for pod in pods) or len(others) < len(bad):
        return None
    if any(not pod.ready or crashed_lately(pod, now) for pod in others):
        return None
    if {pod.owner_uid for pod in pods} != {bad[0].owner_uid}:
        return None
    if min(pod.created_at for pod in bad) > max(pod.created_at for pod in others):
        return None
    return _finding(bad, others, node, evidence)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """The eviction of the oldest of them, where another node may take the next."""
    if evidence.workload is None or evidence.workload.kind != "Deployment":
        return []
    now = evidence.collected_at
    pod = min((p for p in live_pods(evidence) if is_failing(p, now)), key=lambda p: (p.created_at, p.name))
    reason = f"Only pods on node {pod.node} fail: another pod may start on another node."
    return eviction(PLAYBOOK.problem, reason, pod, evidence, target)


def _finding(bad: list[PodFacts], others: list[PodFacts], node: str, evidence: Evidence) -> Finding:
    elsewhere = counted.times(len({pod.node for pod in others}), "other node")
    return Finding(
        problem="pods_bad_on_one_node",
        cause=f"node/{node}",
        summary=f"All {len(bad)} pods on node {node} fail{says(evidence, bad)}; the {len(others)} on {elsewhere} are "
        "well.",
        directness=0.8,
        evidence=tuple(evidence.cite("pods") + evidence.cite("nodes") + evidence.cite("events")),
        facts=(
            node_line(bad[0], node_of(bad[0], evidence)),
            *(describe_crash(pod, c) for pod in bad[:2] for c in [_ill(pod, evidence)]),
        ),
        ruled_out=(
            "a bad release: the same revision is well on other nodes",
            "what it needs: siblings reach it",
        ),
        next_step=_next_step(node, node_of(bad[0], evidence)),
    )


def _ill(pod: PodFacts, evidence: Evidence) -> ContainerFacts:
    return crashed_container(pod, evidence.collected_at) or pod.containers[0]


def _next_step(name: str, node: NodeFacts | None) -> str:
    """Whether others fail there too; a cordon keeps the next pods away, where nothing does already."""
    look = f"kubectl get pods -A -o wide --field-selector spec.nodeName={name}; kubectl describe node {name}"
    if node is not None and not node.takes_pods:
        return f"{look}: do others fail there too? No new pod starts there already; then evict these pods."
    return (
        f"{look}: if others fail there too, kubectl cordon {name} (it ends no pod, and keeps new ones away), then "
        "evict these pods."
    )


PLAYBOOK = Playbook(problem="pods_bad_on_one_node", rank=46, proves=proves, candidates=candidates)
