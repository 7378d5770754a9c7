"""What Prometheus is asked about a workload, beside all other reads, and the facts of its answers.

Its threads are its own: a Prometheus that hangs may cost its own evidence and nothing else. A series counts only for a
pod that the Kubernetes API knows to be the workload's now, in its namespace; of pods that are gone only those of known
revisions are kept, and marked. A series without a container counts for the only container that its pod has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from tools.growth import growth_of
from tools.objects import EPOCH
from tools.prometheus import SeriesReader
from tools.prometheus_answers import Answer, Point, Series
from tools.promql import memory_held, processor_lately, processor_use
from tools.reads import Outcome, Reads
from tools.records import MemoryGrowth, PodFacts, RevisionFacts, Target, UsageFacts

PROCESSOR, MEMORY = "processor_use", "memory_growth"
DEADLINE_SECONDS = 5.0
FRESH = timedelta(seconds=300)
"""As far back as Prometheus looks for the newest value: an older one says nothing about now."""
STARTS = timedelta(seconds=600)
"""Whatever starts fills its memory: no growth yet."""
SHORTEST, LONGEST = timedelta(hours=1), timedelta(hours=24)
MOST_POINTS = 60
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
"""What the API lets a pod be called: whoever can write a label may not write into the evidence."""
MOST_GONE = 20
"""Series of pods that are gone, at most."""


@dataclass(frozen=True)
class Measured:
    """What became of each query, and the facts."""

    outcomes: Mapping[str, Outcome[Answer]] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    usage: tuple[UsageFacts, ...] = ()
    growth: tuple[MemoryGrowth, ...] = ()


class Measuring:
    """Queries that are under way. Use it as a context manager."""

    def __init__(self, reader: SeriesReader, target: Target, pods: Sequence[PodFacts], now: datetime) -> None:
        self._target, self._now = target, now
        self._pods = {pod.name: pod for pod in pods}
        self._reads = Reads(DEADLINE_SECONDS, threads=2)
        cores, memory = (query(target.namespace, target.name) for query in (processor_use, memory_held))
        span = _span(pods, now)
        step = max(60, int(span.total_seconds()) // MOST_POINTS)
        since = now - timedelta(seconds=step * (int(span.total_seconds()) // step))
        hours = span.total_seconds() / 3600
        self._queries = {PROCESSOR: cores, MEMORY: f"{memory} over {hours:g} h, every {step} s"}
        asks: dict[str, Callable[[], Answer]] = {
            PROCESSOR: lambda: reader.instant(cores, now),
            MEMORY: lambda: reader.over(memory, since, now, step),
        }
        self._started = self._reads.start(asks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reads.__exit__()

    def answers(self, revisions: Sequence[RevisionFacts]) -> Measured:
        """Wait for them, until their deadline."""
        outcomes = self._reads.wait(self._started)
        cores, memory = (outcomes[kind].value or Answer() for kind in (PROCESSOR, MEMORY))
        usage = _usage(self._by_container(cores), self._by_container(memory), self._pods, self._now)
        return Measured(outcomes, self._queries, tuple(usage), tuple(self._growth(memory, revisions)))

    def _by_container(self, answer: Answer) -> dict[tuple[str, str], Series]:
        return attributed(answer, self._target.namespace, self._pods)

    def _growth(self, memory: Answer, revisions: Sequence[RevisionFacts]) -> Iterator[MemoryGrowth]:
        for (pod, container), series in self._by_container(memory).items():
            began = _running_since(self._pods[pod], container)
            points = [point for point in series.points if began and point[0] >= began + STARTS]
            if grown := growth_of(pod, container, points):
                yield grown
        starts = tuple(f"{revision.name}-" for revision in revisions)
        gone = [s for s in memory.series if self._is_gone(s, starts)]
        for series in gone[:MOST_GONE]:
            pod, container = series.labels["pod"], series.labels.get("container", "")
            if grown := growth_of(pod, container, series.points, current=False):
                yield grown

    def _is_gone(self, series: Series, starts: tuple[str, ...]) -> bool:
        pod, container = series.labels.get("pod", ""), series.labels.get("container", "")
        here = series.labels.get("namespace", self._target.namespace) == self._target.namespace
        named = _NAME.fullmatch(pod) and (not container or _NAME.fullmatch(container))
        return bool(named) and here and pod not in self._pods and bool(starts) and pod.startswith(starts)


def attributed(answer: Answer, namespace: str, pods: Mapping[str, PodFacts]) -> dict[tuple[str, str], Series]:
    """Series by pod and container, of these pods in this namespace only."""
    found: dict[tuple[str, str], Series] = {}
    # those that name their container first: what is told of a whole pod is the second choice
    for series in sorted(answer.series, key=lambda series: not series.labels.get("container")):
        pod = pods.get(series.labels.get("pod", ""))
        if pod is None or series.labels.get("namespace", namespace) != namespace:
            continue
        names = [container.name for container in pod.containers if not container.init]
        container = series.labels.get("container") or (names[0] if len(names) == 1 else "")
        if container in names:
            found.setdefault((pod.name, container), series)
    return found


def cores_of(reader: SeriesReader, target: Target, at: datetime) -> Mapping[str, dict[str, float]]:
    """Pod -> container -> cores by the newest two samples, for a look after a write. Raises ToolError.

    Series that name no container count for the container ``""``.
    """
    answer = reader.instant(processor_lately(target.namespace, target.name), at)
    pods: dict[str, dict[str, float]] = {}
    for series in answer.series:
        newest = _newest(series, at)
        here = series.labels.get("namespace", target.namespace) == target.namespace
        if newest and here and "pod" in series.labels:
            pods.setdefault(series.labels["pod"], {})[series.labels.get("container", "")] = newest[1]
    return pods


def _span(pods: Sequence[PodFacts], now: datetime) -> timedelta:
    """Twice the age of the oldest pod, so that what ran before is seen too where that was lately."""
    oldest = min((pod.created_at for pod in pods), default=now)
    return min(max(2 * (now - oldest), SHORTEST), LONGEST)


def _running_since(pod: PodFacts, container: str) -> datetime | None:
    return next((c.running_since for c in pod.containers if c.name == container and not c.init), None)


def _usage(
    cores: Mapping[tuple[str, str], Series],
    memory: Mapping[tuple[str, str], Series],
    pods: Mapping[str, PodFacts],
    now: datetime,
) -> Iterator[UsageFacts]:
    for key in sorted({*cores, *memory}):
        began = _running_since(pods[key[0]], key[1]) or EPOCH
        told = [_newest(kind[key], now, began) if key in kind else None for kind in (cores, memory)]
        instants = [point[0] for point in told if point]
        if instants:
            used, held = (point[1] if point else None for point in told)
            yield UsageFacts(
                pod=key[0], container=key[1], cores=used, memory=held, at=min(instants), source="Prometheus"
            )


def _newest(series: Series, now: datetime, began: datetime = EPOCH) -> Point | None:
    """Of the container's present life, and of now."""
    if not series.points:
        return None
    point = series.points[-1]
    return point if point[0] >= max(began, now - FRESH) and point[1] >= 0 else None
