"""What one question has read of the cluster: each list at most once, and every call on record.

A read that fails is a value that says why, never an exception: an answer then says what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from tools.clock import Clock
from tools.cluster import ClusterReader
from tools.container_logs import TAIL_LINES
from tools.objects import metadata
from tools.reads import Outcome, Reads
from tools.resources import PODS, JsonObject, JsonObjects, Resource

T = TypeVar("T")


@dataclass(frozen=True)
class Listed:
    """The objects of one list, or why they are not known."""

    items: tuple[JsonObject, ...] = ()
    why: str = ""
    """Empty: it was read."""
    unreachable: bool = False


class Survey:
    """Reads for one question; not shared between questions, since what it holds grows old."""

    def __init__(self, cluster: ClusterReader, clock: Clock, *, deadline_seconds: float = 8.0) -> None:
        self._cluster = cluster
        self._deadline = deadline_seconds
        self._lists: dict[tuple[Resource, str, str], Listed] = {}
        self._sources: dict[str, None] = {}
        self._worked_out: dict[str, Any] = {}
        self.now: datetime = clock.now()

    @property
    def sources(self) -> tuple[str, ...]:
        """The calls so far, in their order."""
        return tuple(self._sources)

    def note(self, source: str) -> None:
        """Something else that the answer rests on."""
        self._sources.setdefault(source)

    def once(self, key: str, work_out: Callable[[], T]) -> T:
        """What was worked out of these lists before under this key; worked out now if it was not."""
        if key not in self._worked_out:
            self._worked_out[key] = work_out()
        found: T = self._worked_out[key]
        return found

    def read(self, *resources: Resource, namespace: str = "") -> None:
        """List these of the whole cluster, or of one namespace, side by side, where that has not been done."""
        whole = {resource for resource, place, selector in self._lists if not place and not selector}
        keys = [(resource, namespace, "") for resource in resources if resource not in whole]
        plans = {key: self._plan(*key) for key in keys if key not in self._lists}
        if not plans:
            return
        with Reads(self._deadline) as reads:
            for key, outcome in reads.run(plans).items():
                self._keep(*key, outcome)

    def list(self, resource: Resource, namespace: str = "", selector: str = "") -> Listed:
        """The objects of one kind; from what is known already where that holds them."""
        if not selector and (whole := self._lists.get((resource, "", ""))) is not None:
            return _within(whole, namespace)
        key = (resource, namespace, selector)
        if key not in self._lists:
            with Reads(self._deadline) as reads:
                outcome = reads.run({key: self._plan(*key)})[key]
            self._keep(*key, outcome)
        return self._lists[key]

    def log(self, namespace: str, pod: str, container: str, *, previous: bool) -> Outcome[str]:
        """One container's log, newest lines."""
        options = f"container={container}&tailLines={TAIL_LINES}" + ("&previous=true" if previous else "")
        self.note(f"GET {PODS.path(namespace, pod, 'log')}?{options}")

        def read() -> str:
            return self._cluster.logs(namespace, pod, container, previous=previous, tail_lines=TAIL_LINES)

        with Reads(self._deadline) as reads:
            return reads.run({"log": read})["log"]

    def _plan(self, resource: Resource, namespace: str, selector: str) -> Callable[[], JsonObjects]:
        return lambda: self._cluster.list(resource, namespace, label_selector=selector)

    def _keep(self, resource: Resource, namespace: str, selector: str, outcome: Outcome[JsonObjects]) -> None:
        query = f"GET {resource.path(namespace)}"
        self.note(f"{query}?labelSelector={selector}" if selector else query)
        found = Listed(tuple(outcome.value or ()), outcome.why, outcome.unreachable)
        self._lists[resource, namespace, selector] = found


def _within(whole: Listed, namespace: str) -> Listed:
    if not namespace or whole.why:
        return whole
    return Listed(tuple(item for item in whole.items if metadata(item).get("namespace") == namespace))
