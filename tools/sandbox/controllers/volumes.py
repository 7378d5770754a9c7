"""Volumes: a claim is bound to the volume that names it, or to one made for it; a claim that asks for more grows.

What a StorageClass of the provisioner `PROVISIONER` does is told by its parameter `RESIZE`: by default a volume grows
within `GROWS`; with `pending` its file system waits for a restart of its pod; with `never` nothing happens.
"""

from __future__ import annotations

from datetime import timedelta

from tools.cluster import JsonObject
from tools.quantities import parse_quantity
from tools.sandbox import kinds
from tools.sandbox.claims import requested
from tools.sandbox.controllers.progress import condition
from tools.sandbox.store import Change
from tools.sandbox.values import copied, dig, instant
from tools.sandbox.world import World

KIND = kinds.CLAIM
PROVISIONER = "sim.example.org/volumes"
RESIZE = "resize"
GROWS = timedelta(seconds=5)
PENDING = "FileSystemResizePending"
_WAITS = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."


class VolumeController:
    """Binds claims, makes volumes and lets them grow."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.store.listen(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.kind is KIND and change.new:
            self._enqueue(change.new["metadata"])
        elif change.kind is kinds.VOLUME and change.new:
            wanted = dig(change.new, "spec", "claimRef", default={})
            if wanted.get("name"):
                self._enqueue(wanted)

    def _enqueue(self, claim: JsonObject) -> None:
        namespace, name = claim["namespace"], claim["name"]
        self._world.engine.enqueue(("claim", namespace, name), lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """Bind the claim, or begin to let its volume grow."""
        claim = self._world.store.get(KIND, namespace, name)
        if claim is None or "deletionTimestamp" in claim["metadata"]:
            return
        if dig(claim, "status", "phase") != "Bound":
            self._bind(claim)
        elif self._has_to_grow(claim) and self._class(claim).get("provisioner") == PROVISIONER:
            key = ("claim", claim["metadata"]["uid"])
            self._world.engine.at(self._world.now() + GROWS, key, lambda: self._grow(namespace, name))

    def _bind(self, claim: JsonObject) -> None:
        volume = self._volume_for(claim)
        if volume is None:
            return
        new = copied(claim)
        new["spec"]["volumeName"] = volume["metadata"]["name"]
        new["status"] = {
            "phase": "Bound",
            "accessModes": claim["spec"].get("accessModes") or [],
            "capacity": {"storage": volume["spec"]["capacity"]["storage"]},
        }
        self._world.update(KIND, claim, new)

    def _volume_for(self, claim: JsonObject) -> JsonObject | None:
        named = {key: claim["metadata"][key] for key in ("namespace", "name")}
        for volume in self._world.store.list(kinds.VOLUME):
            reference = dig(volume, "spec", "claimRef", default={})
            if {key: reference.get(key) for key in named} == named:
                return volume
        if self._class(claim).get("provisioner") != PROVISIONER:
            return None
        spec = {
            "capacity": {"storage": requested(claim)},
            "accessModes": claim["spec"].get("accessModes") or [],
            "storageClassName": claim["spec"]["storageClassName"],
            "claimRef": named,
        }
        metadata = {"name": f"pvc-{claim['metadata']['uid']}"}
        return self._world.create(kinds.VOLUME, {"metadata": metadata, "spec": spec})

    def _grow(self, namespace: str, name: str) -> None:
        claim = self._world.store.get(KIND, namespace, name)
        if claim is None or not self._has_to_grow(claim):
            return
        how = dig(self._class(claim), "parameters", RESIZE, default="")
        status = copied(claim["status"])
        if how == "pending":
            moved = {"lastProbeTime": None, "lastTransitionTime": instant(self._world.now())}
            status["conditions"] = [{"type": PENDING, "status": "True", "message": _WAITS, **moved}]
        elif how != "never":
            status["capacity"] = {"storage": requested(claim)}
        self._world.set_status(KIND, claim, status)

    def _has_to_grow(self, claim: JsonObject) -> bool:
        """More is asked for than there is, and nothing is waited for."""
        there = dig(claim, "status", "capacity", "storage", default="0")
        waits = condition(claim["status"], PENDING) is not None
        return not waits and parse_quantity(requested(claim)) > parse_quantity(there)

    def _class(self, claim: JsonObject) -> JsonObject:
        name = str(claim["spec"].get("storageClassName", ""))
        return self._world.store.get(kinds.STORAGE_CLASS, "", name) or {}
