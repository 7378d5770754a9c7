"""Names are not resolved, or too slowly: what looks ill everywhere may only wait for DNS.

Proof, of a workload that fails: none of the pods that resolve names is ready. They are read where its log speaks of it,
and the log alone proves nothing. Where they are ready, their own log tells who does not answer them; that explains, and
nothing is done by it (graph/upstreams.py). An alert about DNS is explained with the same pods: whether they are ready
decides where to look first. Counter-proof: ready ones say that the fault is behind them (a forwarder), before them (the
network), or in what they are asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from graph import counted
from graph.ages import since
from graph.alert_words import fire
from graph.crash_words import ending
from graph.dns_commands import logs, look
from graph.memory_limits import spelled
from graph.playbooks import Playbook
from graph.state import Finding
from graph.symptoms import crashed_container, describe_crash, is_broken, live_pods
from graph.upstreams import explained as by_upstreams
from tools.excerpts import imperative, message, quote
from tools.records import Alert, Evidence, PodFacts
from tools.shared_causes import DNS

NAMES = re.compile(r"(?:Core|Kube|NodeLocal)?-?Dns(?:[A-Z_]\w*)?", re.IGNORECASE)
JOBS = frozenset({"kube-dns", "coredns", "node-local-dns", "node-cache"})
COREFILE = re.compile(r"Corefile:\d+")
"""A line of its configuration, as it names the one that it cannot read."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    pods, now = evidence.dns, evidence.collected_at
    ill = [pod for pod in live_pods(evidence) if is_broken(pod, now)]
    if not ill or not pods:
        return None
    if any(pod.ready for pod in pods):
        return by_upstreams(evidence)
    return Finding(
        problem="dns_failing",
        cause=DNS,
        summary=f"Cluster DNS is down: none of its {counted.times(len(pods), 'pod')} is ready{_says(pods, now)}. "
        "This workload fails for it.",
        directness=0.9,
        evidence=tuple(
            id_ for kind in ("dns", "previous_logs", "logs", "pods") for id_ in evidence.cite(kind)
        ),
        facts=(
            *(_line(pod, now) for pod in pods[:2]),
            f"{len(ill)} of {counted.times(len(live_pods(evidence)), 'pod')} of this workload not well",
            "workloads that look up a name fail with it: another alert of this time may have the same cause",
        ),
        next_step=f"{_mend(pods, evidence)}. What fails for it starts again by itself within minutes: roll nothing "
        "back and restart nothing else.",
    )


def tells(alert: Alert) -> bool:
    """By its name, or by who is scraped."""
    return bool(NAMES.fullmatch(alert.name)) or alert.labels.get("job", "") in JOBS


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    pods, now = evidence.around, evidence.collected_at
    ill = [pod for pod in pods if not pod.ready]
    return Finding(
        problem="dns_failing",
        cause=DNS,
        how_soon="soon" if pods and not ill else "",
        summary=f"{fire(alerts)}, about the cluster's DNS. {_state(len(ill), len(pods), _says(ill, now))}",
        directness=1.0 if ill else 0.7,
        evidence=evidence.cite("around"),
        facts=(
            *(_line(pod, now) for pod in ill[:4]),
            "workloads that cannot resolve a name fail with it, and recover by themselves when it does",
        ),
        ruled_out=("its pods: all that were found are ready",) if pods and not ill else (),
        next_step=_mend(ill, evidence) if ill else _next_step(evidence),
    )


def _line(pod: PodFacts, now: datetime) -> str:
    """How it ended, or since when it is not ready."""
    container = crashed_container(pod, now)
    if container:
        return describe_crash(pod, container)
    at = f" since {since(pod.ready_changed_at, now)}" if pod.ready_changed_at else ""
    return f"{pod.name} on {pod.node or 'no node'} is not ready{at}"


def _last_words(pods: Sequence[PodFacts], now: datetime) -> str:
    """What one of them said at its end, which names the mistake in its configuration."""
    ended = (found for pod in pods if (found := crashed_container(pod, now)))
    return next((c.exit_message for c in ended if c.exit_message and not imperative([c.exit_message])), "")


def _says(pods: Sequence[PodFacts], now: datetime) -> str:
    words = _last_words(pods, now)
    if words:
        return f"; it says: {quote(message(words, 160))}"
    ended = next((found for pod in pods if (found := crashed_container(pod, now))), None)
    return f"; {ended.name} {ending(ended)}" if ended else ""


def _state(ill: int, of: int, says: str) -> str:
    if not of:
        return "None of its pods could be seen."
    return f"{ill} of its {of} pods are not ready{says}." if ill else f"All {of} of its pods are ready."


def _mend(pods: Sequence[PodFacts], evidence: Evidence) -> str:
    """Its configuration, where it names a line of that; more memory, where it is killed for it; else what it says."""
    now = evidence.collected_at
    words = _last_words(pods, now)
    killed = [c for pod in pods if (c := crashed_container(pod, now)) and c.exit_reason == "OOMKilled"]
    if killed and killed[0].memory_limit:
        limit = killed[0].memory_limit
        return (
            f"kubectl -n kube-system set resources deployment/coredns -c {killed[0].name} "
            f"--limits=memory={spelled(2 * limit)}: its limit of {spelled(limit)} is too small"
        )
    if "plugin/loop" in words:
        return (
            "kubectl -n kube-system edit configmap coredns: its forward leads back to itself, most often by "
            "nameserver 127.0.0.1 or ::1 in the node's /etc/resolv.conf. Name the resolver behind it; then kubectl -n "
            "kube-system rollout restart deployment/coredns"
        )
    if not COREFILE.search(words):
        return look(evidence)
    return (
        f"kubectl -n kube-system edit configmap coredns: mend {COREFILE.findall(words)[0]}; then kubectl -n "
        "kube-system rollout restart deployment/coredns, and see it ready: kubectl -n kube-system rollout status "
        "deployment/coredns"
    )


def _next_step(evidence: Evidence) -> str:
    if not evidence.around:
        return look(evidence)
    return (
        f"{logs(evidence)}: errors there name the forwarder that does not answer. Without any: kubectl run -it --rm "
        "dns --image=busybox --restart=Never -- nslookup kubernetes.default, from the node of a workload that fails."
    )


PLAYBOOK = Playbook(
    problem="dns_failing", rank=9, proves=proves, tells=tells, explains=explains, looks=("dns", "nodes")
)
