"""Revisions of a Deployment: which ReplicaSet is the new one, what number it has, which ones may go."""

from __future__ import annotations

import hashlib
import json

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.progress import has_deadline, progressing, with_condition
from tools.sandbox.controllers.scaling import DESIRED, MAXIMUM, announce, desired, surge
from tools.sandbox.lifecycle import SUFFIX_ALPHABET
from tools.sandbox.values import copied
from tools.sandbox.world import World

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
HASH_LABEL = "pod-template-hash"
_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    }
)


def split(deployment: JsonObject, owned: list[JsonObject]) -> tuple[JsonObject | None, list[JsonObject]]:
    """The ReplicaSet with the Deployment's template (the oldest, if several) and the others, oldest first."""
    ordered = sorted(owned, key=lambda rs: (rs["metadata"]["creationTimestamp"], rs["metadata"]["name"]))
    template = without_hash(deployment["spec"]["template"])
    new = next((rs for rs in ordered if without_hash(rs["spec"]["template"]) == template), None)
    return new, [rs for rs in ordered if rs is not new]


def without_hash(template: JsonObject) -> JsonObject:
    """The template without the label that the controller itself adds."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    if HASH_LABEL not in labels:
        return template
    bare = {key: value for key, value in labels.items() if key != HASH_LABEL}
    return {**template, "metadata": {**template["metadata"], "labels": bare}}


def number(replicaset: JsonObject) -> int:
    """The revision of a ReplicaSet, 0 if it has none."""
    return int((replicaset["metadata"].get("annotations") or {}).get(REVISION, "0"))


def create(world: World, deployment: JsonObject, old: list[JsonObject]) -> tuple[JsonObject, JsonObject]:
    """A new ReplicaSet for the Deployment's template, scaled as the strategy allows at once."""
    metadata = deployment["metadata"]
    revision = max((number(rs) for rs in old), default=0) + 1
    digest = _template_hash(deployment)
    template = copied(deployment["spec"]["template"])
    template.setdefault("metadata", {}).setdefault("labels", {})[HASH_LABEL] = digest
    selector = copied(deployment["spec"]["selector"])
    selector.setdefault("matchLabels", {})[HASH_LABEL] = digest
    annotations = _copied_annotations(deployment)
    annotations |= {REVISION: str(revision), DESIRED: str(desired(deployment))}
    annotations[MAXIMUM] = str(desired(deployment) + surge(deployment))
    current = sum(rs["spec"]["replicas"] for rs in old)
    room = max(0, desired(deployment) + surge(deployment) - current)
    rolling = deployment["spec"]["strategy"]["type"] == "RollingUpdate"
    replicas = min(room, desired(deployment)) if rolling else desired(deployment)
    spec = {"replicas": replicas, "selector": selector, "template": template}
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    body = {
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "annotations": annotations,
            "ownerReferences": [_owner(deployment)],
        },
        "spec": spec,
        "status": {"replicas": 0},
    }
    created = world.create(kinds.REPLICASET, body)
    if replicas:
        announce(world, deployment, created, 0, replicas)
    reason, text = "NewReplicaSetCreated", f'Created new replica set "{created["metadata"]["name"]}"'
    return _mark(world, deployment, revision, reason, text, always=True), created


def adopt(
    world: World, deployment: JsonObject, new: JsonObject, old: list[JsonObject]
) -> tuple[JsonObject, JsonObject]:
    """Make an existing ReplicaSet the newest revision: a rollback renumbers the old one."""
    wanted = max((number(rs) for rs in old), default=0) + 1
    annotations = {**(new["metadata"].get("annotations") or {}), **_copied_annotations(deployment)}
    if number(new) < wanted:
        if number(new):
            history = annotations.get(HISTORY)
            annotations[HISTORY] = f"{history},{number(new)}" if history else str(number(new))
        annotations[REVISION] = str(wanted)
    spec = dict(new["spec"])
    ready = deployment["spec"].get("minReadySeconds", 0)
    if ready != spec.get("minReadySeconds", 0):
        spec["minReadySeconds"] = ready
    if annotations != new["metadata"].get("annotations") or spec != new["spec"]:
        metadata = {**new["metadata"], "annotations": annotations}
        new = world.update(kinds.REPLICASET, new, {**new, "metadata": metadata, "spec": spec})
    text = f'Found new replica set "{new["metadata"]["name"]}"'
    return _mark(world, deployment, number(new), "FoundNewReplicaSet", text, always=False), new


def clean_up(world: World, deployment: JsonObject, old: list[JsonObject]) -> None:
    """Remove empty ReplicaSets beyond revisionHistoryLimit, the oldest revisions first."""
    excess = len(old) - deployment["spec"].get("revisionHistoryLimit", 10)
    for replicaset in sorted(old, key=number)[: max(0, excess)]:
        status = replicaset.get("status") or {}
        if replicaset["spec"]["replicas"] == 0 and status.get("replicas", 0) == 0:
            world.remove(kinds.REPLICASET, replicaset)


def _mark(
    world: World, deployment: JsonObject, revision: int, reason: str, text: str, *, always: bool
) -> JsonObject:
    """Write the revision (and the first Progressing condition) to the Deployment, as a status update does.

    A status update does not count as a generation, although it changes an annotation.
    """
    annotations = dict(deployment["metadata"].get("annotations") or {})
    status = copied(deployment.get("status") or {})
    if has_deadline(deployment) and (always or progressing(deployment) is None):
        status["conditions"] = with_condition(status, "Progressing", "True", reason, text, world.now())
    if annotations.get(REVISION) == str(revision) and status == (deployment.get("status") or {}):
        return deployment
    new = {**deployment, "metadata": dict(deployment["metadata"]), "status": status}
    new["metadata"]["annotations"] = {**annotations, REVISION: str(revision)}
    return world.store.put(kinds.DEPLOYMENT, new)


def _copied_annotations(deployment: JsonObject) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _NOT_COPIED}


def _template_hash(deployment: JsonObject) -> str:
    """A stable digest in the letters of the real one (which hashes Go's own print of the struct)."""
    text = json.dumps(without_hash(deployment["spec"]["template"]), sort_keys=True)
    collisions = (deployment.get("status") or {}).get("collisionCount", 0)
    value = int.from_bytes(hashlib.sha256(f"{text}{collisions}".encode()).digest()[:4], "big")
    return "".join(SUFFIX_ALPHABET[ord(digit) % len(SUFFIX_ALPHABET)] for digit in str(value))


def _owner(deployment: JsonObject) -> JsonObject:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": deployment["metadata"]["name"],
        "uid": deployment["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
