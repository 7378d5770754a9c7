"""Pods that their nodes have ended, in words: for want of what, what they used and requested, how often, the mend."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from graph import counted
from graph.ages import lasting, old
from graph.amounts import readable
from graph.state import HowSoon
from graph.symptoms import live_pods
from tools.excerpts import message, quote
from tools.quantities import parse_quantity
from tools.records import Evidence, NodeFacts, PodFacts

SHUTDOWN = frozenset({"Terminated", "NodeShutdown", "Shutdown"})
MOST_NAMED = 6
_OWN_LIMIT = re.compile(r"exceed(?:s|ed) (?:the |its )?(?:total |local )?.*limit", re.IGNORECASE)
_SCRATCH = re.compile(r'EmptyDir volume "([\w.-]+)" exceeds the limit "([\w.]+)"')
_LOW_ON = re.compile(r"low on resource: ([\w-]+)|had condition: \[(\w+)\]")
_LEFT = re.compile(r"Threshold quantity: (\w+), available: (\w+)")
_USED = re.compile(r"Container ([\w.-]+) was using (\w+), request is (\w+)")
_CONDITIONS = {"DiskPressure": "disk space", "MemoryPressure": "memory", "PIDPressure": "process ids"}
_PRESSURES = {"memory": "memory", "ephemeral-storage": "ephemeral-storage", "MemoryPressure": "memory"}


class Use(NamedTuple):
    """What a container used when it was evicted, as the kubelet says, and what it had requested."""

    container: str
    used: str
    requested: str


def ended_at(pod: PodFacts) -> datetime:
    """When it lost Ready, which is when its node ended it."""
    return pod.ready_changed_at or pod.created_at


def own_limit(pod: PodFacts) -> bool:
    """It went over a limit of its own: no fault of its node."""
    return bool(_OWN_LIMIT.search(pod.message))


def summary(ended: Sequence[PodFacts], evidence: Evidence) -> str:
    """Why, with the kubelet's own numbers; the newest is the first of them."""
    newest = ended[0]
    was = counted.pods(len(ended), "was", "were")
    when = f"{'the last ' if len(ended) > 1 else ''}at {ended_at(newest):%Y-%m-%d %H:%M:%S} UTC"
    ago = old(ended_at(newest), evidence.collected_at)
    return f"{was} {_why(newest, ended)}, {when} ({ago} ago){_over(evidence)}."


def facts(ended: Sequence[PodFacts], evidence: Evidence) -> tuple[str, ...]:
    """Which pods, whether it goes on, and how their nodes are now."""
    names = {pod.node for pod in ended[:MOST_NAMED]}
    nodes = [_node(node) for node in evidence.nodes if node.name in names]
    return (_who(ended), *_goes_on(ended, evidence), *nodes[:3])


def how_soon(ended: Sequence[PodFacts], evidence: Evidence, *, well: bool) -> HowSoon:
    """Over, or due again; where pods are missing their number tells."""
    if not well:
        return ""
    return "soon" if _goes_on(ended, evidence) else "later"


def next_step(ended: Sequence[PodFacts], evidence: Evidence, *, well: bool) -> str:
    """The mend for what took them, and how what is left of them is cleared away."""
    newest = ended[0]
    return f"{_mend(newest, evidence)}{_clear(ended) if well else ''}"


def _why(pod: PodFacts, ended: Sequence[PodFacts]) -> str:
    scratch, low, use = _SCRATCH.search(pod.message), _LOW_ON.search(pod.message), _used_by(pod)
    if scratch:
        return f'evicted: emptyDir "{scratch[1]}" went over its limit of {scratch[2]}'
    if own_limit(pod):
        return f"evicted for exceeding a limit of its own: {quote(message(pod.message, 160))}"
    if pod.reason in SHUTDOWN:
        return f"ended with node {pod.node or '(unknown)'}, which was shut down"
    if not low:
        told = f": {quote(message(pod.message, 160))}" if pod.message else ""
        return f"ended by their node for {pod.reason}{told}"
    left = _LEFT.search(pod.message)
    room = f" ({readable(left[2])} left, threshold {readable(left[1])})" if left else ""
    used = f"; {use.container} used {readable(use.used)} and requested {_requested(use)}" if use else ""
    what = _CONDITIONS.get(low[2], low[1] or low[2])
    return f"evicted: {_where(ended)} ran short of {what}{room}{used}"


def _where(ended: Sequence[PodFacts]) -> str:
    names = list(dict.fromkeys(pod.node or "(unknown)" for pod in ended))
    return f"node {names[0]}" if len(names) == 1 else f"nodes {', '.join(names[:3])}"


def _used_by(pod: PodFacts) -> Use | None:
    """Of its first container that the kubelet tells of."""
    found = _USED.search(pod.message)
    return Use(found[1], found[2], found[3]) if found else None


