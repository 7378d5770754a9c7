"""ControllerRevisions: what a StatefulSet or a DaemonSet remembers of its templates, as its controller keeps them."""

from __future__ import annotations

import hashlib
import json

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.kinds import Kind
from tools.sandbox.lifecycle import SUFFIX_ALPHABET
from tools.sandbox.values import copied
from tools.sandbox.world import World

KIND = kinds.CONTROLLER_REVISION
MARK = "controller-revision-hash"
"""Label of every pod: the revision's name (StatefulSet), or its hash (DaemonSet)."""
_HASH = "controller.kubernetes.io/hash"


def revisions(world: World, workload: JsonObject) -> list[JsonObject]:
    """Its ControllerRevisions, oldest first."""
    owned = world.store.owned_by(workload["metadata"]["uid"])
    return sorted((obj for kind, obj in owned if kind is KIND), key=lambda revision: revision["revision"])


def newest(world: World, kind: Kind, workload: JsonObject) -> JsonObject:
    """The revision of the present template: a new one, or an old one that is numbered as the newest."""
    known = revisions(world, workload)
    data = _data(workload)
    number = known[-1]["revision"] + 1 if known else 1
    same = [revision for revision in known if revision["data"] == data]
    if not same:
        return world.create(KIND, _revision(kind, workload, data, number))
    if same[-1] is known[-1]:
        return same[-1]
    return world.update(
        KIND, same[-1], {**same[-1], "metadata": dict(same[-1]["metadata"]), "revision": number}
    )


def clean_up(world: World, workload: JsonObject, pods: list[JsonObject], live: set[str]) -> None:
    """Remove revisions that nothing uses beyond revisionHistoryLimit, the oldest first."""
    used = live | {mark_of(pod) for pod in pods}
    unused = [r for r in revisions(world, workload) if not used & {r["metadata"]["name"], hash_of(r)}]
    excess = len(unused) - workload["spec"].get("revisionHistoryLimit", 10)
    for revision in unused[: max(0, excess)]:
        world.remove(KIND, revision)


def template_of(revision: JsonObject) -> JsonObject:
    """The pod template that it remembers."""
    template: JsonObject = copied(revision["data"]["spec"]["template"])
    template.pop("$patch")
    return template


def hash_of(revision: JsonObject) -> str:
    """The hash in its labels."""
    labels = revision["metadata"]["labels"]
    return str(labels.get(MARK) or labels.get(_HASH))


def mark_of(pod: JsonObject) -> str:
    """Which revision the pod was made of."""
    return str((pod["metadata"].get("labels") or {}).get(MARK, ""))


def controlled_by(kind: Kind, workload: JsonObject) -> JsonObject:
    """The owner reference of a pod or a revision."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "name": workload["metadata"]["name"],
        "uid": workload["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _revision(kind: Kind, workload: JsonObject, data: JsonObject, number: int) -> JsonObject:
    metadata, digest = workload["metadata"], _digest(data)
    labels = dict((workload["spec"]["template"].get("metadata") or {}).get("labels") or {})
    labels[_HASH if kind is kinds.STATEFULSET else MARK] = digest
    return {
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": dict(metadata.get("annotations") or {}),
            "ownerReferences": [controlled_by(kind, workload)],
        },
        "data": data,
        "revision": number,
    }


def _data(workload: JsonObject) -> JsonObject:
    return {"spec": {"template": {**copied(workload["spec"]["template"]), "$patch": "replace"}}}


def _digest(data: JsonObject) -> str:
    """A stable digest in the letters of the real one."""
    value = int.from_bytes(hashlib.sha256(json.dumps(data, sort_keys=True).encode()).digest()[:4], "big")
    return "".join(SUFFIX_ALPHABET[ord(digit) % len(SUFFIX_ALPHABET)] for digit in str(value))
