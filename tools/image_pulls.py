"""Whose images cannot be pulled now, in the whole cluster: what they share tells a registry's trouble from a name's.

Asked only where one of the target's containers waits for its image. A container that has not started keeps its pod
Pending, so that the API selects the few pods that matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.cluster import ClusterReader
from tools.excerpts import message
from tools.gathering import Ask, Found, run_asks
from tools.items import Items
from tools.objects import container_statuses, controller, metadata, name
from tools.reads import Reads
from tools.records import PodFacts, PullFacts, RbacRule, Target
from tools.resources import PODS, JsonObject

KIND = "image_pulls"
PENDING = "status.phase=Pending"
MOST = 50
WAITS = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="pods", verbs=("list",)),)


def add_pulls(
    items: Items, cluster: ClusterReader, target: Target, pods: Sequence[PodFacts], reads: Reads
) -> tuple[PullFacts, ...]:
    """At most `MOST` of them, and an item. Where all namespaces may not be read, those of the target's own."""
    if not any(c.waiting_reason in WAITS for pod in pods for c in pod.containers):
        return ()
    found = _read(cluster, "", reads)
    if found.status == "forbidden":
        items.add(KIND, found.status, found.query, found.why)
        found = _read(cluster, target.namespace, reads)
    if not found.values:
        items.add(KIND, found.status, found.query, found.why or "no pending pod")
        return ()
    pulls = tuple(pull for pod in found.values for pull in _pulls(pod))[:MOST]
    items.add(KIND, "found", found.query, *_words(pulls))
    return pulls


def _read(cluster: ClusterReader, namespace: str, reads: Reads) -> Found:
    query = f"GET {PODS.path(namespace)}?fieldSelector={PENDING}"
    ask = Ask(query, lambda: cluster.list(PODS, namespace, field_selector=PENDING))
    return run_asks(reads, {KIND: ask})[KIND]


def _pulls(pod: JsonObject) -> Iterator[PullFacts]:
    if "deletionTimestamp" in metadata(pod):
        return
    for status, _ in container_statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in WAITS:
            yield PullFacts(
                namespace=str(metadata(pod).get("namespace", "")),
                pod=name(pod),
                owner_uid=str((controller(pod) or {}).get("uid", "")),
                image=message(str(status.get("image") or "")),
                reason=str(waiting.get("reason") or ""),
                message=message(str(waiting.get("message") or ""), 500),
                node=str((pod.get("spec") or {}).get("nodeName") or ""),
            )


def _words(pulls: Sequence[PullFacts]) -> tuple[str, str]:
    images = {pull.image for pull in pulls}
    lines = [
        f"{pull.namespace}/{pull.pod}: {pull.image}: {pull.reason} {pull.message}".rstrip() for pull in pulls
    ]
    return f"{len(pulls)} containers wait for {len(images)} images, in all namespaces", "\n".join(lines[:15])
