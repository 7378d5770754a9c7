"""The control plane itself is ill, or is being upgraded: nothing is written until it is well (kubernetes.md 2.2, 7.2).

Told by the alert: no object of the API says how the API is. The pods of the control plane and the nodes are read
beside it. While most of these fire a global hold is in force, whichever workload an action would be on. Counter-proof:
pods of the control plane that are ready, and an API that answers: then the fault may be in how it is watched.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire, host, label, named
from graph.cluster_alerts import holds
from graph.playbooks import Playbook
from graph.pod_states import look, unready
from graph.state import Finding
from tools.records import Alert, Evidence
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
        "On a control-plane node: etcdctl endpoint status --cluster -w table (is there a leader, do members "
        "lag?); then "
        "df -h /var/lib/etcd and the latency of its disk",
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
        "kubectl -n kube-system get pods -l component=kube-scheduler; then the log of each, with kubectl -n "
        "kube-system logs",
    ),
    (
        re.compile(r"ControllerManager"),
        "Nothing is rolled out, replaced or scaled; what runs goes on.",
        "kubectl -n kube-system get pods -l component=kube-controller-manager; then the log of each, with "
        "kubectl -n kube-system logs",
    ),
    (
        re.compile(r"AggregatedAPI"),
        "An API that is served beside Kubernetes' own, as that of metrics, does not answer.",
        "kubectl get apiservice NAME -o jsonpath='{.status.conditions}' says why; then the pods of the "
        "Service that it names",
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
        summary=f"{fire(alerts)}{_which(alerts)}, about the control plane. {meaning}",
        directness=0.8,
        evidence=tuple(evidence.cite("around") + evidence.cite("nodes")),
        facts=(*_pods(evidence), *_nodes(evidence), *_answers(evidence), *_hold(alerts)),
        ruled_out=_well(evidence),
        next_step=f"{_step(step, evidence, alerts)} Change nothing on workloads before it is well: what they "
        "report may be old.",
    )


def _which(alerts: Sequence[Alert]) -> str:
    """Whom the labels name: an instance, a node, an API that is served beside Kubernetes' own."""
    told = (
        ("API", label(alerts, "name")),
        ("instance", host(alerts)),
        ("node", label(alerts, "node")),
        ("verb", label(alerts, "verb")),
    )
    found = [f"{what} {text}" for what, text in told if text]
    return f" ({', '.join(found[:3])})" if found else ""


def _step(step: str, evidence: Evidence, alerts: Sequence[Alert]) -> str:
    """With the names that were found."""
    nodes = [node.name for node in evidence.nodes if node.control_plane]
    where = f"On {nodes[0]}" if nodes else "On a control-plane node"
    away = [node.name for node in evidence.nodes if node.ready != "True"]
    step = step.replace("a node that is NotReady", ", ".join(away[:3])) if away else step
    general = f"{step.replace('On a control-plane node', where).replace('NAME', named(alerts, 'name'))}."
    ill = next((pod for pod in evidence.around if not pod.ready), None)
    if ill is None:
        return general
    return f"{look(ill, 'kube-system')}.{f' {general}' if general.startswith('On') else ''}"


def _answers(evidence: Evidence) -> list[str]:
    """That anything was read at all says that the API server answers this agent."""
    read = [what for what, found in (("nodes", evidence.nodes), ("pods", evidence.around)) if found]
    if read:
        return [f"the API server answers this agent: {' and '.join(read)} could be read from it"]
    unread = [item for item in evidence.missing() if item.kind in ("nodes", "around")]
    return (
        ["the API server did not answer this agent either"]
        if any("no connection" in i.summary for i in unread)
        else []
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
    return [unready(pod, evidence.collected_at) for pod in ill[:4]]


def _nodes(evidence: Evidence) -> list[str]:
    away = [node.name for node in evidence.nodes if node.ready != "True"]
    lines = [f"not Ready: {', '.join(away[:5])}"] if away else []
    return lines + _versions(evidence)


def _versions(evidence: Evidence) -> list[str]:
    """Which nodes are behind, where kubelets differ."""
    by_version: dict[str, list[str]] = {}
    for node in evidence.nodes:
        if node.kubelet_version:
            by_version.setdefault(node.kubelet_version, []).append(node.name)
    if len(by_version) < 2:
        return []
    told = (
        f"{version} on {', '.join(names[:3])}{_more(names)}"
        for version, names in sorted(by_version.items())[:4]
    )
    return [f"kubelets of {len(by_version)} versions: {'; '.join(told)}"]


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 3} more" if len(names) > 3 else ""


def _well(evidence: Evidence) -> tuple[str, ...]:
    pods = evidence.around
    well: tuple[str, ...] = ()
    if pods and all(pod.ready for pod in pods):
        well = (f"its pods: {counted.all_pods(len(pods), 'is', 'are')} ready in kube-system",)
    away = [node for node in evidence.nodes if node.ready != "True"]
    return (*well, *(("nodes: all of them are Ready",) if evidence.nodes and not away else ()))


PLAYBOOK = Playbook(
    problem="control_plane", rank=1, tells=tells, explains=explains, looks=("control_plane", "nodes")
)
