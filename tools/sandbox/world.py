"""The cluster as its controllers see it: objects, time, chance, events and logs, without HTTP or rights."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from tools.clock import Clock
from tools.cluster import JsonObject
from tools.sandbox import kinds, lifecycle
from tools.sandbox.batch import own_selector
from tools.sandbox.commands import Commands
from tools.sandbox.defaults import apply_defaults
from tools.sandbox.engine import Engine
from tools.sandbox.event_log import EventRecorder
from tools.sandbox.kinds import Kind, Kinds
from tools.sandbox.logs import LogBook
from tools.sandbox.store import Store
from tools.sandbox.switches import Switch
from tools.sandbox.values import copied, instant


class World:
    """State of one sandbox. Everything in it is guarded by the sandbox's one lock."""

    def __init__(self, clock: Clock, rng: random.Random, broken: frozenset[Switch] = frozenset()) -> None:
        self.kinds = Kinds()
        self.store = Store()
        self.engine = Engine(clock)
        self.rng = rng
        self.logs = LogBook()
        self.commands = Commands()
        self.webhooks: dict[str, str] = {}
        """Admission webhooks that have side effects, by the resource that they are called for: `deployments`."""
        self.broken = broken
        self.computed: dict[tuple[str, str], Callable[[str], list[JsonObject]]] = {}
        """Kinds whose objects are not stored but told anew for every read, by key; called with the namespace."""
        self._uids: dict[tuple[str, str, str], str] = {}
        self.events = EventRecorder(self.store, self.engine, self._create_event)

    def now(self) -> datetime:
        """The instant at which things happen."""
        return self.engine.now()

    def objects(self, kind: Kind, namespace: str = "") -> list[JsonObject]:
        """All objects of a kind as a reader sees them, computed ones too."""
        told = self.computed.get(kind.key)
        return told(namespace) if told else self.store.list(kind, namespace)

    def object(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """One object as a reader sees it, not to be changed by the caller."""
        if kind.key not in self.computed:
            return self.store.get(kind, namespace, name)
        found = self.objects(kind, namespace)
        return next((obj for obj in found if obj["metadata"]["name"] == name), None)

    def admit(self, kind: Kind, obj: JsonObject) -> None:
        """Give a new object its identity and name, in place."""
        lifecycle.name_for(obj["metadata"], self.rng)
        lifecycle.born(kind, obj, self.now(), self.rng)
        if Switch.UID in self.broken:
            place = (kind.plural, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            obj["metadata"]["uid"] = self._uids.setdefault(place, obj["metadata"]["uid"])
        if kind is kinds.JOB:
            own_selector(obj)

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

    def _create_event(self, event: JsonObject) -> JsonObject:
        event["metadata"]["name"] += f".{self.rng.getrandbits(64):016x}"
        return self.create(kinds.EVENT, event)

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
        return self.store.put(kind, self._marked(obj, grace))

    def _marked(self, obj: JsonObject, grace: int) -> JsonObject:
        """A copy that is being deleted; that counts as a generation, where there are any."""
        new = copied(obj)
        metadata = new["metadata"]
        metadata["deletionTimestamp"] = instant(self.now() + timedelta(seconds=grace))
        metadata["deletionGracePeriodSeconds"] = grace
        if "generation" in metadata:
            metadata["generation"] += 1
        return new

    def end_namespace(self, namespace: JsonObject) -> JsonObject:
        """Start the end of a namespace; the garbage collector empties it."""
        if "deletionTimestamp" in namespace["metadata"]:
            return namespace
        new = copied(namespace)
        new["metadata"]["deletionTimestamp"] = instant(self.now())
        new["status"] = {"phase": "Terminating"}
        return self.store.put(kinds.NAMESPACE, new)

    def create_pod(self, pod: JsonObject) -> JsonObject:
        """Store a new pod on behalf of a controller, with the API server's defaults."""
        apply_defaults(kinds.POD, pod)
        return self.create(kinds.POD, pod)

    def delete_pod(self, pod: JsonObject, grace: int | None = None) -> JsonObject:
        """Delete a pod as the API does: gracefully, once it is on a node. Returns the pod as it is then."""
        new = self.terminating_pod(pod, grace)
        if not new["metadata"]["deletionGracePeriodSeconds"]:
            self.remove(kinds.POD, pod)
        elif "deletionTimestamp" not in pod["metadata"]:
            self.store.put(kinds.POD, new)
        return new

    def terminating_pod(self, pod: JsonObject, grace: int | None = None) -> JsonObject:
        """The pod as its deletion would leave it; a grace of 0 means that it goes at once."""
        if "deletionTimestamp" in pod["metadata"] and grace != 0:
            return pod
        if grace is None:
            grace = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
        return self._marked(pod, grace if pod["spec"].get("nodeName") else 0)
