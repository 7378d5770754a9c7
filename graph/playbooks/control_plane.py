"""The control plane itself is ill, or is being upgraded: nothing is written until it is well (kubernetes.md 2.2, 7.2).

Told by the alert: no object of the API says how the API is. The pods of the control plane and the nodes are read
beside it. While most of these fire a global hold is in force, whichever workload an action would be on. Counter-proof:
pods of the control plane that are ready, and an API that answers: then the fault may be in how it is watched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire
from graph.cluster_alerts import holds
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, Evidence, PodFacts
from tools.shared_causes import CONTROL_PLANE

NAMES = re.compile(
    r"KubeAPI(?:Down|InstanceUnreachable|ErrorBudgetBurn|TerminatedRequests|ErrorsHigh|LatencyHigh)"
    r"|KubeAggregatedAPI\w*|KubeClientErrors|KubeScheduler\w*|KubeControllerManager\w*|KubeProxyDown|KubeletDown"
    r"|KubeVersionMismatch|[Ee]tcd[A-Z]\w*|Kubernetes(?:Api(?:Server|Client)\w*|ComponentUnhealthy)"
)
JOBS = frozenset(
    {
        "apiserver",
        "kube-apiserver",
        "kube-scheduler",
        "kube-controller-manager",
        "etcd",
        "kube-etcd",
        "kube-proxy",
    }
)
ABOUT_CLIENTS = re.compile(r"certificate|deprecated", re.IGNORECASE)
"""The API server also tells of what its clients do."""
STEPS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"etcd", re.IGNORECASE),
        "What the cluster keeps is in danger or slow: writes fail first.",
        "On a control-plane node: etcdctl endpoint status --cluster -w table; then its disk's latency and free space",
    ),
    (
        re.compile(r"VersionMismatch"),
        "Components of several versions run: an upgrade is under way, or stopped half-way.",
        "kubectl get nodes -o wide shows which nodes have which version; finish the upgrade",
    ),
    (
        re.compile(r"KubeletDown|KubeProxyDown"),
        "The agents of the nodes are not seen: pods go on, but nobody tells how they are.",
        "kubectl get nodes; on a node that is NotReady: systemctl status kubelet",
    ),
    (
        re.compile(r"Scheduler"),
        "New pods stay Pending; what runs goes on.",
        "kubectl -n kube-system get pods -l component=kube-scheduler; then its logs",
    ),
    (
        re.compile(r"ControllerManager"),
        "Nothing is rolled out, replaced or scaled; what runs goes on.",
        "kubectl -n kube-system get pods -l component=kube-controller-manager; then its logs",
    ),
    (
        re.compile(r"AggregatedAPI"),
        "An API that is served beside Kubernetes' own, as that of metrics, does not answer.",
        "kubectl get apiservices | grep False names it",
    ),
)
OTHERWISE = (
    "The API server fails or is slow: what runs goes on, changes do not.",
    "kubectl get --raw='/readyz?verbose' names the check that fails",
)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules, or by whose metric it is (kubernetes.md 2.3)."""
    whose = alert.labels.get("job", "") in JOBS and not ABOUT_CLIENTS.search(alert.name)
    return bool(NAMES.fullmatch(alert.name)) or whose


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    meaning, step = next(
        ((meaning, step) for name, meaning, step in STEPS if any(name.search(a.name) for a in alerts)),
        OTHERWISE,
    )
    return Finding(
        problem="control_plane",
        cause=CONTROL_PLANE,
        summary=f"{fire(alerts)}, about the control plane. {meaning}",
        directness=0.8,
        evidence=tuple(evidence.cite("around") + evidence.cite("nodes")),
        facts=(*_pods(evidence), *_nodes(evidence), *_hold(alerts)),
        ruled_out=_well(evidence),
        next_step=f"{step}. Change nothing on workloads before it is well: what they report may be old.",
    )


def _hold(alerts: Sequence[Alert]) -> list[str]:
    """Not every rule that is told of here engages it."""
    if not any(holds(alert.name) for alert in alerts):
        return []
    return ["a global hold goes with it: while it fires nothing is written without a person"]


def _pods(evidence: Evidence) -> list[str]:
    ill = [pod for pod in evidence.around if not pod.ready]
    if not evidence.around:
        return ["no pod of the control plane was found: it may be managed, or not readable"]
    return [_line(pod) for pod in ill[:4]] or [
        f"{counted.all_pods(len(evidence.around), 'is', 'are')} ready in kube-system, of the control plane"
    ]


def _line(pod: PodFacts) -> str:
    waits = next((c.waiting_reason or c.exit_reason for c in pod.containers if not c.ready), "")
    return f"{pod.name} on {pod.node or 'no node'} is not ready{f': {waits}' if waits else ''}"


def _nodes(evidence: Evidence) -> list[str]:
    away = [node.name for node in evidence.nodes if node.ready != "True"]
    versions = sorted({node.kubelet_version for node in evidence.nodes if node.kubelet_version})
    lines = [f"not Ready: {', '.join(away[:5])}"] if away else []
    return lines + (
        [f"kubelets of {len(versions)} versions: {', '.join(versions[:4])}"] if versions[1:] else []
    )


def _well(evidence: Evidence) -> tuple[str, ...]:
    pods = evidence.around
    well = ("its pods: all that were found are ready",) if pods and all(pod.ready for pod in pods) else ()
    away = [node for node in evidence.nodes if node.ready != "True"]
    return (*well, *(("nodes: all of them are Ready",) if evidence.nodes and not away else ()))


PLAYBOOK = Playbook(
    problem="control_plane", rank=1, tells=tells, explains=explains, looks=("control_plane", "nodes")
)
