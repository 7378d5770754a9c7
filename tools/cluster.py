"""The Kubernetes API as raw JSON: two protocols and the one adapter that imports `kubernetes`.

`ClusterReader` reads; `Cluster` adds the writes. Chat holds a reader only, which is a type before it is RBAC.
Objects are plain dicts as the API sends them: the client's pydantic models raise on fields that real servers
omit, and may raise after a write has been done (durability.md section 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
PatchType: TypeAlias = Literal["json", "merge", "strategic"]


@dataclass(frozen=True)
class Resource:
    """A kind as the API addresses it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path; an empty namespace on a namespaced kind means all namespaces."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part]
        return "/".join(parts)


PODS = Resource("", "v1", "pods", "Pod")
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
EVENTS = Resource("", "v1", "events", "Event")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SERVICES = Resource("", "v1", "services", "Service")
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap")
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
STATEFULSETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMONSETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
JOBS = Resource("batch", "v1", "jobs", "Job")

FIELD_MANAGER = "sre-agent"
STAMP = "sre-agent/last-action"
"""Annotation that carries the ledger key of our last write on the object (R4.6)."""


class ClusterReader(Protocol):
    """Reads. Every call has its own timeout; errors are those of `tools.errors`."""

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        """One object. Raises NotFound, Forbidden, TransientError."""
        ...

    def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> list[JsonObject]:
        """All matching objects, pages followed; items carry no `kind`, as the API sends them."""
        ...

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail_lines: int = 200
    ) -> str:
        """Log text (limitBytes 65536). Raises Invalid for a container that has not started."""
        ...

    def allowed(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        """SelfSubjectAccessReview; `resource` may carry a subresource: `pods/log`."""
        ...

    def version(self) -> str:
        """`gitVersion` of the server: the cheap liveness probe."""
        ...


class Cluster(ClusterReader, Protocol):
    """Reads and writes. Writes are sent once, never retried: a lost answer is `UnknownOutcome`."""

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: JsonObject | list[JsonObject],
        *,
        patch_type: PatchType,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Written:
        """PATCH with fieldManager and fieldValidation=Strict."""
        ...

    def create(
        self,
        resource: Resource,
        namespace: str,
        body: JsonObject,
        *,
        dry_run: bool = False,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        """POST; with name and subresource for `pods/eviction`."""
        ...


@dataclass(frozen=True)
class Written:
    """The server's answer to a write."""

    object: JsonObject
    warnings: tuple[str, ...] = ()
    """Texts of `Warning:` headers."""
