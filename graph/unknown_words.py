"""What is said where no class is proved: the state that was seen, what is still open, and a first command. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from graph import counted
from graph.ages import old, since
from graph.context import KINDS as CONTEXT
from graph.cpu_words import busiest, use_lines
from graph.load import USE_KINDS
from graph.release_words import new_release, release_fact
from graph.shared_cause import node_to_blame
from graph.symptoms import crashed_lately, current_revision, live_pods
from tools.excerpts import message, quote
from tools.records import Evidence, EvidenceItem, PodFacts

MOST = 6
MEASURE = "A metrics server, or PROMETHEUS_URL, would let this agent look too."
PROCESSOR = ("metrics", "processor_use")
"""Kinds that `use_lines` says in full."""
NOTHING_NEW = frozenset(
    {
        "workload",
        "pods",
        "revisions",
        "revision_diff",
        "neighbours",
        "config_changes",
        "logs",
        "previous_logs",
        "events",
    }
)
"""Kinds whose items are said in other words, or repeat what the summary says."""


def summary(evidence: Evidence, about: str, silent: Sequence[str]) -> str:
    """What was seen; `about`: the name of an alert that pods do not show, `silent`: why nobody tells what they use."""
    missing, pods = _unread(evidence), live_pods(evidence)
    if missing:
        return f"{len(missing)} of {len(evidence.items)} reads failed; the first: {missing[0].summary}"
    unready = [pod for pod in pods if not pod.ready]
    node = node_to_blame(unready, evidence)
    if node:
        state = f"which reports {', '.join(node.pressures)}" if node.ready == "True" else "which is not Ready"
        return f"{counted.pods(len(unready), 'is', 'are')} not ready, on node {node.name}, {state}."
    if unready:
        states = "; ".join(state_of(pod, evidence.collected_at) for pod in unready[:2])
        are = counted.part(len(unready), len(pods), "is", "are")
        return f"{are} not ready, and what keeps them so is not known: {states}."
    if any(crashed_lately(pod, evidence.collected_at) for pod in pods):
        return f"{_all_are(pods)} ready, but crashed minutes ago: too early to call it over."
    if pods and about:
        nobody = ", and nobody tells what they use" if silent else ""
        return f"{_all_are(pods)} ready; what {about} is about does not show in their state{nobody}."
    return "No failing pod was found."


def state_of(pod: PodFacts, now: datetime) -> str:
    """`web-1 waits (ContainerCreating) for 40 s`, in the kubelet's or the scheduler's words."""
    waiting = next((c for c in pod.containers if c.waiting_reason), None)
    if pod.unschedulable:
        return f"{pod.name} has no node: {quote(message(pod.unschedulable, 120))}"
    if waiting:
        return f"{pod.name} waits ({waiting.waiting_reason}), {old(pod.created_at, now)} old"
    runs = [c.running_since for c in pod.containers if c.running_since and not c.init]
    if runs and (now - max(runs)).total_seconds() < 300:
        return f"{pod.name} has run for {old(max(runs), now)} and may be starting"
    changed = f" since {since(pod.ready_changed_at, now)}" if pod.ready_changed_at else ""
    return f"{pod.name} on {pod.node or 'no node'} is not ready{changed}"


def facts(evidence: Evidence, silent: Sequence[str], *, about_use: bool) -> tuple[str, ...]:
    """Warnings, the release, and what else was found, the most telling first."""
    warnings = [counted.told(event) for event in evidence.events if event.type == "Warning"][:2]
    items = [item for item in evidence.items if item.status == "found" and item.kind not in NOTHING_NEW]
    used = use_lines(evidence) if about_use else []
    items = [item for item in items if not (used and item.kind in PROCESSOR)]
    items.sort(key=lambda item: not (about_use and item.kind in USE_KINDS))
    found = [f"{item.kind.replace('_', ' ')}: {item.summary}" for item in items if item.summary]
    return tuple([*silent, *used, *warnings, *release_fact(evidence), *found][:MOST])


def ruled_out(evidence: Evidence) -> tuple[str, ...]:
    """What was looked at: nothing where a read failed, or where there is no pod to look at."""
    pods = live_pods(evidence)
    if evidence.missing() or not pods:
        return ()
    ready = f"a fault that pods show: {counted.all_pods(len(pods), 'is', 'are').lower()} ready"
    well = [] if any(not pod.ready for pod in pods) else [ready]
    calm = not any(crashed_lately(pod, evidence.collected_at) for pod in pods)
    return (*well, *(["a crash: no container has ended in the last ten minutes"] if calm else []))


def next_step(evidence: Evidence, silent: Sequence[str]) -> str:
    """A command for what is open."""
    pods = live_pods(evidence)
    unready = next((pod for pod in pods if not pod.ready), None)
    if _unread(evidence):
        return (
            "kubectl get pods,events -n <namespace>: what is ill there? This agent could not read all of it, and "
            "proves nothing; where a read was forbidden, its ClusterRole lacks that right."
        )
    node = node_to_blame((pod for pod in pods if not pod.ready), evidence)
    if node:
        return f"kubectl describe node {node.name}: its pods are well again, or made anew elsewhere, once that is over."
    if unready:
        log = f"; then kubectl logs {unready.name} --all-containers --tail=100" if _has_run(unready) else ""
        return f"kubectl describe pod {unready.name}: its events say what it waits for{log}"
    if not pods:
        return "kubectl get events -n <namespace> --sort-by=.lastTimestamp: what happened to it lately?"
    if silent and pods[0].node:
        return (
            f"kubectl get --raw /api/v1/nodes/{pods[0].node}/proxy/stats/summary prints what its pods use: which is "
            f"it? {MEASURE}"
        )
    log = f"kubectl logs {busiest(evidence) or pods[0].name} --all-containers --since=15m --tail=200"
    current = current_revision(evidence) if new_release(evidence) else None
    release = (
        f" What the release holds: kubectl rollout history <workload> --revision={current.number}"
        if current
        else ""
    )
    return f"{log}: errors, slow calls, refused requests?{release}"


def _unread(evidence: Evidence) -> list[EvidenceItem]:
    return [item for item in evidence.missing() if item.kind not in CONTEXT]


def _has_run(pod: PodFacts) -> bool:
    return any(c.running_since or c.exit_code is not None for c in pod.containers)


def _all_are(pods: Sequence[PodFacts]) -> str:
    return counted.all_pods(len(pods), "is", "are")
