"""Pods run and are not ready since something that they need was down; it is back, and they have not reconnected.

Proof: every pod of a revision that had run well is not ready, none has ended since, every one of them broke while a
Service that they need was down, and all its pods have been ready again for five minutes. Counter-proof: one pod is
ready, one crashes, one started after the Service was back, or the Service was not down when the first of them broke.
A restart is asked for, not done: a program that waits may have a reason that no status shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph import counted
from graph.ages import old, since
from graph.playbooks import Playbook
from graph.restarts import back_since, restart
from graph.said import says
from graph.state import Finding, Proposal
from graph.symptoms import (
    LIVED_WELL_SECONDS,
    could_not_read,
    crashed_lately,
    current_revision,
    dependencies_down,
    is_complete,
    is_failing,
    live_pods,
    pods_of,
)
from graph.workload_words import restarts_all
from tools.records import DependencyFacts, Evidence, PodFacts, Target

TIME_TO_RECONNECT = timedelta(minutes=5)
DIRECTNESS = 0.7
"""Below what acts by itself."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    current, now = current_revision(evidence), evidence.collected_at
    if current is None or not is_complete(evidence):
        return None
    if dependencies_down(evidence) or could_not_read(evidence, "dependencies"):
        return None
    pods = pods_of(evidence, current)
    if not pods or len(pods) != len(live_pods(evidence)) or not all(_waits(pod, now) for pod in pods):
        return None
    cause = next((d for d in evidence.dependencies if _explains(d, pods, now)), None)
    return _finding(pods, cause, evidence) if cause else None


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """One rolling restart."""
    reason = "What it needs is back, and its pods have not reconnected: restart them once."
    return restart(PLAYBOOK.problem, reason, evidence, target)


def _waits(pod: PodFacts, now: datetime) -> bool:
    """It was ready for long, is not any more, and runs on."""
    if pod.ready or pod.ready_changed_at is None or is_failing(pod, now) or crashed_lately(pod, now):
        return False
    was_ready = (pod.ready_changed_at - pod.created_at).total_seconds() >= LIVED_WELL_SECONDS
    return was_ready and all(c.running_since is not None for c in pod.containers if not c.init)


def _explains(dependency: DependencyFacts, pods: tuple[PodFacts, ...], now: datetime) -> bool:
    """It came back after every one of them had broken, long enough ago, and none of them has started since."""
    if dependency.recovered_at is None or now - dependency.recovered_at < TIME_TO_RECONNECT:
        return False
    back = back_since(dependency)
    broke = [pod.ready_changed_at for pod in pods if pod.ready_changed_at]
    started = [c.running_since for pod in pods for c in pod.containers if c.running_since]
    return max(broke) < back and max(started) < back


def _finding(pods: tuple[PodFacts, ...], cause: DependencyFacts, evidence: Evidence) -> Finding:
    assert cause.recovered_at is not None
    now = evidence.collected_at
    broke = min(pod.ready_changed_at for pod in pods if pod.ready_changed_at)
    return Finding(
        problem="lost_connection",
        summary=f"{counted.pods(len(pods), 'is', 'are')} not ready since {cause.service} was down; it has been back "
        f"for {old(cause.recovered_at, now)}, they have not reconnected{says(evidence, pods)}.",
        directness=DIRECTNESS,
        evidence=tuple(id_ for kind in ("pods", "dependencies", "logs") for id_ in evidence.cite(kind)),
        facts=(
            f"{counted.all_pods(len(pods), 'runs', 'run').lower()} without a restart and not ready since "
            f"{since(broke, now)}",
            f"Service {cause.service}: {cause.ready} of {cause.pods} pods ready since {since(cause.recovered_at, now)}",
        ),
        ruled_out=(
            "a crash: no container of them has ended lately",
            "a bad release: they were ready before with the same revision",
        ),
        next_step=f"kubectl logs {pods[0].name} --tail=50: does it try to reach {cause.service} again? If it does not: "
        f"kubectl rollout restart <workload> ({restarts_all(evidence)}).",
    )


PLAYBOOK = Playbook(problem="lost_connection", rank=12, proves=proves, candidates=candidates)
