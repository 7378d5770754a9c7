"""The objects of the cluster, with one counter of resource versions over all of them.

Objects in the store are never changed in place: a writer puts a new one. So a reader may hold on to what it
got, and a list is a snapshot for free.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tools.cluster import JsonObject
from tools.sandbox.kinds import Kind

Position = tuple[Kind, str, str]
Objects = list[JsonObject]
Owned = list[tuple[Kind, JsonObject]]


@dataclass(frozen=True)
class Change:
    """One write. `old` is None for a new object, `new` is None for one that is gone."""

    kind: Kind
    old: JsonObject | None
    new: JsonObject | None

    @property
    def obj(self) -> JsonObject:
        """The object as it is now, or as it was last."""
        obj = self.new or self.old
        assert obj is not None
        return obj


class Store:
    """Objects by kind, namespace and name. Not locked: the server holds one lock around all of its work."""

    def __init__(self, version: int = 1000) -> None:
        self.version = version
        """The newest resource version."""
        self._objects: dict[tuple[str, str], dict[str, dict[str, JsonObject]]] = {}
        self._owned: dict[str, set[Position]] = {}
        self._encoded: dict[tuple[str, str], dict[tuple[str, str], tuple[JsonObject, bytes]]] = {}
        self._listeners: list[Callable[[Change], None]] = []

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """The object, not to be changed by the caller."""
        return self._objects.get(kind.key, {}).get(namespace, {}).get(name)

    def list(self, kind: Kind, namespace: str = "") -> Objects:
        """All objects of a kind, of one namespace or of all, in the order of namespace and name."""
        spaces = self._objects.get(kind.key, {})
        names = [namespace] if namespace else sorted(spaces)
        return [obj for space in names for _, obj in sorted(spaces.get(space, {}).items())]

    def owned_by(self, uid: str) -> Owned:
        """Objects with an owner reference to this uid, in a stable order."""
        found = []
        for kind, namespace, name in sorted(self._owned.get(uid, ()), key=_position_text):
            obj = self.get(kind, namespace, name)
            if obj is not None:
                found.append((kind, obj))
        return found

    def put(self, kind: Kind, obj: JsonObject, *, renumber: bool = True) -> JsonObject:
        """Store an object under a new resource version (or, `renumber` False, under the one it has)."""
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", "") if kind.namespaced else "", metadata["name"]
        if renumber:
            self.version += 1
            metadata["resourceVersion"] = str(self.version)
        old = self.get(kind, namespace, name)
        self._objects.setdefault(kind.key, {}).setdefault(namespace, {})[name] = obj
        self._index((kind, namespace, name), old, obj)
        self._tell(Change(kind, old, obj))
        return obj

    def remove(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """Take an object out; the removal counts as a version too."""
        old = self._objects.get(kind.key, {}).get(namespace, {}).pop(name, None)
        if old is not None:
            self.version += 1
            self._encoded.get(kind.key, {}).pop((namespace, name), None)
            self._index((kind, namespace, name), old, None)
            self._tell(Change(kind, old, None))
        return old

    def encoded(self, kind: Kind, obj: JsonObject) -> bytes:
        """The object as JSON without apiVersion and kind: what a list item is. Kept until the object changes."""
        cache = self._encoded.setdefault(kind.key, {})
        position = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        known = cache.get(position)
        if known and known[0] is obj:
            return known[1]
        bare = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind")}
        text = json.dumps(bare, separators=(",", ":")).encode()
        cache[position] = (obj, text)
        return text

    def _index(self, position: Position, old: JsonObject | None, new: JsonObject | None) -> None:
        for obj, add in ((old, False), (new, True)):
            for reference in (obj or {}).get("metadata", {}).get("ownerReferences") or []:
                owned = self._owned.setdefault(reference["uid"], set())
                owned.add(position) if add else owned.discard(position)

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)


def _position_text(position: Position) -> tuple[str, str, str]:
    return (position[0].plural, position[1], position[2])