def _requested(use: Use) -> str:
    return "nothing" if use.requested in ("0", "") else readable(use.requested)


def _over(evidence: Evidence) -> str:
    """How many are ready since, as long as that is all of them."""
    pods = live_pods(evidence)
    ready = sum(pod.ready for pod in pods)
    return (
        f"; all {ready} that serve are well" if ready == len(pods) else f"; {ready} of {len(pods)} are ready"
    )


def _who(ended: Sequence[PodFacts]) -> str:
    more = f" and {len(ended) - 3} more" if len(ended) > 3 else ""
    names = ", ".join(f"{pod.name} on {pod.node or 'no node'}" for pod in ended[:3])
    return f"newest first: {names}{more}" if len(ended) > 1 else names


def _goes_on(ended: Sequence[PodFacts], evidence: Evidence) -> list[str]:
    """It comes again and again, and the next is due: three and more, at distances of more than a minute."""
    times = sorted({ended_at(pod) for pod in ended})
    if len(times) < 3:
        return []
    gap = (times[-1] - times[0]) / (len(times) - 1)
    if gap < timedelta(minutes=1) or evidence.collected_at - times[-1] > 2 * gap:
        return []
    every = lasting(gap.total_seconds())
    return [f"it goes on: one about every {every} since {times[0]:%Y-%m-%d %H:%M:%S} UTC, the next is due"]


def _node(node: NodeFacts) -> str:
    since = f" since {node.ready_changed_at:%Y-%m-%d %H:%M:%S} UTC" if node.ready_changed_at else ""
    pressures = ", ".join(node.pressure_words or node.pressures) or "no pressure any more"
    return f"node {node.name} now: {'Ready' if node.ready == 'True' else 'not Ready'}{since}, {pressures}"


def _mend(pod: PodFacts, evidence: Evidence) -> str:
    scratch, low = _SCRATCH.search(pod.message), _LOW_ON.search(pod.message)
    if scratch:
        return (
            f'kubectl edit <workload>: raise sizeLimit {scratch[2]} of the emptyDir "{scratch[1]}" where so much is '
            f"meant, which replaces {_all(evidence)}; else mend what does not clear it{_inside(evidence)}."
        )
    if own_limit(pod):
        edit = "kubectl edit <workload>: raise its ephemeral-storage limit where so much is meant"
        return f"{edit}, which replaces {_all(evidence)}{_inside(evidence)}."
    if pod.reason in SHUTDOWN:
        return f"kubectl describe node {pod.node}: was the shutdown meant (maintenance, a spot machine)?"
    if not pod.node:
        return f"kubectl describe pod {pod.name}: its status says why it was ended."
    return f"{_requests(pod, low, evidence)}kubectl describe node {pod.node} shows what the others there request."


def _requests(pod: PodFacts, low: re.Match[str] | None, evidence: Evidence) -> str:
    """What uses more than it requests goes first (kubernetes.md 2.1); what used little did not fill the node."""
    use = _used_by(pod)
    resource = _PRESSURES.get((low[1] or low[2]) if low else "")
    if use is None or resource is None:
        return ""
    if _is_little(pod, use):
        look = "df -h and crictl images" if resource == "ephemeral-storage" else "ps aux --sort=-rss | head"
        return (
            f"On machine {pod.node}: {look}; {use.container} used {readable(use.used)} only, so that something else "
            "fills it. "
        )
    return (
        f"kubectl set resources <workload> -c {use.container} --requests={resource}={use.used}: as much as it used, so "
        f"that the scheduler leaves room for it and it is not the first to go; this replaces {_all(evidence)}. "
    )


def _is_little(pod: PodFacts, use: Use) -> bool:
    """Less than what lacked: without it the node would have been short all the same."""
    left = _LEFT.search(pod.message)
    try:
        lacked = parse_quantity(left[1]) - parse_quantity(left[2]) if left else 0.0
        return parse_quantity(use.used) < lacked
    except ValueError:
        return False


def _all(evidence: Evidence) -> str:
    return f"all {evidence.workload.desired} pods" if evidence.workload else "all pods"


def _inside(evidence: Evidence) -> str:
    runs = next((pod for pod in live_pods(evidence) if pod.phase == "Running"), None)
    return f". What fills it: kubectl exec {runs.name} -n <namespace> -- df -h" if runs else ""


def _clear(ended: Sequence[PodFacts]) -> str:
    """By name where they are few: by phase it would take failed pods of other workloads too, and of Jobs."""
    names = " ".join(pod.name for pod in ended)
    if len(ended) <= MOST_NAMED:
        left = "it" if len(ended) == 1 else "them"
        return f" What is left of {left} clears by kubectl delete pod {names} -n <namespace>."
    return (
        f" What is left of the {len(ended)} clears by kubectl delete pods -n <namespace> "
        "--field-selector=status.phase=Failed (this takes all failed pods of the namespace, those of Jobs too)."
    )
