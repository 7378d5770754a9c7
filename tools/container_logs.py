"""Whose logs to read, and what is kept of them: the containers that fail, what they said before they died first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tools.cluster import ClusterReader
from tools.excerpts import clean, excerpt_log, imperative
from tools.items import Items
from tools.reads import Outcome
from tools.records import ContainerFacts, PodFacts

MOST = 2
TAIL_LINES = 200


@dataclass(frozen=True)
class LogRead:
    """One log to read; hashable, so that outcomes are found by it."""

    namespace: str
    pod: str
    container: str
    previous: bool

    @property
    def kind(self) -> str:
        """The evidence kind of it."""
        return "previous_logs" if self.previous else "logs"

    @property
    def query(self) -> str:
        """What is asked, readable."""
        options = f"container={self.container}&tailLines={TAIL_LINES}" + (
            "&previous=true" if self.previous else ""
        )
        return f"GET /api/v1/namespaces/{self.namespace}/pods/{self.pod}/log?{options}"


@dataclass(frozen=True)
class Log:
    """What is kept of a log."""

    excerpt: str
    lines: int
    suspicious: bool


def reads_for(
    cluster: ClusterReader, namespace: str, pods: Sequence[PodFacts], named_pod: str
) -> dict[LogRead, Callable[[], Log]]:
    """The reads for at most `MOST` failing containers, of different containers or revisions, in order."""
    plans: dict[LogRead, Callable[[], Log]] = {}
    for pod, container in _chosen(pods, named_pod):
        for previous in (True, False):
            if previous and not container.restart_count:
                continue
            plan = LogRead(namespace, pod.name, container.name, previous)
            plans[plan] = _reader(cluster, plan)
    return plans


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
            items.add(plan.kind, "found", plan.query, f"{which}: {log.lines} lines read", log.excerpt)
    return any(outcome.value is not None and outcome.value.suspicious for outcome in outcomes.values())


def _reader(cluster: ClusterReader, plan: LogRead) -> Callable[[], Log]:
    def read() -> Log:
        text = cluster.logs(
            plan.namespace, plan.pod, plan.container, previous=plan.previous, tail_lines=TAIL_LINES
        )
        return Log(excerpt_log(text), len(text.splitlines()), imperative([clean(text)]))

    return read


def _chosen(pods: Sequence[PodFacts], named_pod: str) -> list[tuple[PodFacts, ContainerFacts]]:
    chosen: dict[tuple[str, str], tuple[PodFacts, ContainerFacts]] = {}
    for pod, container in sorted(_failing(pods), key=lambda found: _rank(found[0], found[1], named_pod)):
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


def _rank(pod: PodFacts, container: ContainerFacts, named_pod: str) -> tuple[bool, bool, bool, str]:
    """Not ready before ready, the alert's own pod before its siblings, crashed before slow."""
    return (container.ready, pod.name != named_pod, not container.restart_count, pod.name)
