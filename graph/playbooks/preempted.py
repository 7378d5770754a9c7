"""Pods wait since the scheduler put pods of the workload out, to make room for pods of a higher priority.

Proof: an event Preempted of the last hour on a pod of the workload, or a pod that is still there with the condition
DisruptionTarget of reason PreemptionByScheduler, and pods that have waited for room since then, in the scheduler's own
words; nothing else fails. Counter-proof: pods lately went for another reason (their kubelet, a drain, a taint), or
nobody was put out and they merely do not fit (`unschedulable`). Of a StatefulSet only pods that are still there tell:
events of an earlier pod of the same name are not read. Nothing is proposed: to restart or to delete makes more pods
that wait, and who goes first is what people have said by their priorities.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from graph import counted
from graph.amounts import asked
from graph.playbooks import Playbook
from graph.scheduler_words import lacks
from graph.state import Finding
from graph.symptoms import is_failing, live_pods
from tools.excerpts import message, quote
from tools.records import EventFacts, Evidence, PodFacts

RECENT = timedelta(hours=1)
"""How long events are kept, and how long ago a pod may have gone otherwise to be counted."""
SAME_TIME = timedelta(minutes=10)
"""Several pods are put out one after the other, and only the last is dated; who has waited for longer waits for
something else.
"""
PREEMPTION = "PreemptionByScheduler"
ROOM = re.compile(r"Insufficient|Too many pods|free ports", re.IGNORECASE)
_NAME = r"([a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*)"
_POD = re.compile(rf"Pod {_NAME}")
_NAMED = re.compile(rf"^Preempted by {_NAME} on node")
_UID = re.compile(r"^Preempted by pod ([0-9a-f-]{36}) on node")


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    told = [event for event in evidence.events if event.reason == "Preempted" and _is_recent(event, evidence)]
    going = [pod for pod in evidence.pods if pod.deleting and pod.put_out_by == PREEMPTION]
    since = _since(told, going)
    if since is None or _went_otherwise(evidence) or _fails(evidence):
        return None
    waiting = [
        pod
        for pod in live_pods(evidence)
        if ROOM.search(pod.unschedulable) and pod.created_at >= since - SAME_TIME
    ]
    return _finding(evidence, told, going, waiting) if waiting else None


def _is_recent(event: EventFacts, evidence: Evidence) -> bool:
    return (
        event.kind == "Pod"
        and event.last_seen is not None
        and evidence.collected_at - event.last_seen <= RECENT
    )


def _since(told: Sequence[EventFacts], going: Sequence[PodFacts]) -> datetime | None:
    """The newest event, else when the first pod that goes has to be gone."""
    dated = [event.last_seen for event in told if event.last_seen]
    return max(dated, default=None) or min((pod.gone_by or pod.created_at for pod in going), default=None)


def _went_otherwise(evidence: Evidence) -> bool:
    """A pod goes, or went within the hour, and not for the scheduler's sake."""
    now = evidence.collected_at
    return any(
        pod.put_out_by != PREEMPTION
        for pod in evidence.pods
        if (pod.deleting and pod.put_out_by)
        or (pod.phase == "Failed" and pod.reason and now - (pod.ready_changed_at or pod.created_at) <= RECENT)
    )


def _fails(evidence: Evidence) -> bool:
    return any(is_failing(pod, evidence.collected_at) for pod in live_pods(evidence) if not pod.unschedulable)


def _finding(
    evidence: Evidence, told: Sequence[EventFacts], going: Sequence[PodFacts], waiting: Sequence[PodFacts]
) -> Finding:
    newest = max(told, key=lambda event: event.last_seen or evidence.collected_at, default=None)
    out = max(sum(event.count for event in told), len(going))
    name, words = _preferred(newest)
    pods = live_pods(evidence)
    return Finding(
        problem="preempted",
        summary=f"{counted.pods(out, 'was', 'were')} put out by the scheduler for others of a higher priority"
        f"{_when(newest, out)}{words}; "
        f"{counted.pods(len(waiting), 'waits', 'wait')} for room now, "
        f"{sum(pod.ready for pod in pods)} of {len(pods)} are ready.",
        directness=1.0,
        evidence=tuple(id_ for kind in ("pods", "events", "workload") for id_ in evidence.cite(kind)),
        facts=(
            *(f"{event.name}: {quote(message(event.message, 160))}" for event in told[:2]),
            *(f"{pod.name} goes: DisruptionTarget, {pod.put_out_by}" for pod in going[:2]),
            f"{waiting[0].name}{_asks(waiting[0])}: {lacks(waiting[0].unschedulable)}",
            _priority(evidence),
        ),
        ruled_out=(
            "pods that merely do not fit: pods that ran were taken away",
            "an eviction by a kubelet, a drain or a taint: no pod shows one",
            "a crash or an image error: the pods have not started",
        ),
        next_step=f"{_look(name, newest)}: is it meant to go before <workload>? kubectl get priorityclasses says how "
        "much each one counts. The pods start by themselves once a node is added, what was preferred asks for less, or "
        "their own priority is raised.",
    )


def _when(event: EventFacts | None, out: int) -> str:
    if event is None or event.last_seen is None:
        return ""
    return f", {'the last ' if out > 1 else ''}at {event.last_seen:%H:%M:%S} UTC"


def _preferred(event: EventFacts | None) -> tuple[str, str]:
    """Namespace and name of the pod that the newest made room for, where its event tells them, and words for it."""
    if event is None:
        return "", ""
    found = _POD.fullmatch(event.related) or _NAMED.search(event.message)
    if found:
        return found.group(1), f" for pod {found.group(1)}"
    uid = _UID.search(event.message)
    return "", f" for the pod of uid {uid.group(1)}" if uid else ", for whom the events do not say"


def _asks(pod: PodFacts) -> str:
    requests = asked(pod)
    return f" requests {requests}" if requests else ""


def _priority(evidence: Evidence) -> str:
    own = evidence.workload.priority_class if evidence.workload else ""
    return f"its own priority class: {own}" if own else "its pods name no priority class"


def _look(name: str, event: EventFacts | None) -> str:
    """A command that shows who was preferred."""
    columns = "PRIORITY:.spec.priority,CLASS:.spec.priorityClassName"
    if name:
        namespace, _, pod = name.partition("/")
        owner = "OWNER:.metadata.ownerReferences[0].name"
        return f"kubectl get pod {pod} -n {namespace} -o custom-columns='{columns},{owner}'"
    whose = "UID:.metadata.uid,NS:.metadata.namespace,NAME:.metadata.name"
    every = f"kubectl get pods -A -o custom-columns='{columns},{whose}'"
    uid = _UID.search(event.message) if event else None
    return f"{every} | grep {uid.group(1)}" if uid else f"{every} --sort-by=.spec.priority"


PLAYBOOK = Playbook(problem="preempted", rank=71, proves=proves)
