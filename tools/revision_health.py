"""Whether an older revision was ready before the present one was released, by Prometheus (product.md section 3).

kube-state-metrics counts what each ReplicaSet wants and has ready. Of a StatefulSet it counts all pods together, and
says which revision they were of. Of a DaemonSet it does not say that: nothing is asked then. Asked is the hour before
the release, once a minute; what counts is the longest time without a break in which all that were wanted were ready.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from types import TracebackType
from typing import Self

from tools.items import Items
from tools.prometheus import SeriesReader
from tools.prometheus_answers import Answer, Point
from tools.promql import (
    replicas_ready,
    replicas_wanted,
    stateful_set_ready,
    stateful_set_revision,
    stateful_set_wanted,
)
from tools.reads import Outcome, Reads
from tools.records import PodFacts, RevisionFacts, Target
from tools.resources import DEPLOYMENTS, STATEFULSETS

KIND = "revision_health"
DEADLINE_SECONDS = 5.0
BEFORE = timedelta(hours=1)
STEP_SECONDS = 60
MOST_GAP = timedelta(seconds=300)
"""Between two samples of one stretch: so long Prometheus itself takes the newest value for the present one."""
YOUNG = timedelta(hours=24)
PROVED_SECONDS = 600.0
_READY, _WANTED, _REVISION = "ready", "wanted", "revision"
NOT_ITS = -1.0
"""Ready pods of a revision at an instant at which the pods were of another one."""
KINDS = frozenset({DEPLOYMENTS.kind, STATEFULSETS.kind})
"""Whose revisions kube-state-metrics tells apart."""


def is_wanted(pods: Sequence[PodFacts], revisions: Sequence[RevisionFacts], now: datetime) -> bool:
    """A young release over another template, pods that are not well, and no proof of an older one at hand."""
    older = _older(revisions)
    if not older or now - revisions[0].created_at > YOUNG:
        return False
    if any(r.ready or (r.seen_healthy_seconds or 0.0) >= PROVED_SECONDS for r in older):
        return False
    killed = any(c.exit_reason == "OOMKilled" for pod in pods for c in pod.containers)
    return killed or any(not pod.ready for pod in pods if not pod.deleting)


class AskedHealth:
    """The queries, under way on threads of their own. Use it as a context manager."""

    def __init__(self, reader: SeriesReader, target: Target, revisions: Sequence[RevisionFacts]) -> None:
        self._target, self._revisions = target, tuple(revisions)
        until = revisions[0].created_at
        self._queries = _queries(target)
        self._reads = Reads(DEADLINE_SECONDS, threads=2)
        self._started = self._reads.start({key: _ask(reader, q, until) for key, q in self._queries.items()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reads.__exit__()

    def add_item(self, items: Items) -> tuple[RevisionFacts, ...]:
        """Wait for them, say what they told, and give the revisions with what is known of them now."""
        outcomes = self._reads.wait(self._started)
        query = f"Prometheus: {self._queries[_READY]} in the hour before the release"
        failed = next((outcome for outcome in outcomes.values() if outcome.value is None), None)
        if failed:
            items.add(KIND, failed.status, query, failed.why)
            return self._revisions
        ready, wanted = (self._points(outcomes[key]) for key in (_READY, _WANTED))
        seconds = {name: _longest(points, dict(wanted.get(name, ()))) for name, points in ready.items()}
        known = tuple(
            r.model_copy(update={"told_healthy_seconds": seconds.get(r.name)}) for r in self._revisions
        )
        lines = [_line(r) for r in _older(known) if r.told_healthy_seconds is not None]
        summary = lines[0] if lines else "Prometheus does not know whether an older revision was ready"
        items.add(KIND, "found" if lines else "no_data", query, summary, "\n".join(lines[1:]))
        return known

    def _points(self, outcome: Outcome[Answer]) -> Mapping[str, Sequence[Point]]:
        """By revision, of this namespace."""
        space = self._target.namespace
        found = [
            series
            for series in (outcome.value.series if outcome.value else ())
            if series.labels.get("namespace", space) == space
        ]
        if self._target.kind == DEPLOYMENTS.kind:
            return {s.labels["replicaset"]: s.points for s in found if "replicaset" in s.labels}
        return {
            name: [
                (at, count if at in instants else NOT_ITS) for series in found for at, count in series.points
            ]
            for name, instants in self._current.items()
        }

    @cached_property
    def _current(self) -> Mapping[str, Collection[datetime]]:
        """When a StatefulSet's pods were of which revision."""
        told = self._reads.wait(self._started)[_REVISION].value or Answer()
        return {
            series.labels["revision"]: {at for at, value in series.points if value}
            for series in told.series
            if "revision" in series.labels
        }


def _queries(target: Target) -> dict[str, str]:
    place = target.namespace, target.name
    if target.kind == DEPLOYMENTS.kind:
        return {_READY: replicas_ready(*place), _WANTED: replicas_wanted(*place)}
    return {
        _READY: stateful_set_ready(*place),
        _WANTED: stateful_set_wanted(*place),
        _REVISION: stateful_set_revision(*place),
    }


def _ask(reader: SeriesReader, query: str, until: datetime) -> Callable[[], Answer]:
    return lambda: reader.over(query, until - BEFORE, until, STEP_SECONDS)


def _older(revisions: Sequence[RevisionFacts]) -> list[RevisionFacts]:
    """Those with another template than the newest."""
    return [r for r in revisions[1:] if r.template_digest != revisions[0].template_digest]


def _longest(points: Sequence[Point], wanted: Mapping[datetime, float]) -> float:
    """Seconds of the longest stretch in which all were ready; what was wanted has to be told as well."""
    longest, began, before = 0.0, None, None
    for at, ready in points:
        whole = ready >= wanted.get(at, float("inf")) > 0
        if not whole or (before and at - before > MOST_GAP):
            began = None
        if whole:
            began, before = began or at, at
            longest = max(longest, (at - began).total_seconds())
    return longest


def _line(revision: RevisionFacts) -> str:
    minutes = (revision.told_healthy_seconds or 0.0) / 60
    return (
        f"revision {revision.number} was fully ready for {minutes:.0f} minutes in the hour before the release"
    )
