"""Of a node that is away: whose pods are on it, what has become of them, and how to look at the machine.

Kubernetes gives pods 300 s on such a node unless they tolerate more, and then evicts them; an eviction is only a mark
until the kubelet answers. What DaemonSets and the node itself keep there is not evicted (kubernetes.md 2.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from graph import counted
from tools.records import Evidence, NodeFacts, NodePod

EVICTED_AFTER = timedelta(seconds=300)
MOST = 5
READ = ("found", "no_data")


def on_it(node: NodeFacts, evidence: Evidence) -> list[str]:
    """Whose pods these are: those that go or have gone, in the tense that the time asks for, and those that stay."""
    living = [pod for pod in evidence.node_pods if not pod.finished]
    if not living:
        return [item.summary for item in evidence.items if item.kind == "node_pods" and item.status in READ]
    going = [pod for pod in living if pod.fate in ("goes", "forbids")]
    leaving = [pod for pod in living if pod.fate == "leaves"]
    staying = [pod for pod in living if pod.fate == "stays"]
    lines = [_going(going, node, evidence)] if going else []
    if leaving:
        lines.append(f"evicted already, and Terminating until it answers or is deleted: {owners(leaving)}")
    if staying:
        kept = counted.times(len(staying), "pod")
        lines.append(f"never evicted: {kept} that DaemonSets or the node itself keep there")
    return lines


def owners(pods: Iterable[NodePod]) -> str:
    """`shop/web (2 pods), media/thumbs`: by namespace and workload, those with most first."""
    found = Counter(f"{pod.namespace}/{_owner(pod)}" for pod in pods)
    told = (f"{name} ({count} pods)" if count > 1 else name for name, count in found.most_common(MOST))
    return f"{', '.join(told)}{f' and {len(found) - MOST} more' if len(found) > MOST else ''}"


def _owner(pod: NodePod) -> str:
    """A ReplicaSet is named after its Deployment, with a mark of its template behind."""
    if pod.owner_kind == "ReplicaSet" and "-" in pod.owner_name:
        return pod.owner_name.rpartition("-")[0]
    return pod.owner_name or pod.name


def times(count: int) -> str:
    """` (12 times)`; nothing for one."""
    return f" ({count} times)" if count > 1 else ""


def next_step(node: NodeFacts, evidence: Evidence) -> str:
    """At the machine first; what must not be done to what is on it."""
    kept = [pod for pod in evidence.node_pods if pod.owner_kind == "StatefulSet" and not pod.finished]
    whose = f" ({owners(kept)})" if kept else ""
    return (
        f"{_look(node)} If it is gone for good: kubectl delete node {node.name} lets its pods be made elsewhere. Until "
        f"then never force-delete them: a StatefulSet's{whose} could run twice on one volume."
    )


def _look(node: NodeFacts) -> str:
    name = node.name
    if node.ready == "False":
        return (
            f"kubectl describe node {name} gives its kubelet's words in full; on {name}: journalctl -u kubelet -u "
            "containerd --since -30m. Where it is the network: kubectl -n kube-system get pods -o wide "
            "--field-selector "
            f"spec.nodeName={name} shows whether its network plugin runs."
        )
    return (
        f"kubectl -n kube-node-lease get lease {name} -o jsonpath='{{.spec.renewTime}}' is its last sign of "
        "life. Is the "
        "machine up (the console of the cloud or of the hypervisor, ping)? If it is, on "
        f"{name}: systemctl status kubelet; journalctl -u kubelet -u containerd --since -30m."
    )


def _going(going: list[NodePod], node: NodeFacts, evidence: Evidence) -> str:
    what = f"{counted.times(len(going), 'pod')} on it: {owners(going)}"
    if node.ready_changed_at is None:
        return what
    due = node.ready_changed_at + EVICTED_AFTER
    if evidence.collected_at < due:
        return f"{what}; Kubernetes evicts {'it' if len(going) == 1 else 'them'} at about {due:%H:%M:%S} UTC"
    return (
        f"{what}; not evicted though 300 s are over: they tolerate it for longer, or evictions are held back"
    )
