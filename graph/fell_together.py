"""Workloads that fell ill in the same minutes: what they share is likelier than what one of them changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph.log_words import logs
from graph.symptoms import LIVED_WELL_SECONDS, current_revision
from tools.records import Evidence, NeighbourFacts, PodFacts

TOGETHER = timedelta(minutes=2)
"""Between the first of them and the last: kubelets probe every ten seconds, programs notice within a minute."""
AT_ONCE = timedelta(seconds=10)


def fell_at(pods: Sequence[PodFacts]) -> datetime | None:
    """When pods that had been up for long all stopped to be ready, within minutes; None where that was not so.

    A condition that turns False long after the pod was made was True before, and has not been since.
    """
    moments = [pod.ready_changed_at for pod in pods if not pod.ready and _came_up(pod)]
    if not moments or len(moments) < len(pods):
        return None
    known = [moment for moment in moments if moment]
    return min(known) if max(known) - min(known) <= TOGETHER else None


def with_others(pods: Sequence[PodFacts], evidence: Evidence) -> list[NeighbourFacts]:
    """Other workloads that have lacked pods since these pods fell ill; none where that moment is not known."""
    moment = fell_at(pods) or _lost_at(pods, evidence)
    if moment is None:
        return []
    return [each for each in evidence.neighbours if each.since and abs(each.since - moment) <= TOGETHER]


def _came_up(pod: PodFacts) -> bool:
    changed = pod.ready_changed_at
    if changed is None or _is_ready_between(pod, changed):
        return False
    return (changed - pod.created_at).total_seconds() >= LIVED_WELL_SECONDS


def _is_ready_between(pod: PodFacts, changed: datetime) -> bool:
    """It has crashed before and was ready up to its newest end, as without a readiness probe: it fell long before."""
    ends = [c.exit_finished_at for c in pod.containers if c.restart_count > 1 and c.exit_finished_at]
    return any(abs(changed - end) <= AT_ONCE for end in ends)


def _lost_at(pods: Sequence[PodFacts], evidence: Evidence) -> datetime | None:
    """When the Deployment lost pods that it had had for long, where those of now were made only after that."""
    workload, current = evidence.workload, current_revision(evidence)
    since = workload.unavailable_since if workload else None
    if since is None or current is None or any(pod.created_at < since for pod in pods):
        return None
    return since if (since - current.created_at).total_seconds() >= LIVED_WELL_SECONDS else None


def for_want_of(evidence: Evidence) -> str:
    """`db.example`: a host that ill neighbours name too and no well one does, and that the log of what failed names.

    The log alone proves nothing (kubernetes.md R8.2), nor does a host that two have in common; together they are doubt
    enough to blame no release for it.
    """
    told = " ".join(item.excerpt for item in logs(evidence))
    hosts = (
        trait.removeprefix("host ")
        for each in evidence.neighbours
        for trait in each.shares
        if trait.startswith("host ")
    )
    return next((host for host in hosts if host in told), "")
