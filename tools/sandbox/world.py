"""The cluster as its controllers see it: objects, time, chance, events and logs, without HTTP or rights."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from tools.clock import Clock
from tools.cluster import JsonObject
from tools.sandbox import kinds, lifecycle
from tools.sandbox.defaults import apply_defaults
from tools.sandbox.engine import Engine
from tools.sandbox.kinds import Kind, Kinds
from tools.sandbox.logs import LogBook
from tools.sandbox.store import Store
from tools.sandbox.switches import Switch
from tools.sandbox.values import copied, instant

EVENT_TTL = timedelta(hours=1)
"""The API server's --event-ttl."""


class World:
    """State of one sandbox. Everything in it is guarded by the sandbox's one lock."""

    def __init__(self, clock: Clock, rng: random.Random, broken: frozenset[Switch] = frozenset()) -> None:
        self.kinds = Kinds()
        self.store = Store()
        self.engine = Engine(clock)
        self.rng = rng
        self.logs = LogBook()
        self.broken = broken
        self._uids: dict[tuple[str, str, str], str] = {}
        self._events: dict[tuple[str, str, str, str], str] = {}

    def now(self) -> datetime:
        """The instant at which things happen."""
        return self.engine.now()

    def admit(self, kind: Kind, obj: JsonObject) -> None:
        """Give a new object its identity and name, in place."""
        lifecycle.name_for(obj["metadata"], self.rng)
        lifecycle.born(kind, obj, self.now(), self.rng)
        if Switch.UID in self.broken:
            place = (kind.plural, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            obj["metadata"]["uid"] = self._uids.setdefault(place, obj["metadata"]["uid"])

    def revise(self, kind: Kind, old: JsonObject, new: JsonObject) -> None:
        """Carry identity over and count the generation, in place."""
        lifecycle.revised(kind, old, new)
        if Switch.GENERATION in self.broken and "generation" in old["metadata"]:
            new["metadata"]["generation"] = old["metadata"]["generation"]

    def create(self, kind: Kind, obj: JsonObject) -> JsonObject:
        """Store a new object on behalf of a controller."""
        obj = {"apiVersion": kind.api_version, "kind": kind.name, **obj}
        self.admit(kind, obj)
        return self.store.put(kind, obj)

    def update(self, kind: Kind, old: JsonObject, new: JsonObject) -> JsonObject:
        """Store a changed object; one that is equal is not written and keeps its resource version."""
        self.revise(kind, old, new)
        if lifecycle.same(old, new):
            return old
        if Switch.RESOURCE_VERSION in self.broken:
            new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
            return self.store.put(kind, new, renumber=False)
        return self.store.put(kind, new)

    def set_status(self, kind: Kind, obj: JsonObject, status: JsonObject) -> JsonObject:
        """Store a new status, if it differs."""
        if obj.get("status") == status:
            return obj
        return self.update(kind, obj, {**obj, "metadata": dict(obj["metadata"]), "status": status})

    def remove(self, kind: Kind, obj: JsonObject) -> None:
        """Take an object out of the cluster at once; one with finalizers only starts to terminate."""
        metadata = obj["metadata"]
        if metadata.get("finalizers"):
            if "deletionTimestamp" not in metadata:
                self.terminate(kind, obj, 0)
            return
        self.store.remove(kind, metadata.get("namespace", ""), metadata["name"])

    def terminate(self, kind: Kind, obj: JsonObject, grace: int) -> JsonObject:
        """Mark an object as being deleted."""
        if "deletionTimestamp" in obj["metadata"]:
            return obj
        new = copied(obj)
        moment = self.now() + timedelta(seconds=grace)
        new["metadata"]["deletionTimestamp"] = instant(moment)
        new["metadata"]["deletionGracePeriodSeconds"] = grace
        return self.store.put(kind, new)

    def create_pod(self, pod: JsonObject) -> JsonObject:
        """Store a new pod on behalf of a controller, with the API server's defaults."""
        apply_defaults(kinds.POD, pod)
        return self.create(kinds.POD, pod)

    def delete_pod(self, pod: JsonObject, grace: int | None = None) -> JsonObject:
        """Delete a pod as the API does: gracefully, once it is on a node."""
        if grace is None:
            grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
        if grace == 0 or not pod["spec"].get("nodeName"):
            self.remove(kinds.POD, pod)
            return pod
        return self.terminate(kinds.POD, pod, grace)

    def event(
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
        """Record an Event; a repeated one counts up instead."""
        metadata, now = obj["metadata"], instant(self.now())
        namespace = metadata.get("namespace", "default")
        key = (metadata["uid"], type_, reason, message)
        known = self.store.get(kinds.EVENT, namespace, self._events.get(key, ""))
        if known:
            again = {**known, "metadata": dict(known["metadata"]), "lastTimestamp": now}
            again["count"] = known["count"] + 1
            self.store.put(kinds.EVENT, again)
            self._expire(key, again)
            return
        about = {
            "kind": kind.name,
            "namespace": metadata.get("namespace", ""),
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": kind.api_version,
            "resourceVersion": metadata["resourceVersion"],
            "fieldPath": field_path,
        }
        event: JsonObject = {
            "metadata": {"name": self._event_name(metadata["name"]), "namespace": namespace},
            "involvedObject": {name: value for name, value in about.items() if value},
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type_,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": "",
        }
        self._events[key] = event["metadata"]["name"]
        self._expire(key, self.create(kinds.EVENT, event))

    def _event_name(self, name: str) -> str:
        return f"{name}.{self.rng.getrandbits(64):016x}"

    def _expire(self, key: tuple[str, str, str, str], event: JsonObject) -> None:
        def forget() -> None:
            self._events.pop(key, None)
            metadata = event["metadata"]
            self.store.remove(kinds.EVENT, metadata["namespace"], metadata["name"])

        self.engine.at(self.now() + EVENT_TTL, ("event", *key), forget)
