"""What a run read of the outside, kept as it was read: the objects, the logs, the series, and what was refused.

What stands before a cluster and a Prometheus here passes everything on. A `Reading` holds references to what was
parsed anyway, so that it costs a run next to nothing. Writes pass and leave no trace in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from tools.bundle import LogName
from tools.cluster import Cluster
from tools.errors import Forbidden, NotFound, TransientError
from tools.prometheus import SeriesReader
from tools.prometheus_answers import Answer
from tools.resources import POD_METRICS, JsonObject, JsonObjects, Resource

Place: TypeAlias = tuple[str, str, str, str]
"""apiVersion, kind, namespace, name."""


@dataclass
class Reading:
    """All that was read; what was read twice is as it was the last time."""

    objects: dict[Place, JsonObject] = field(default_factory=dict)
    logs: dict[LogName, str] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    """Kinds that were asked for and answered, as `captured` names them."""
    forbidden: set[str] = field(default_factory=set)
    """What the account may not read, as `forbidden` names it."""
    series: dict[str, Answer] = field(default_factory=dict)
    """What Prometheus answered, by query."""
    unanswered: bool = False
    """Some read failed in a way that says nothing."""


def kind_named(resource: Resource) -> str:
    """`deployments.apps`, `pods`: as a bundle's `captured` names a kind."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


class RecordingCluster:
    """A cluster whose answers are kept."""

    def __init__(self, cluster: Cluster, reading: Reading) -> None:
        self._cluster = cluster
        self._reading = reading
        self._lock = threading.Lock()  # reads go side by side
        self.patch, self.create, self.delete = cluster.patch, cluster.create, cluster.delete
        self.allowed, self.version = cluster.allowed, cluster.version
        self.run_command = cluster.run_command

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        (found,) = self._kept(resource, namespace, lambda: [self._cluster.get(resource, namespace, name)])
        return found

    def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> JsonObjects:
        return self._kept(
            resource,
            namespace,
            lambda: self._cluster.list(
                resource, namespace, label_selector=label_selector, field_selector=field_selector
            ),
        )

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail_lines: int = 200
    ) -> str:
        try:
            text = self._cluster.logs(namespace, pod, container, previous=previous, tail_lines=tail_lines)
        except Forbidden:
            with self._lock:
                self._reading.forbidden.add(f"{namespace}/pods/log")
            raise
        name = LogName(namespace, pod, container, previous)
        with self._lock:
            if len(text) >= len(self._reading.logs.get(name, "")):
                self._reading.logs[name] = text
        return text

    def _kept(self, resource: Resource, namespace: str, read: Callable[[], JsonObjects]) -> JsonObjects:
        """Not there and not allowed are answers too."""
        try:
            found = read()
        except NotFound:
            self._keep(resource, [])
            raise
        except Forbidden:
            self._forbid(resource, namespace)
            raise
        except TransientError:
            with self._lock:
                self._reading.unanswered = True
            raise
        self._keep(resource, found)
        return found

    def _keep(self, resource: Resource, items: JsonObjects) -> None:
        known = {"apiVersion": resource.api_version, "kind": resource.kind}
        with self._lock:
            self._reading.answered.add(kind_named(resource))
            for item in items:
                told = item.get("metadata") or {}
                place = (resource.api_version, resource.kind, told.get("namespace", ""), told.get("name", ""))
                self._reading.objects[place] = {**known, **item}

    def _forbid(self, resource: Resource, namespace: str) -> None:
        if resource is POD_METRICS:
            return  # `forbidden` names no groups, and would forbid the pods themselves
        place = f"{namespace}/" if namespace and resource.namespaced else ""
        with self._lock:
            self._reading.answered.add(kind_named(resource))
            self._reading.forbidden.add(f"{place}{resource.plural}")


class RecordingSeries:
    """A Prometheus whose answers are kept."""

    def __init__(self, series: SeriesReader, reading: Reading) -> None:
        self._series = series
        self._reading = reading

    def instant(self, query: str, at: datetime) -> Answer:
        return self._kept(query, self._series.instant(query, at))

    def over(self, query: str, since: datetime, until: datetime, step: int) -> Answer:
        return self._kept(query, self._series.over(query, since, until, step))

    def _kept(self, query: str, answer: Answer) -> Answer:
        self._reading.series[query] = answer
        return answer
