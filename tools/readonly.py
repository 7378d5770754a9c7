"""A cluster that can only be read, whatever it is made of: the writes of an account are out of reach through it."""

from __future__ import annotations

from tools.cluster import ClusterReader
from tools.resources import JsonObject, JsonObjects, Resource


class ReadOnlyCluster:
    """The reading half of a cluster. It keeps bound methods, not the cluster."""

    def __init__(self, cluster: ClusterReader) -> None:
        self._get, self._list, self._logs = cluster.get, cluster.list, cluster.logs
        self._allowed, self._version = cluster.allowed, cluster.version

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        return self._get(resource, namespace, name)

    def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> JsonObjects:
        return self._list(resource, namespace, label_selector=label_selector, field_selector=field_selector)

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail_lines: int = 200
    ) -> str:
        return self._logs(namespace, pod, container, previous=previous, tail_lines=tail_lines)

    def allowed(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        return self._allowed(verb, group, resource, namespace)

    def version(self) -> str:
        return self._version()
