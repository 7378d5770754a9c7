"""A bundle's cluster, served as it was: reads are answered, dry runs too, real writes never."""

from __future__ import annotations

import random
import socket
import uuid
from collections.abc import Iterable

from tools.bundle import Bundle, LogName
from tools.clock import ManualClock
from tools.cluster import JsonObject
from tools.sandbox import kinds, logs
from tools.sandbox.authz import Attributes, Authorizer, User
from tools.sandbox.errors import ApiError
from tools.sandbox.executions import EXEC
from tools.sandbox.hosting import Host
from tools.sandbox.kinds import Kind
from tools.sandbox.requests import Call
from tools.sandbox.server import refused_port
from tools.sandbox.store import Store
from tools.sandbox.values import copied, instant
from tools.sandbox.world import World

_SUBRESOURCES = frozenset({"log", "status", "scale", "eviction", "exec", "token"})
_NAMES = uuid.UUID("6f0b7a35-3a4e-4f0c-8d34-5f1d3a1f6b0e")


class FrozenSandbox(Host):
    """Serves a bundle. Its clock stands at the bundle's `now`; what happens is only ever said, not done."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.clock = ManualClock(bundle.meta.now)
        super().__init__(World(self.clock, random.Random(0)))
        self._refused: socket.socket | None = None
        for obj in bundle.objects:
            self._load(copied(obj))
        self._imply_namespaces()
        if bundle.meta.captured is None and not self._world.store.list(kinds.POD_METRICS):
            self._world.kinds.remove(kinds.POD_METRICS)  # a cluster without a metrics server
        authorizer = BundleAuthorizer(self._world.store, bundle.meta.forbidden)
        self._application = self._serve(authorizer, BundleLogs(bundle), lambda: None)
        self._application.guard = self._guard

    def start(self) -> FrozenSandbox:
        """Serve, or (a bundle with `api: refused`) hold a port on which nobody listens."""
        if self.bundle.meta.api != "refused":
            return super().start()
        if self._refused is None:
            self._refused = refused_port()
        return self

    def stop(self) -> None:
        super().stop()
        if self._refused:
            self._refused.close()
            self._refused = None

    @property
    def url(self) -> str:
        if self._refused:
            return f"http://127.0.0.1:{self._refused.getsockname()[1]}"
        return super().url

    def _load(self, obj: JsonObject) -> None:
        """Store an object under the identity it brings along; what the API always has is filled in."""
        kind = self._world.kinds.of(obj)
        metadata = obj["metadata"]
        namespace = metadata.setdefault("namespace", "default") if kind.namespaced else ""
        metadata.setdefault("uid", str(uuid.uuid5(_NAMES, f"{kind.key}/{namespace}/{metadata['name']}")))
        metadata["resourceVersion"] = str(metadata.get("resourceVersion") or "1")
        metadata.setdefault("creationTimestamp", instant(self.bundle.meta.now))
        store = self._world.store
        if metadata["resourceVersion"].isdigit():
            store.version = max(store.version, int(metadata["resourceVersion"]))
        store.put(kind, obj, renumber=False)

    def _imply_namespaces(self) -> None:
        """A namespace with objects in it exists, whether it was recorded or not."""
        used = {obj["metadata"].get("namespace", "default") for obj in self.bundle.objects}
        for name in sorted(used):
            if self._world.store.get(kinds.NAMESPACE, "", name) is None:
                labels = {"kubernetes.io/metadata.name": name}
                metadata = {"name": name, "labels": labels}
                namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
                self._load({**namespace, "status": {"phase": "Active"}})

    def _guard(self, call: Call, verb: str) -> None:
        captured = self.bundle.meta.captured
        kind = call.route.kind
        if captured is not None and not _named(kind, captured):
            text = f"{kind.qualified} were not captured in this bundle: whether there are any is not known"
            raise ApiError(501, "NotCaptured", text)  # 4xx would say that the question was wrong
        runs = call.route.subresource == EXEC
        if runs or (verb not in ("get", "list", "watch") and not _is_dry(call)):
            text = f"this cluster is a recording: {verb} {kind.qualified} is answered as a dry run only"
            raise ApiError(403, "ReplayOnly", text)


class BundleLogs:
    """Log files of a bundle, with the API's answers where there is none."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def read(self, pod: JsonObject, container: str, *, previous: bool) -> list[logs.Line]:
        metadata = pod["metadata"]
        name = LogName(metadata.get("namespace", "default"), metadata["name"], container, previous)
        text = self._bundle.logs.get(name)
        if text is not None:
            return logs.stamped(text)
        if previous:
            raise logs.no_previous(metadata["name"], container)
        status = logs.container_status(pod, container) or {}
        if status.get("containerID"):
            return []
        logs.container_id(pod, container, previous=False)
        return []


class BundleAuthorizer(Authorizer):
    """Everything is allowed but what the bundle forbids."""

    def __init__(self, store: Store, forbidden: Iterable[str]) -> None:
        super().__init__(store)
        self._forbidden = [_parse_forbidden(text) for text in forbidden]

    def allowed(self, user: User, asked: Attributes) -> bool:
        return super().allowed(user, asked) and not any(
            resource == asked.resource and asked.namespace in (namespace or asked.namespace, "")
            for namespace, resource in self._forbidden
        )


def _parse_forbidden(text: str) -> tuple[str, str]:
    """`secrets`, `pods/log`, `shop/configmaps`, `shop/pods/log` as namespace and resource."""
    first, _, rest = text.partition("/")
    if not rest or rest in _SUBRESOURCES:
        return "", text
    return first, rest


def _named(kind: Kind, captured: Iterable[str]) -> bool:
    wanted = {name.lower() for name in captured}
    names = {kind.name.lower(), kind.qualified}
    # the pods of metrics.k8s.io are not the pods
    return not wanted.isdisjoint(names if kind is kinds.POD_METRICS else {*names, kind.plural})


def _is_dry(call: Call) -> bool:
    if call.dry_run:
        return True
    options = call.body.get("deleteOptions") if isinstance(call.body, dict) else None
    return call.route.subresource == "eviction" and "All" in ((options or {}).get("dryRun") or [])
