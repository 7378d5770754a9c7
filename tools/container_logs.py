"""Whose logs to read, and what is kept of them: the containers that fail, what they said before they died first.

Where none fails, the one that the alert names is read: an error that no state of a pod shows stands there or nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from tools.cluster import ClusterReader
from tools.excerpts import clean, deciding_line, excerpt_log, imperative, last_line
from tools.items import Items
from tools.naming import Naming
from tools.reads import Outcome
from tools.records import ContainerFacts, PodFacts

MOST = 2
TAIL_LINES = 200
NAMED_KIND = "running_logs"
"""Of a container that runs well: it tells more about an alert, and nothing is proved or missing without it."""


@dataclass(frozen=True)
class LogRead:
    """One log to read; hashable, so that outcomes are found by it."""

    namespace: str
    pod: str
    container: str
    previous: bool
    well: bool = False
    """It does not fail, and was named."""
    lines: int = TAIL_LINES
    """At most so many are asked for, the newest."""

    @property
    def kind(self) -> str:
        """The evidence kind of it."""
        return NAMED_KIND if self.well else "previous_logs" if self.previous else "logs"

    @property
    def query(self) -> str:
        """What is asked, readable."""
        options = f"container={self.container}&tailLines={self.lines}" + (
            "&previous=true" if self.previous else ""
        )
        return f"GET /api/v1/namespaces/{self.namespace}/pods/{self.pod}/log?{options}"


@dataclass(frozen=True)
class Log:
    """What is kept of a log."""

    excerpt: str
    lines: int
    suspicious: bool
    decides: str = ""
    """The line that it comes down to."""
    last: str = ""
    """Its last line, which a program that ends has often said why in."""


def reads_for(
    cluster: ClusterReader,
    namespace: str,
    pods: Sequence[PodFacts],
    named: Sequence[Naming],
    *,
    errors: bool = False,
) -> dict[LogRead, Callable[[], Log]]:
    """The reads for at most `MOST` failing containers, of different containers or revisions, in order.

    `named`: what the alerts name, which goes first; where nothing fails, it is read alone. `errors`: they are about
    what users get, which no state of a pod shows: then one pod is read where none is named.
    """
    plans = [
        LogRead(namespace, pod.name, container.name, previous)
        for pod, container in _chosen(pods, named)
        for previous in (True, False)
        if not previous or container.restart_count
    ]
    if not plans:
        plans = _of_named(namespace, pods, named) or (_of_one(namespace, pods) if errors else [])
    return {plan: _reader(cluster, plan) for plan in plans}


def _of_named(namespace: str, pods: Sequence[PodFacts], named: Sequence[Naming]) -> list[LogRead]:
    """The container that an alert names, of a living pod that it names; the pod's first one where it names none."""
    for naming in named:
        for pod in pods:
            runs = [c for c in pod.containers if c.running_since and not c.init]
            wanted = [c for c in runs if c.name == naming.container] or runs
            if pod.name == naming.pod and wanted and not pod.deleting:
                return [LogRead(namespace, pod.name, wanted[0].name, previous=False, well=True)]
    return []


def _of_one(namespace: str, pods: Sequence[PodFacts]) -> list[LogRead]:
    """The first container of a pod that has served for long: what is ill now has had time to show there."""
    serving = sorted((pod for pod in pods if pod.ready and not pod.deleting), key=lambda pod: pod.created_at)
    runs = [(pod, c) for pod in serving for c in pod.containers if c.running_since and not c.init]
    return [LogRead(namespace, pod.name, c.name, previous=False, well=True) for pod, c in runs[:1]]


def add_items(items: Items, outcomes: dict[LogRead, Outcome[Log]]) -> bool:
    """One item per log; returns whether any of them tells somebody what to do."""
    for plan, outcome in outcomes.items():
        which = f"{'previous run' if plan.previous else 'current run'} of {plan.container} in {plan.pod}"
        log = outcome.value
        if log is None:
            items.add(plan.kind, outcome.status, plan.query, f"{which}: {outcome.why}")
        elif not log.excerpt:
            items.add(plan.kind, "no_data", plan.query, f"{which}: it printed nothing")
        else:
            decides = f"; it comes down to: {log.decides}" if log.decides else ""
            telling = log.decides or (log.last if plan.previous else "")
            summary = f"{which}: {log.lines} lines read{decides}"
            items.add(plan.kind, "found", plan.query, summary, log.excerpt, telling)
    return any(outcome.value is not None and outcome.value.suspicious for outcome in outcomes.values())


def _reader(cluster: ClusterReader, plan: LogRead) -> Callable[[], Log]:
    def read() -> Log:
        text = cluster.logs(
            plan.namespace, plan.pod, plan.container, previous=plan.previous, tail_lines=TAIL_LINES
        )
        lines = len(text.splitlines())
        return Log(excerpt_log(text), lines, imperative([clean(text)]), deciding_line(text), last_line(text))

    return read


def _chosen(pods: Sequence[PodFacts], named: Sequence[Naming]) -> list[tuple[PodFacts, ContainerFacts]]:
    chosen: dict[tuple[str, str], tuple[PodFacts, ContainerFacts]] = {}
    wanted = [naming.pod for naming in named if naming.pod][:1]
    about = {naming.container for naming in named}
    for pod, container in sorted(
        _failing(pods), key=lambda found: _rank(*found, named=found[0].name in wanted, about=about)
    ):
        chosen.setdefault((pod.owner_uid, container.name), (pod, container))
    return list(chosen.values())[:MOST]


def _failing(pods: Sequence[PodFacts]) -> Iterator[tuple[PodFacts, ContainerFacts]]:
    for pod in pods:
        for container in pod.containers:
            if not pod.deleting and _fails(container):
                yield pod, container


def _fails(container: ContainerFacts) -> bool:
    """It has run and died, or runs and is not ready; one that never started has no log."""
    died = container.restart_count > 0 or container.exit_code not in (None, 0)
    return died or (not container.ready and container.running_since is not None)


def _rank(
    pod: PodFacts, container: ContainerFacts, *, named: bool, about: Collection[str]
) -> tuple[bool, bool, bool, bool, str]:
    """Not ready before ready, the alert's own pod before its siblings and its container before others, crashed before
    slow.
    """
    return (container.ready, not named, container.name not in about, not container.restart_count, pod.name)
