"""Events of the simulated cluster, in the two forms that real components write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.engine import Engine
from tools.sandbox.kinds import Kind
from tools.sandbox.store import Store
from tools.sandbox.values import instant

EVENT_TTL = timedelta(hours=1)
"""The API server's --event-ttl."""
_Key = tuple[str, str, str, str]


class EventRecorder:
    """Writes Events, counts repeated ones up, and removes them an hour after they were seen last."""

    def __init__(self, store: Store, engine: Engine, create: Callable[[JsonObject], JsonObject]) -> None:
        self._store = store
        self._engine = engine
        self._create = create
        self._known: dict[_Key, str] = {}

    def record(
        self,
        kind: Kind,
        obj: JsonObject,
        type_: str,
        reason: str,
        message: str,
        *,
        component: str,
        field_path: str = "",
    ) -> None:
        """The older form, of kubelets and controllers: first and last timestamp, count."""
        now, key = instant(self._engine.now()), (obj["metadata"]["uid"], type_, reason, message)
        event = _event(kind, obj, type_, reason, message)
        known = self._store.get(kinds.EVENT, event["metadata"]["namespace"], self._known.get(key, ""))
        if known:
            again = {**known, "metadata": dict(known["metadata"]), "lastTimestamp": now}
            again["count"] = known["count"] + 1
            self._store.put(kinds.EVENT, again)
            self._expire(key, again)
            return
        if field_path:
            event["involvedObject"]["fieldPath"] = field_path
        event |= {
            "source": {"component": component},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": "",
        }
        self._keep(key, event)

    def record_action(
        self,
        kind: Kind,
        obj: JsonObject,
        type_: str,
        reason: str,
        message: str,
        *,
        component: str,
        action: str,
    ) -> None:
        """The form of events.k8s.io, of the scheduler: eventTime and action, no count, no other timestamps."""
        moment = self._engine.now().astimezone(UTC)
        event = _event(kind, obj, type_, reason, message)
        event |= {
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "action": action,
            "reportingComponent": component,
            "reportingInstance": f"{component}-sandbox",
        }
        self._keep((obj["metadata"]["uid"], type_, reason, message), event)

    def _keep(self, key: _Key, event: JsonObject) -> None:
        created = self._create(event)
        self._known[key] = created["metadata"]["name"]
        self._expire(key, created)

    def _expire(self, key: _Key, event: JsonObject) -> None:
        metadata = event["metadata"]

        def forget() -> None:
            if self._known.get(key) == metadata["name"]:
                del self._known[key]
            self._store.remove(kinds.EVENT, metadata["namespace"], metadata["name"])

        self._engine.at(self._engine.now() + EVENT_TTL, ("event", metadata["name"]), forget)


def _event(kind: Kind, obj: JsonObject, type_: str, reason: str, message: str) -> JsonObject:
    metadata = obj["metadata"]
    about = {
        "kind": kind.name,
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": kind.api_version,
        "resourceVersion": metadata["resourceVersion"],
    }
    return {
        "metadata": {"name": metadata["name"], "namespace": metadata.get("namespace") or "default"},
        "involvedObject": {name: value for name, value in about.items() if value},
        "reason": reason,
        "message": message,
        "type": type_,
    }
