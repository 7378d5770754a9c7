"""What follows a deletion: dependents go with their owner, a namespace's contents with the namespace."""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.kinds import Kind
from tools.sandbox.store import Change
from tools.sandbox.values import copied
from tools.sandbox.world import World


class GarbageCollector:
    """Deletes objects whose owners are gone, and the contents of terminating namespaces."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.new is None:
            uid = change.obj["metadata"]["uid"]
            self._world.engine.enqueue(("orphans", uid), lambda: self._collect(uid))
        if change.kind is kinds.NAMESPACE and change.new and "deletionTimestamp" in change.new["metadata"]:
            name = change.new["metadata"]["name"]
            self._world.engine.enqueue(("namespace", name), lambda: self._empty(name))
        elif change.new is None and change.kind.namespaced:
            namespace = change.obj["metadata"]["namespace"]
            found = self._world.store.get(kinds.NAMESPACE, "", namespace)
            if found and "deletionTimestamp" in found["metadata"]:
                self._world.engine.enqueue(("namespace", namespace), lambda: self._empty(namespace))

    def _collect(self, uid: str) -> None:
        for kind, obj in self._world.store.owned_by(uid):
            left = [ref for ref in obj["metadata"]["ownerReferences"] if ref["uid"] != uid]
            if left:
                new = copied(obj)
                new["metadata"]["ownerReferences"] = left
                self._world.update(kind, obj, new)
            else:
                self._delete(kind, obj)

    def _delete(self, kind: Kind, obj: JsonObject) -> None:
        if kind is kinds.POD:
            self._world.delete_pod(obj)
        else:
            self._world.remove(kind, obj)

    def _empty(self, name: str) -> None:
        left = False
        for kind in list(self._world.kinds):
            for obj in self._world.store.list(kind, name) if kind.namespaced else []:
                self._delete(kind, obj)
                left = True
        namespace = self._world.store.get(kinds.NAMESPACE, "", name)
        if namespace and not left:
            self._world.store.remove(kinds.NAMESPACE, "", name)
