"""Names are not resolved, or too slowly: what looks ill everywhere may only wait for DNS.

Proof, of a workload that fails: none of the pods that resolve names is ready. They are read where its log speaks of it,
and the log alone proves nothing. An alert about DNS is explained with the same pods: whether they are ready decides
where to look first. Counter-proof: ready ones say that the fault is behind them (a forwarder), before them (the
network), or in what they are asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph import counted
from graph.alert_words import fire
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import crashed_container, describe_crash, is_broken, live_pods
from tools.records import Alert, ContainerFacts, Evidence, PodFacts
from tools.shared_causes import DNS

NAMES = re.compile(r"(?:Core|Kube|NodeLocal)?-?Dns(?:[A-Z_]\w*)?", re.IGNORECASE)
JOBS = frozenset({"kube-dns", "coredns", "node-local-dns", "node-cache"})
LOGS = "kubectl -n kube-system logs -l k8s-app=kube-dns --tail=50"


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    pods, now = evidence.dns, evidence.collected_at
    ill = [pod for pod in live_pods(evidence) if is_broken(pod, now)]
    if not ill or not pods or any(pod.ready for pod in pods):
        return None
    return Finding(
        problem="dns_failing",
        cause=DNS,
        summary=f"{counted.pods(len(ill), 'fails', 'fail')} while no pod of the cluster's DNS is ready.",
        directness=0.9,
        evidence=tuple(
            id_ for kind in ("dns", "previous_logs", "logs", "pods") for id_ in evidence.cite(kind)
        ),
        facts=(
            *(_ended(pod, found) for pod in pods[:2] if (found := crashed_container(pod, now))),
            f"{len(pods)} pods of kube-dns in kube-system, none of them ready",
        ),
        ruled_out=("a release, or what it needs: it cannot find its address",),
        next_step=f"{_next_step(True, True)}. What fails for it starts again by itself within minutes.",
    )


def tells(alert: Alert) -> bool:
    """By its name, or by who is scraped."""
    return bool(NAMES.fullmatch(alert.name)) or alert.labels.get("job", "") in JOBS


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    pods, now = evidence.around, evidence.collected_at
    ill = [pod for pod in pods if not pod.ready]
    crashed = [_ended(pod, found) for pod in ill if (found := crashed_container(pod, now))]
    return Finding(
        problem="dns_failing",
        cause=DNS,
        summary=f"{fire(alerts)}, about the cluster's DNS. {_state(len(ill), len(pods))}",
        directness=1.0 if ill else 0.7,
        evidence=evidence.cite("around"),
        facts=(
            *(crashed or [f"{pod.name} on {pod.node or 'no node'} is not ready" for pod in ill])[:4],
            "workloads that cannot resolve a name fail with it, and recover by themselves when it does",
        ),
        ruled_out=("its pods: all that were found are ready",) if pods and not ill else (),
        next_step=_next_step(bool(ill), bool(pods)),
    )


def _ended(pod: PodFacts, container: ContainerFacts) -> str:
    """With what it said at its end, which names the mistake in its configuration."""
    return (
        f"{describe_crash(pod, container)}{f': {container.exit_message}' if container.exit_message else ''}"
    )


def _state(ill: int, of: int) -> str:
    if not of:
        return "None of its pods could be seen."
    return f"{ill} of its {of} pods are not ready." if ill else f"All {of} of its pods are ready."


def _next_step(ill: bool, seen: bool) -> str:
    if ill or not seen:
        return f"kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide; {LOGS}"
    return (
        f"{LOGS}: errors there name the forwarder that does not answer. Without any: kubectl run -it --rm dns "
        "--image=busybox --restart=Never -- nslookup kubernetes.default, from the node of a workload that fails."
    )


PLAYBOOK = Playbook(
    problem="dns_failing", rank=9, proves=proves, tells=tells, explains=explains, looks=("dns", "nodes")
)
