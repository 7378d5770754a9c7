"""Workloads that fell ill in the same minutes: what they share is likelier than what one of them changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph.symptoms import LIVED_WELL_SECONDS
from tools.records import Evidence, NeighbourFacts, PodFacts

TOGETHER = timedelta(minutes=2)
"""Between the first of them and the last: kubelets probe every ten seconds, programs notice within a minute."""


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
    moment = fell_at(pods)
    if moment is None:
        return []
    return [each for each in evidence.neighbours if each.since and abs(each.since - moment) <= TOGETHER]


def _came_up(pod: PodFacts) -> bool:
    changed = pod.ready_changed_at
    return changed is not None and (changed - pod.created_at).total_seconds() >= LIVED_WELL_SECONDS
