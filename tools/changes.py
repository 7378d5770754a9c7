"""What changed around a workload and when, in one line each, newest first: put together from what was read anyway.

Releases, ConfigMaps, nodes, autoscalers, what it needs, neighbours that fell ill, and beside them when its own pods
first failed: the order of these is what a person asks for first (section 6.1). It proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tools.items import Items, when
from tools.neighbours import is_ill
from tools.records import (
    AutoscalerFacts,
    ConfigFacts,
    DependencyFacts,
    NeighbourFacts,
    NodeFacts,
    PodFacts,
    RevisionFacts,
)

KIND = "changes"
LATELY = timedelta(hours=24)
MOST = 12
Change = tuple[datetime, str]


def add_changes(
    items: Items,
    now: datetime,
    pods: Sequence[PodFacts],
    *found: Iterable[
        RevisionFacts | ConfigFacts | NodeFacts | AutoscalerFacts | DependencyFacts | NeighbourFacts
    ],
) -> None:
    """One item with what happened within a day; none where the pods are well, or nothing did."""
    told = [*of_pods(pods), *(change for each in found for fact in each for change in of(fact))]
    recent = {(at, words) for at, words in told if timedelta(0) <= now - at <= LATELY}
    if not recent or not any(is_ill(pod) for pod in pods):
        return
    lines = [f"{when(at)} ({_ago(now - at)} ago) {words}" for at, words in sorted(recent, reverse=True)]
    if len(lines) > MOST:
        lines = [*lines[:MOST], f"[... {len(lines) - MOST} changes omitted]"]
    items.add(KIND, "found", "the items above, in the order of time", f"newest: {lines[0]}", "\n".join(lines))


def of_pods(pods: Iterable[PodFacts]) -> Iterator[Change]:
    """The first known end of each container that ended badly, and when the first pod stopped being ready."""
    ends = [
        (container.exit_finished_at, container.name)
        for pod in pods
        for container in pod.containers
        if container.exit_finished_at and (container.exit_code or container.exit_reason == "OOMKilled")
    ]
    if ends:
        at, name = min(ends)
        yield at, f"earliest known end of container {name} ({len(ends)} ended so)"
    unready = [
        pod.ready_changed_at for pod in pods if not pod.ready and not pod.deleting and pod.ready_changed_at
    ]
    if unready:
        yield min(unready), f"the first of {len(unready)} pods was not ready any more"


def of(
    fact: RevisionFacts | ConfigFacts | NodeFacts | AutoscalerFacts | DependencyFacts | NeighbourFacts,
) -> Iterator[Change]:
    """The last change that a fact tells of; a revision that was gone back to is older than it seems."""
    at, words = _told(fact)
    if at:
        yield at, words


def _told(
    fact: RevisionFacts | ConfigFacts | NodeFacts | AutoscalerFacts | DependencyFacts | NeighbourFacts,
) -> tuple[datetime | None, str]:
    match fact:
        case RevisionFacts():
            return fact.created_at, f"revision {fact.number} was made"
        case ConfigFacts():
            by = f" by {fact.changed_by}" if fact.changed_by else ""
            return fact.changed_at, f"ConfigMap {fact.name} was changed{by}"
        case NodeFacts():
            state = "became ready" if fact.ready == "True" else "stopped being ready"
            return fact.ready_changed_at, f"node {fact.name} {state}"
        case AutoscalerFacts():
            return fact.scaled_at, f"{fact.kind} {fact.name} scaled it, to {fact.wanted}"
        case DependencyFacts():
            return fact.recovered_at, f"the last pod behind Service {fact.service} became ready"
        case NeighbourFacts():
            return fact.since, f"{fact.kind} {fact.name} has lacked pods since then"


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
