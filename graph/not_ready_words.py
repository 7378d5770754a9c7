"""What is said of pods that run and are not ready: since when, what their probe gets, and on which nodes they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from graph import counted
from graph.ages import old, since
from graph.probe_words import body_command, got, numbers, probe_of
from graph.said import EMPTY, quoted, silent
from graph.symptoms import dependencies_down, live_pods
from tools.records import EventFacts, Evidence, NodeFacts, PodFacts, ProbeFacts

TOGETHER = timedelta(seconds=300)
FEW_NODES = 2
EVICTED_AFTER = timedelta(seconds=300)
"""How long pods tolerate a silent node where they do not say otherwise (kubernetes.md 2.3)."""


def since_when(unready: Sequence[PodFacts], evidence: Evidence) -> str:
    """` since 14:18:20 UTC (54 min ago)`, of the first of them; nothing where no condition tells."""
    changed = [pod.ready_changed_at for pod in unready if pod.ready_changed_at]
    if not changed:
        return ""
    first, last = min(changed), max(changed)
    together = ", all within five minutes" if len(changed) > 1 and last - first <= TOGETHER else ""
    return f" since {since(first, evidence.collected_at)}{together}"


def body(unready: Sequence[PodFacts], evidence: Evidence) -> str:
    """What their readiness probe asks and gets, and what the program says of it."""
    event, probe = _told(evidence), _probe(unready[0], evidence)
    answer = f"{got(event.message, probe)}{often(event)}" if event else ""
    return f"their readiness probe{numbers(probe)} fails{answer}{quoted(evidence, unready[0].name)}"


def often(event: EventFacts) -> str:
    """` (528 times on 3 pods)`; nothing of one time."""
    on = f" on {event.objects} pods" if event.objects > 1 else ""
    return f" ({event.count} times{on})" if event.count > 1 else ""


def others(evidence: Evidence) -> tuple[str, ...]:
    """What the kubelet says beside what the summary tells."""
    told = _told(evidence)
    return tuple(
        counted.told(event) for event in evidence.events if event.reason == "Unhealthy" and event != told
    )[:1]


def outcomes(evidence: Evidence) -> tuple[str, ...]:
    """What the kubelet says of their probes, with how often."""
    return tuple(counted.told(event) for event in evidence.events if event.reason == "Unhealthy")[:2]


def places(unready: Sequence[PodFacts], evidence: Evidence) -> tuple[str, ...]:
    """Where all that are ill are on a node or two and those elsewhere are well: a clue, and no proof."""
    pods = live_pods(evidence)
    ill = sorted({pod.node for pod in unready if pod.node})
    well = [pod for pod in pods if pod.ready and pod.node not in ill]
    if not well or not ill or len(ill) > FEW_NODES or any(pod.ready and pod.node in ill for pod in pods):
        return ()
    others = ", ".join(sorted({pod.node for pod in well})[:3])
    return (
        f"not ruled out: something of {' and '.join(ill)}, as a network: every pod of it there is ill, "
        f"{counted.pods(len(well), 'is', 'are')} ready on {others}",
    )


def started(unready: Sequence[PodFacts], evidence: Evidence) -> tuple[str, ...]:
    """Since when they run, and that their log says nothing, where it does not."""
    runs = [c.running_since for pod in unready for c in pod.containers if c.running_since and not c.init]
    lines = (
        [f"they run without a restart since {since(max(runs), evidence.collected_at)} or before"]
        if runs
        else []
    )
    why = why_silent(unready[0], evidence)
    return (*lines, *([f"{unready[0].name}: {why}"] if why else []))


def why_silent(pod: PodFacts, evidence: Evidence) -> str:
    """That the log of one of its containers is empty, or could not be read; empty where it says something."""
    return next((why for c in pod.containers if (why := silent(evidence, pod.name, c.name))), "")


def steps(pod: PodFacts, evidence: Evidence) -> str:
    """What the service that is down lacks; else what the probe is answered, and the log, where there may be one."""
    down = dependencies_down(evidence)
    if down:
        name = down[0].service
        return (
            f"kubectl get endpointslices -l kubernetes.io/service-name={name} -o wide: bring {name} back; these pods "
            "become ready by themselves then, and a restart changes nothing."
        )
    return (
        f"{look(pod, evidence)}: what does it wait for? A restart helps only where that is back and they have given up "
        "trying (their log says so); while it is away, new pods would wait as well."
    )


def look(pod: PodFacts, evidence: Evidence) -> str:
    """The commands that tell why its probe fails: what the program answers to it, and its log, if it has one."""
    event = _told(evidence)
    answered = event is not None and "statuscode" in event.message
    ask = body_command(_probe(pod, evidence), pod.name) if answered else ""
    log = "" if why_silent(pod, evidence) == EMPTY else f"kubectl logs {pod.name} --all-containers --tail=100"
    told = [f"{ask} prints what its probe is answered"] if ask else []
    return "; ".join([*told, *([log] if log else [])]) or f"kubectl describe pod {pod.name}"


def node_summary(unready: Sequence[PodFacts], nodes: Sequence[NodeFacts]) -> str:
    """The node first: the pods are only where it is. The same for all workloads that it makes ill, so without ages."""
    changed = nodes[0].ready_changed_at
    at = f" since {changed:%Y-%m-%d %H:%M:%S} UTC" if changed else ""
    others = f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
    have, there = ("are", "on them") if len(nodes) > 1 else ("is", "on it")
    lost = counted.pods(len(unready), f"{there} is", f"{there} are")
    return f"Node {nodes[0].name}{others} {have} not Ready{at}, so that {lost} not ready."


def node_facts(
    unready: Sequence[PodFacts], nodes: Sequence[NodeFacts], evidence: Evidence
) -> tuple[str, ...]:
    """What each node says, which pods are there, and when Kubernetes makes others."""
    now = evidence.collected_at
    lines = [
        f"{node.name}: Ready={node.ready}{f', {node.reason}' if node.reason else ''}" for node in nodes[:2]
    ]
    names = ", ".join(f"{pod.name} on {pod.node}" for pod in unready[:3])
    lines.append(f"{names}: not ready{since_when(unready, evidence)}; {counted.ready(live_pods(evidence))}")
    changed = nodes[0].ready_changed_at
    if changed and now - changed < EVICTED_AFTER and nodes[0].ready == "Unknown":
        at = changed + EVICTED_AFTER
        lines.append(
            f"pods of a Deployment are made anew elsewhere about {at:%H:%M:%S} UTC, unless it comes back"
        )
    elif changed:
        lines.append(f"the node has been so for {old(changed, now)}")
    return tuple(lines)


def node_step(node: NodeFacts) -> str:
    """The machine, since no command on the pod is carried out there."""
    return (
        f"kubectl describe node {node.name}: look at the node first, then whether its machine is up, in the cloud's "
        f"console or by ssh {node.name} systemctl status kubelet. Nothing done to the workload helps: the pods there "
        "cannot be taken away before it answers."
    )


def _told(evidence: Evidence) -> EventFacts | None:
    found = [event for event in evidence.events if event.reason == "Unhealthy"]
    return next((event for event in found if "eadiness" in event.message), found[0] if found else None)


def _probe(pod: PodFacts, evidence: Evidence) -> ProbeFacts | None:
    names = [c.name for c in pod.containers if not c.ready and not c.init] or [c.name for c in pod.containers]
    return next((probe for name in names if (probe := probe_of(evidence, name, "readiness"))), None)
