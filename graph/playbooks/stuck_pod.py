"""One pod runs and is not ready while its siblings are: evict that one, and its workload makes another.

Proof: exactly one live pod of a complete rollout is not ready; its containers have run for five minutes without a
restart, it has not been ready for as long, all its siblings are ready, and its node is well. Counter-proof: it
crashes, waits or is young, a second pod is not ready, a rollout moves, its only sibling became ready as it ceased to
be (then it may stand by), or its node is ill: then another pod on that
node would be stuck as well, and this one could not even be taken away.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph import counted
from graph.ages import since
from graph.at_work import at_work
from graph.evictions import OLD_ENOUGH, eviction, node_line, node_of
from graph.not_ready_words import look, node_step, outcomes, why_silent
from graph.playbooks import Playbook
from graph.said import quoted
from graph.state import Finding, Proposal
from graph.symptoms import crashed_lately, is_complete, is_failing, live_pods
from tools.excerpts import quote
from tools.records import ContainerFacts, Evidence, NodeFacts, PodFacts, Target

STARTING = timedelta(seconds=120)
"""A pod whose readiness changed in its first minutes only has never been ready."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    pods, now = live_pods(evidence), evidence.collected_at
    unready = [pod for pod in pods if not pod.ready]
    siblings = [pod for pod in pods if pod.ready]
    if len(unready) != 1 or not siblings or not is_complete(evidence):
        return None
    (pod,) = unready
    if not _is_stuck(pod, now) or any(is_failing(s, now) or crashed_lately(s, now) for s in siblings):
        return None
    if any(sibling.owner_uid != pod.owner_uid for sibling in siblings):
        return None
    return _finding(pod, siblings, evidence)


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """Its eviction; not from a node that is ill, where it would only hang, nor of one that may stand by or says that it
    is at work, which would be lost.
    """
    (pod,) = [pod for pod in live_pods(evidence) if not pod.ready]
    if at_work(pod, evidence):
        return []
    if _heir(pod, [sibling for sibling in live_pods(evidence) if sibling.ready]):
        return []
    reason = f"Only {pod.name} is stuck: another pod in its place starts afresh."
    return eviction(PLAYBOOK.problem, reason, pod, evidence, target)


def _is_stuck(pod: PodFacts, now: datetime) -> bool:
    if pod.phase != "Running" or now - pod.created_at < OLD_ENOUGH or crashed_lately(pod, now):
        return False
    if pod.ready_changed_at is None or now - pod.ready_changed_at < OLD_ENOUGH:
        return False
    return all(_runs_long(c, now) for c in pod.containers if not c.init) and not is_failing(pod, now)


def _runs_long(container: ContainerFacts, now: datetime) -> bool:
    return container.running_since is not None and now - container.running_since >= OLD_ENOUGH


def _finding(pod: PodFacts, siblings: list[PodFacts], evidence: Evidence) -> Finding:
    node, work = node_of(pod, evidence), at_work(pod, evidence)
    heir = _heir(pod, siblings)
    return Finding(
        problem="stuck_pod",
        summary=_summary(pod, siblings, heir, evidence),
        how_soon="later" if work and not heir else "",
        directness=_directness(pod, siblings, node, evidence),
        evidence=tuple(evidence.cite("pods") + evidence.cite("nodes") + evidence.cite("events")),
        facts=(
            *(
                [f"{heir.name} became ready as it ceased to be: it may have handed over, and stand by"]
                if heir
                else []
            ),
            *outcomes(evidence)[: 0 if work else 2],
            f"{counted.times(len(siblings), 'sibling')} of the same revision ready; {node_line(pod, node)}",
            *_since(pod, evidence),
        ),
        ruled_out=(
            "a crash: no container of it has ended lately",
            "a bad release: its siblings run the same revision and are ready",
        ),
        next_step=_next_step(pod, heir, work, evidence),
    )


def _since(pod: PodFacts, evidence: Evidence) -> list[str]:
    """How long its containers have run, and its log where that says nothing."""
    runs = [c.running_since for c in pod.containers if c.running_since and not c.init]
    lines = [f"it runs without a restart since {since(max(runs), evidence.collected_at)}"] if runs else []
    why = why_silent(pod, evidence)
    return [*lines, *([why] if why else [])]


def _summary(pod: PodFacts, siblings: list[PodFacts], heir: PodFacts | None, evidence: Evidence) -> str:
    assert pod.ready_changed_at is not None
    at = since(pod.ready_changed_at, evidence.collected_at)
    node, work = node_of(pod, evidence), at_work(pod, evidence)
    if heir:
        return (
            f"{pod.name} runs and is not ready since {heir.name} became ready: it may stand by, as is meant."
        )
    if node is not None and node.ready != "True":
        return (
            f"Node {node.name} is not Ready, and {pod.name} on it is not ready since {at}; its siblings are."
        )
    if work:
        return (
            f"{pod.name} says that it is at work: {quote(work)}; not ready since {at}, its {len(siblings)} siblings "
            "are. Wait: a new pod in its place would begin anew."
        )
    return (
        f"One pod of {len(siblings) + 1} is stuck: {pod.name} runs and is not ready since {at}, its siblings are"
        f"{quoted(evidence, pod.name)}."
    )


def _next_step(pod: PodFacts, heir: PodFacts | None, work: str, evidence: Evidence) -> str:
    node = node_of(pod, evidence)
    if node is not None and node.ready != "True":
        return node_step(node)
    log = look(pod, evidence)
    if heir:
        return f"{log}: where only a leader is ready, this one stands by, and nothing is wrong."
    if work:
        return (
            f"kubectl get events --field-selector involvedObject.name={pod.name} -w: wait while it goes on; do not "
            f"delete or restart {pod.name}, which would throw away what it has done. If it stands still: {log}"
        )
    return (
        f"{log}: what does it wait for that its siblings have? If nothing needs its state, kubectl delete pod "
        f"{pod.name} replaces it: its workload makes another one."
    )


def _directness(pod: PodFacts, siblings: list[PodFacts], node: NodeFacts | None, evidence: Evidence) -> float:
    """One that has never been ready may be meant to stand by, as may one that has handed over to a sibling; a
    StatefulSet's may rebuild what it holds; of a node that was not read nothing is known.
    """
    assert pod.ready_changed_at is not None
    never_ready = pod.ready_changed_at - pod.created_at < STARTING
    rebuilds = evidence.workload is not None and evidence.workload.kind == "StatefulSet"
    unsure = node is None or never_ready or rebuilds or _heir(pod, siblings) is not None
    return 0.7 if unsure else 1.0


def _heir(pod: PodFacts, siblings: list[PodFacts]) -> PodFacts | None:
    """The one sibling that may have taken over; where several are ready, readiness is no sign of a leader."""
    return siblings[0] if len(siblings) == 1 and _took_over(siblings[0], pod) else None


def _took_over(sibling: PodFacts, pod: PodFacts) -> bool:
    """It was there for long and became ready just as this one ceased to be: only a leader is ready, by design."""
    became, ceased = sibling.ready_changed_at, pod.ready_changed_at
    if became is None or ceased is None or abs(became - ceased) > STARTING:
        return False
    return became - sibling.created_at >= OLD_ENOUGH


PLAYBOOK = Playbook(problem="stuck_pod", rank=40, proves=proves, candidates=candidates)
