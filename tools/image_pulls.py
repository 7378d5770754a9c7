"""Whose images cannot be pulled now, in the whole cluster: what they share tells a registry's trouble from a name's.

Asked only where one of the target's containers waits for its image. A container that has not started keeps its pod
Pending, so that the API selects the few pods that matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.cluster import ClusterReader
from tools.errors import NotFound
from tools.excerpts import message
from tools.gathering import Ask, Found, run_asks
from tools.items import Items
from tools.objects import container_statuses, controller, metadata, name
from tools.reads import Reads
from tools.records import PodFacts, PullFacts, RbacRule, Target
from tools.resources import DEPLOYMENTS, PODS, JsonObject, JsonObjects
from tools.workload_status import counts

KIND = "image_pulls"
PENDING = "status.phase=Pending"
MOST = 50
MOST_WORKLOADS = 4
WAITS = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="pods", verbs=("list",)),
    RbacRule(group="apps", resource="deployments", verbs=("get",)),
)


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
    pulls = [pull for pod in found.values for pull in _pulls(pod)][:MOST]
    known = _workloads(cluster, [pull for pull in pulls if _is_other(pull, target)], reads)
    pulls = [_with_ready(pull, known.get((pull.namespace, pull.workload))) for pull in pulls]
    items.add(KIND, "found", found.query, *_words(pulls))
    return tuple(pulls)


def _is_other(pull: PullFacts, target: Target) -> bool:
    return bool(pull.workload) and (pull.namespace, pull.workload) != (target.namespace, target.name)


def _workloads(
    cluster: ClusterReader, pulls: Sequence[PullFacts], reads: Reads
) -> dict[tuple[str, str], JsonObject]:
    """The Deployments among `MOST_WORKLOADS` others that wait: how badly they are hit is what they are ranked by.

    One that cannot be read leaves its numbers open, and nothing in doubt.
    """
    places = list(dict.fromkeys((pull.namespace, pull.workload) for pull in pulls))[:MOST_WORKLOADS]
    asks = {f"{space}/{text}": _ask(cluster, space, text) for space, text in places}
    found = run_asks(reads, asks) if asks else {}
    return {place: read.values[0] for place in places if (read := found[f"{place[0]}/{place[1]}"]).values}


def _ask(cluster: ClusterReader, namespace: str, text: str) -> Ask:
    def read() -> JsonObjects:
        try:
            return [cluster.get(DEPLOYMENTS, namespace, text)]
        except NotFound:
            return []

    return Ask(f"GET {DEPLOYMENTS.path(namespace)}/{text}", read)


def _with_ready(pull: PullFacts, workload: JsonObject | None) -> PullFacts:
    if workload is None:
        return pull
    seen = counts(workload, DEPLOYMENTS.kind)
    return pull.model_copy(update={"desired": seen.desired, "ready": seen.ready})


def _deployment(pod: JsonObject) -> str:
    """A ReplicaSet is called after its Deployment and a hash; of other controllers the pod's own name tells."""
    owner = controller(pod) or {}
    if owner.get("kind") != "ReplicaSet":
        return ""
    return str(owner.get("name", "")).rpartition("-")[0]


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
                workload=_deployment(pod),
                node=str((pod.get("spec") or {}).get("nodeName") or ""),
            )


def _words(pulls: Sequence[PullFacts]) -> tuple[str, str]:
    images = {pull.image for pull in pulls}
    lines = [
        f"{pull.namespace}/{pull.pod}: {pull.image}: {pull.reason} {pull.message}".rstrip() for pull in pulls
    ]
    return f"{len(pulls)} containers wait for {len(images)} images, in all namespaces", "\n".join(lines[:15])
