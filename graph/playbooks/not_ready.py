"""Several pods run and are not ready, without a crash: they say themselves that they cannot serve.

Proof: more than one live pod, or the only one, has run for five minutes without a restart and is not ready; none
crashes, waits or is unscheduled, the nodes that were read are well, and something read says why: a Service that they
name has no ready pod, or their readiness probe fails. A restart would replace pods
that recover by themselves once what they wait for is back, by pods that wait for the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import crashed_lately, dependencies_down, is_failing, live_pods
from tools.records import Evidence, PodFacts, Target

LONG_ENOUGH = timedelta(seconds=300)
"""A pod that has run for shorter may still be starting."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    now, pods = evidence.collected_at, live_pods(evidence)
    unready = [pod for pod in pods if not pod.ready]
    if not unready or (len(unready) == 1 and len(pods) > 1) or not all(_runs(pod, now) for pod in unready):
        return None
    if any(is_failing(pod, now) or crashed_lately(pod, now) for pod in pods) or _node_ill(unready, evidence):
        return None
    if not (dependencies_down(evidence) or _words(evidence)):
        return None
    return Finding(
        problem="not_ready",
        summary=f"{len(unready)} of {len(pods)} pods run and are not ready: {_why(evidence)}.",
        directness=0.7 if dependencies_down(evidence) else 0.5,
        evidence=tuple(evidence.cite("pods") + evidence.cite("dependencies") + evidence.cite("events")),
        facts=(*_since(unready), *_words(evidence)),
        ruled_out=("a crash: no container has ended", "a node: theirs are Ready, as far as they were read"),
        next_step=_next(evidence, unready[0]),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _runs(pod: PodFacts, now: datetime) -> bool:
    running = [c.running_since for c in pod.containers if not c.init]
    return bool(running) and all(since and now - since >= LONG_ENOUGH for since in running)


def _node_ill(pods: list[PodFacts], evidence: Evidence) -> bool:
    ill = {node.name for node in evidence.nodes if node.ready != "True"}
    return any(pod.node in ill for pod in pods)


def _why(evidence: Evidence) -> str:
    down = dependencies_down(evidence)
    if down:
        return f"{down[0].service}, which they name, has no ready pod"
    return "their readiness probe fails"


def _words(evidence: Evidence) -> tuple[str, ...]:
    events = [event for event in evidence.events if event.reason == "Unhealthy"]
    return tuple(f"{event.reason} ({event.count} times): {event.message}" for event in events[:2])


def _since(pods: list[PodFacts]) -> tuple[str, ...]:
    changed = [pod.ready_changed_at for pod in pods if pod.ready_changed_at]
    if not changed:
        return ()
    first, last = min(changed), max(changed)
    together = last - first <= LONG_ENOUGH
    return (f"not ready since {first:%H:%M:%S} UTC" + (", all within five minutes" if together else ""),)


def _next(evidence: Evidence, pod: PodFacts) -> str:
    down = dependencies_down(evidence)
    if down:
        service = down[0].service
        return f"Bring {service} back: kubectl get endpointslices -l kubernetes.io/service-name={service}"
    return f"kubectl logs {pod.name}: see what its readiness probe waits for, most often something that it calls."


PLAYBOOK = Playbook(problem="not_ready", rank=90, proves=proves, candidates=candidates)
