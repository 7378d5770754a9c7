"""The PersistentVolumeClaims that pods wait for: whether they exist, are bound, and what they would be made of.

Read only where a pod has no node yet or none of its containers has started; a claim that is bound and mounted tells
nothing about a crash.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.claim_evidence import class_of
from tools.cluster import ClusterReader
from tools.errors import NotFound
from tools.excerpts import message
from tools.facts import claims_of
from tools.gathering import Ask, Found, run_asks
from tools.items import Items
from tools.objects import container_statuses, metadata, name
from tools.reads import Reads
from tools.records import ClaimFacts, RbacRule, Target
from tools.resources import CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES, JsonObject, JsonObjects, Resource

KIND = "claims"
MOST = 4
ZONES = frozenset({"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"})
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="persistentvolumeclaims", verbs=("get",)),
    RbacRule(group="", resource="persistentvolumes", verbs=("get",), cluster=True),
    RbacRule(group="storage.k8s.io", resource="storageclasses", verbs=("get",), cluster=True),
)


def add_claims(
    items: Items, cluster: ClusterReader, target: Target, pods: Sequence[JsonObject], reads: Reads
) -> tuple[ClaimFacts, ...]:
    """The facts of at most `MOST` claims and an item; nothing where no pod waits with one."""
    names = _awaited(pods)
    if not names:
        return ()
    found = run_asks(reads, {KIND: _ask(cluster, CLAIMS, target.namespace, names)})[KIND]
    if found.status in ("forbidden", "failed"):
        items.add(KIND, found.status, found.query, found.why)
        return ()
    known = {name(claim): claim for claim in found.values}
    classes = _classes(items, cluster, [claim for claim in known.values() if _phase(claim) != "Bound"], reads)
    volumes = _volumes(cluster, [claim for claim in known.values() if _phase(claim) == "Bound"], reads)
    facts = tuple(_facts(text, known.get(text), classes, volumes) for text in names)
    items.add(KIND, "found", found.query, *_words(facts))
    return facts


def _awaited(pods: Sequence[JsonObject]) -> list[str]:
    names = (text for pod in pods if _waits(pod) for text in claims_of(pod))
    return list(dict.fromkeys(names))[:MOST]


def _waits(pod: JsonObject) -> bool:
    if "deletionTimestamp" in metadata(pod) or (pod.get("status") or {}).get("phase") != "Pending":
        return False
    return not any((status.get("state") or {}).get("running") for status, _ in container_statuses(pod))


def _classes(
    items: Items, cluster: ClusterReader, unbound: Sequence[JsonObject], reads: Reads
) -> dict[str, JsonObject | None]:
    """Of the StorageClasses that were looked at: the object, or None where there is none of that name."""
    names = list(dict.fromkeys(text for claim in unbound if (text := class_of(claim))))[:MOST]
    if not names:
        return {}
    found: Found = run_asks(reads, {"classes": _ask(cluster, STORAGE_CLASSES, "", names)})["classes"]
    if found.status in ("forbidden", "failed"):
        items.add("storage_class", found.status, found.query, found.why)
        return {}
    known = {name(item): item for item in found.values}
    return {text: known.get(text) for text in names}


def _volumes(cluster: ClusterReader, bound: Sequence[JsonObject], reads: Reads) -> dict[str, JsonObject]:
    """Of what is bound, by name; one that cannot be read says nothing of its zone, and leaves nothing in doubt."""
    names = list(dict.fromkeys(text for claim in bound if (text := _volume(claim))))[:MOST]
    if not names:
        return {}
    found = run_asks(reads, {"volumes": _ask(cluster, PERSISTENT_VOLUMES, "", names)})["volumes"]
    return {name(item): item for item in found.values}


def _ask(cluster: ClusterReader, resource: Resource, namespace: str, names: Sequence[str]) -> Ask:
    def read() -> JsonObjects:
        found = []
        for text in names:
            try:
                found.append(cluster.get(resource, namespace, text))
            except NotFound:
                continue
        return found

    return Ask(f"GET {resource.path(namespace)}/{','.join(names)}", read)


def _facts(
    text: str,
    claim: JsonObject | None,
    classes: dict[str, JsonObject | None],
    volumes: dict[str, JsonObject],
) -> ClaimFacts:
    if claim is None:
        return ClaimFacts(name=text)
    spec, named = claim.get("spec") or {}, class_of(claim)
    storage_class, volume = classes.get(named), volumes.get(_volume(claim), {})
    return ClaimFacts(
        name=text,
        phase=_phase(claim),
        deleting="deletionTimestamp" in metadata(claim),
        storage_class=named,
        class_missing=named in classes and storage_class is None,
        waits_for_pod=(storage_class or {}).get("volumeBindingMode") == "WaitForFirstConsumer",
        modes=tuple(str(mode) for mode in spec.get("accessModes") or []),
        volume=_volume(claim),
        zones=_zones(volume),
        reclaim=_reclaim(volume, storage_class),
        asked=str(((spec.get("resources") or {}).get("requests") or {}).get("storage") or ""),
    )


def _volume(claim: JsonObject) -> str:
    return str((claim.get("spec") or {}).get("volumeName") or "")


def _reclaim(volume: JsonObject, storage_class: JsonObject | None) -> str:
    """Of the volume; of its StorageClass where there is none, which is what the next one is made with."""
    own = (volume.get("spec") or {}).get("persistentVolumeReclaimPolicy")
    return str(own or (storage_class or {}).get("reclaimPolicy") or "")


def _zones(volume: JsonObject) -> tuple[str, ...]:
    """Values of the zone that its required node affinity allows; a volume without one can be used anywhere."""
    required = ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required") or {}
    rules = [
        rule
        for term in required.get("nodeSelectorTerms") or []
        for rule in term.get("matchExpressions") or []
    ]
    zones = [rule for rule in rules if rule.get("key") in ZONES and rule.get("operator") == "In"]
    values = [value for rule in zones for value in rule.get("values") or []]
    return tuple(dict.fromkeys(message(str(value), 100) for value in values))


def _phase(claim: JsonObject) -> str:
    return str((claim.get("status") or {}).get("phase") or "Pending")


def _words(facts: Sequence[ClaimFacts]) -> tuple[str, str]:
    lines = [f"{fact.name}: {_state(fact)}" for fact in facts]
    return "; ".join(lines), "\n".join(lines)


def _state(fact: ClaimFacts) -> str:
    if not fact.phase:
        return "does not exist"
    parts = [fact.phase, "being deleted" if fact.deleting else "", "/".join(fact.modes)]
    if fact.storage_class:
        missing = ", which does not exist" if fact.class_missing else ""
        parts.append(f"StorageClass {fact.storage_class}{missing}")
    return ", ".join(part for part in parts if part)
