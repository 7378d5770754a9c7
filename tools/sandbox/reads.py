"""GET: one object, lists with selectors and pages, logs."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tools.cluster import JsonObject
from tools.sandbox import kinds, logs, selectors
from tools.sandbox.controllers.podview import workload_name
from tools.sandbox.errors import bad_request, expired, not_found
from tools.sandbox.kinds import Kind
from tools.sandbox.requests import Call
from tools.sandbox.switches import Switch
from tools.sandbox.world import World

_META = "meta.k8s.io/v1"
_PAGE_LIFE = timedelta(minutes=5)
_PAGES_KEPT = 200
_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter."
)


class LogSource(Protocol):
    """Where log lines come from: the simulated kubelets, or a bundle's files."""

    def read(self, pod: JsonObject, container: str, *, previous: bool) -> list[logs.Line]:
        """Lines of a container. Raises the API's 400s."""
        ...


class LiveLogs:
    """Logs of the simulated containers; texts set by hand win."""

    def __init__(self, world: World) -> None:
        self._world = world

    def read(self, pod: JsonObject, container: str, *, previous: bool) -> list[logs.Line]:
        container_id = logs.container_id(pod, container, previous=previous)
        workload = workload_name(self._world.store, pod)
        text = self._world.logs.text_for(pod, workload, container, previous=previous)
        if text is not None:
            return logs.stamped(text)
        return self._world.logs.lines(pod["metadata"]["uid"], container, container_id)


@dataclass(frozen=True)
class _Page:
    """The rest of a list, as it was when the first page was read."""

    version: int
    items: list[JsonObject]
    at: datetime


class Reader:
    """Answers reads from the store."""

    def __init__(self, world: World, log_source: LogSource) -> None:
        self._world = world
        self._logs = log_source
        self._pages: dict[str, _Page] = {}

    def one(self, call: Call) -> JsonObject:
        """The object. Raises 404."""
        kind, route = call.route.kind, call.route
        found = self._world.object(kind, route.namespace, route.name)
        if found is None:
            if Switch.NOT_FOUND in self._world.broken:
                return {"kind": kind.name, "apiVersion": kind.api_version, "metadata": {"name": route.name}}
            raise not_found(kind, route.name)
        return found

    def many(self, call: Call) -> bytes:
        """A list as JSON; `remainingItemCount` is told only where nothing was selected."""
        kind = call.route.kind
        limit = call.number("limit") or 0
        token = call.query.get("continue", "")
        page = self._resume(token) if token else self._first_page(call)
        if Switch.LIMIT_CONTINUE in self._world.broken:
            limit = 0
        items, rest = (page.items[:limit], page.items[limit:]) if limit > 0 else (page.items, [])
        metadata: JsonObject = {"resourceVersion": str(page.version)}
        if rest:
            metadata["continue"] = self._keep(_Page(page.version, rest, page.at))
            if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
                metadata["remainingItemCount"] = len(rest)
        if call.metadata_only:
            head = {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": metadata}
            return json.dumps({**head, "items": [partial(item) for item in items]}).encode()
        return self._encode(kind, metadata, items)

    def log(self, call: Call) -> str:
        """The text of `pods/log`."""
        pod = self.one(call)
        query = (
            {"container": call.query.get("container", "")} if Switch.LOG in self._world.broken else call.query
        )
        options = logs.parse_options(query, call.route.name)
        container = logs.choose_container(pod, options.container)
        lines = self._logs.read(pod, container, previous=options.previous)
        return logs.render(lines, options, self._world.now())

    def _encode(self, kind: Kind, metadata: JsonObject, items: list[JsonObject]) -> bytes:
        head = {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": metadata}
        if kind.custom:
            return json.dumps({**head, "items": items}).encode()
        body = b",".join(self._world.store.encoded(kind, item) for item in items)
        return json.dumps(head)[:-1].encode() + b', "items": [' + body + b"]}"

    def _first_page(self, call: Call) -> _Page:
        return _Page(self._world.store.version, self._select(call), self._world.now())

    def _select(self, call: Call) -> list[JsonObject]:
        kind, broken = call.route.kind, self._world.broken
        labels = selectors.parse_labels(call.query.get("labelSelector", ""))
        fields = selectors.parse_fields(call.query.get("fieldSelector", ""), kind)
        labels = () if Switch.LABEL_SELECTOR in broken else labels
        fields = () if Switch.FIELD_SELECTOR in broken else fields
        items = self._world.objects(kind, call.route.namespace)
        if not labels and not fields:
            return items
        return [i for i in items if selectors.matches(labels, i) and selectors.matches_fields(fields, i)]

    def _keep(self, page: _Page) -> str:
        key = f"{page.version}/{len(page.items)}/{self._world.rng.getrandbits(32):08x}"
        self._pages[key] = page
        while len(self._pages) > _PAGES_KEPT:
            del self._pages[next(iter(self._pages))]
        return base64.urlsafe_b64encode(json.dumps({"v": "meta.k8s.io/v1", "start": key}).encode()).decode()

    def _resume(self, token: str) -> _Page:
        try:
            key = json.loads(base64.urlsafe_b64decode(token))["start"]
        except (ValueError, KeyError, TypeError):
            raise bad_request(
                "invalid continue token: continue key is not valid: unexpected end of JSON input"
            ) from None
        page = self._pages.get(key)
        if page is None or self._world.now() - page.at > _PAGE_LIFE:
            raise expired(_TOO_OLD)
        return page


def partial(obj: JsonObject) -> JsonObject:
    """The object's metadata and nothing else, as the API calls it."""
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": obj["metadata"]}


def is_log(call: Call) -> bool:
    """True for a read of `pods/log`."""
    return call.route.kind is kinds.POD and call.route.subresource == "log"
