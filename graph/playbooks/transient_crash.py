"""Pods crash for a cause that is over, and do not come back by themselves: a restart helps, once.

Proof: pods of a revision that had run well crash, every one of them broke while a Service that they need was down,
and all its pods are ready again since. Counter-proof: the revision is new, the container was killed for memory or
cannot be executed, a pod that was made after the cause had ended crashes too, or nothing shows such a cause.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from graph import counted
from graph.ages import old, since
from graph.playbooks import Playbook
from graph.restarts import back_since, restart
from graph.said import says
from graph.state import Finding, Proposal
from graph.symptoms import (
    FIRST_BACKOFF_SECONDS,
    LIVED_WELL_SECONDS,
    LONGEST_BACKOFF_SECONDS,
    could_not_read,
    crashed_container,
    current_revision,
    dependencies_down,
    describe_crash,
    life_seconds,
    lived_well,
    pods_of,
)
from graph.workload_words import restarts_all
from tools.records import (
    ContainerFacts,
    DependencyFacts,
    Evidence,
    PodFacts,
    RevisionFacts,
    Target,
)

DETERMINISTIC_CODES = frozenset({126, 127, 128})
DETERMINISTIC_REASONS = frozenset({"OOMKilled", "StartError", "ContainerCannotRun"})
LONG_OVER = timedelta(hours=1)
"""Pods that still crash so long after a dependency came back may have another reason: not without a person."""
_BACKOFF = re.compile(r"^back-off (?:(\d+)m)?(\d+)s restarting failed")


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    current = current_revision(evidence)
    if current is None or dependencies_down(evidence) or could_not_read(evidence, "dependencies"):
        return None
    now = evidence.collected_at
    crashed = [(p, c) for p in pods_of(evidence, current) if (c := crashed_container(p, now))]
    if any(_deterministic(c) for _, c in crashed):
        return None
    down = [(p, c) for p, c in crashed if not _came_back(c)]
    if not down or not _ran_well_before(current, down, evidence):
        return None
    cause = _cause_that_ended(down, evidence)
    return _finding(current, down, cause, evidence) if cause else None


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """One rolling restart."""
    reason = "The cause is over and the pods did not recover by themselves: restart them once."
    return restart(PLAYBOOK.problem, reason, evidence, target)


def _deterministic(container: ContainerFacts) -> bool:
    return container.exit_reason in DETERMINISTIC_REASONS or container.exit_code in DETERMINISTIC_CODES


def _came_back(container: ContainerFacts) -> bool:
    """It ended once after a long life and runs again: no loop."""
    return container.running_since is not None and (life_seconds(container) or 0.0) >= LIVED_WELL_SECONDS


def _ran_well_before(
    current: RevisionFacts, crashed: list[tuple[PodFacts, ContainerFacts]], evidence: Evidence
) -> bool:
    if (current.seen_healthy_seconds or 0.0) >= LIVED_WELL_SECONDS:
        return True
    return all(lived_well(pod, container, evidence.collected_at) for pod, container in crashed)


def _cause_that_ended(
    crashed: list[tuple[PodFacts, ContainerFacts]], evidence: Evidence
) -> DependencyFacts | None:
    """A dependency that came back, all of its pods, after every one of ours had broken."""
    broke = max(_broken_by(pod, container, evidence) for pod, container in crashed)
    return next((d for d in evidence.dependencies if d.recovered_at and back_since(d) > broke), None)


def _broken_by(pod: PodFacts, container: ContainerFacts, evidence: Evidence) -> datetime:
    """An instant by which it had broken for certain; it may have been earlier.

    Without a readiness probe a loop is ready between two crashes, so that the Ready condition tells of the newest
    crash only. A run that was a restart follows an earlier crash; a back-off follows shorter ones that add up to
    itself, less the first; the longest back-off may have come many times, and then the events tell since when.
    """
    known = [pod.ready_changed_at] if pod.ready_changed_at and not pod.ready else []
    if container.exit_finished_at:
        known.append(container.exit_finished_at - _earlier_backoffs(container))
    if container.exit_started_at and _earlier_runs(container):
        known.append(container.exit_started_at)
    known += _longest_backoffs(container, evidence)
    return max(pod.created_at, min(known, default=evidence.collected_at))


def _earlier_runs(container: ContainerFacts) -> int:
    """Runs before the newest one that has ended, if those were a loop and not a long life."""
    if (life_seconds(container) or 0.0) >= LIVED_WELL_SECONDS:
        return 0
    return container.restart_count - (1 if container.running_since else 0)


def _earlier_backoffs(container: ContainerFacts) -> timedelta:
    return max(timedelta(0), _backoff(container) - timedelta(seconds=FIRST_BACKOFF_SECONDS))


def _longest_backoffs(container: ContainerFacts, evidence: Evidence) -> list[datetime]:
    """Since when every pod has been held back, once the back-off does not grow any more."""
    if _backoff(container).total_seconds() < LONGEST_BACKOFF_SECONDS:
        return []
    told = f"Back-off restarting failed container {container.name} "
    return [e.first_seen for e in evidence.events if e.first_seen and e.message.startswith(told)]


def _backoff(container: ContainerFacts) -> timedelta:
    """Told from the kubelet's own message; zero if it does not say."""
    match = _BACKOFF.match(container.waiting_message)
    return timedelta(minutes=int(match[1] or 0), seconds=int(match[2])) if match else timedelta(0)


def _finding(
    current: RevisionFacts,
    crashed: list[tuple[PodFacts, ContainerFacts]],
    cause: DependencyFacts,
    evidence: Evidence,
) -> Finding:
    assert cause.recovered_at is not None
    seen = (current.seen_healthy_seconds or 0.0) >= LIVED_WELL_SECONDS
    crash = counted.pods(len(crashed), "crashes", "crash")
    back = old(cause.recovered_at, evidence.collected_at)
    (pod, container), *_ = crashed
    return Finding(
        problem="transient_crash",
        summary=f"{crash} since {cause.service} was down; it has been back for {back}, they are not"
        f"{says(evidence, [pod for pod, _ in crashed])}.",
        directness=_directness(cause.recovered_at, seen, evidence),
        evidence=tuple(
            evidence.cite("pods") + evidence.cite("dependencies") + evidence.cite("previous_logs")
        ),
        facts=(
            f"Service {cause.service}: {cause.ready} of {cause.pods} pods ready, all since "
            f"{since(cause.recovered_at, evidence.collected_at)}; they broke before that",
            *(describe_crash(*entry) for entry in crashed[:3]),
        ),
        ruled_out=(
            f"a bad release: revision {current.number} ({old(current.created_at, evidence.collected_at)} old) had run "
            "well before",
            "memory: no container was OOMKilled",
        ),
        next_step=f"kubectl logs --previous {pod.name} -c {container.name} --tail=50: if it still speaks of "
        f"{cause.service}, kubectl rollout restart <workload> ({restarts_all(evidence)}), "
        "once. If they crash again, what they start from is bad: a cache, a lock or a volume.",
    )


def _directness(recovered_at: datetime, seen: bool, evidence: Evidence) -> float:
    if evidence.collected_at - recovered_at > LONG_OVER:
        return 0.6
    return 0.95 if seen else 0.85


PLAYBOOK = Playbook(problem="transient_crash", rank=10, proves=proves, candidates=candidates)
