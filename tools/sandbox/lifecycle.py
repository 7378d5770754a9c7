"""What the server itself writes into metadata: identity at birth, generation at a change, field managers."""

from __future__ import annotations

import random
import uuid
from datetime import datetime

from tools.cluster import JsonObject
from tools.sandbox.kinds import Kind
from tools.sandbox.values import instant

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Letters of generated names (no vowels, no look-alikes)."""
_KEPT = ("uid", "creationTimestamp", "namespace", "name", "deletionTimestamp", "deletionGracePeriodSeconds")


def suffix(rng: random.Random, length: int = 5) -> str:
    """The random end of a generated name."""
    return "".join(rng.choice(SUFFIX_ALPHABET) for _ in range(length))


def name_for(metadata: JsonObject, rng: random.Random) -> None:
    """Fill in metadata.name from generateName; the whole stays within 63 characters."""
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:58] + suffix(rng)


def born(kind: Kind, obj: JsonObject, now: datetime, rng: random.Random) -> None:
    """Identity of a new object, in place."""
    metadata = obj["metadata"]
    for key in (
        "resourceVersion",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "generation",
    ):
        metadata.pop(key, None)
    metadata["uid"] = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    metadata["creationTimestamp"] = instant(now)
    if kind.generation:
        metadata["generation"] = 1


def revised(kind: Kind, old: JsonObject, new: JsonObject) -> None:
    """Carry over what a writer cannot change and count the generation, in place."""
    metadata, before = new["metadata"], old["metadata"]
    for key in (*_KEPT, "resourceVersion", "generation"):
        if key in before:
            metadata[key] = before[key]
        else:
            metadata.pop(key, None)
    if kind.generation and _counts(kind, old, new):
        metadata["generation"] = before.get("generation", 0) + 1


def same(old: JsonObject, new: JsonObject) -> bool:
    """True if a write changed nothing but field managers: such a write is not stored."""
    return _comparable(old) == _comparable(new)


def managed(kind: Kind, obj: JsonObject, manager: str, now: datetime, subresource: str = "") -> None:
    """Record who wrote, one entry for each manager and subresource: without fields, but for `scale` without a time."""
    entries = [
        entry
        for entry in obj["metadata"].get("managedFields") or []
        if (entry.get("manager"), entry.get("subresource", "")) != (manager, subresource)
    ]
    entry: JsonObject = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": kind.api_version,
        "time": instant(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:replicas": {}}} if subresource == "scale" else {},
    }
    if subresource:
        entry["subresource"] = subresource
    if subresource == "scale":
        del entry["time"]
    obj["metadata"]["managedFields"] = [*entries, entry]


def disown_scale(obj: JsonObject) -> None:
    """Forget who scaled the object before: another number of replicas has another owner."""
    entries = obj["metadata"].get("managedFields") or []
    obj["metadata"]["managedFields"] = [e for e in entries if e.get("subresource") != "scale"]


def _counts(kind: Kind, old: JsonObject, new: JsonObject) -> bool:
    if not kind.typed:
        bare = [{k: v for k, v in o.items() if k not in ("metadata", "status")} for o in (old, new)]
        return bare[0] != bare[1]
    if kind.key == ("apps", "deployments"):
        annotations = [o["metadata"].get("annotations") or {} for o in (old, new)]
        if annotations[0] != annotations[1]:
            return True
    return old.get("spec") != new.get("spec")


def _comparable(obj: JsonObject) -> JsonObject:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in ("managedFields", "resourceVersion")}
    return {**obj, "metadata": metadata}
