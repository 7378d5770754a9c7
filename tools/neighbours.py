"""Who else in the namespace is not available now, and what these share that the well ones do not (section 6.1).

A cause that several workloads share shows in their templates: a registry, a ConfigMap or Secret by its name, a host, a
volume, a place to run. What it has in common with others that are ill, and with none that is well, is named: a hint for
people and for the order of questions, and no proof. Values of the environment are looked through for hosts, and never
kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tools.cluster import ClusterReader
from tools.dependencies import template_hosts
from tools.excerpts import message
from tools.gathering import Found, ask_list, run_asks
from tools.items import Items, when
from tools.objects import desired, metadata, name, uid
from tools.reads import Reads
from tools.records import NeighbourFacts, PodFacts, RbacRule, Target
from tools.references import references
from tools.resources import DEPLOYMENTS, STATEFULSETS, JsonObject, Resource
from tools.templates import images
from tools.workload_revisions import KINDS
from tools.workload_status import unavailable_since

KIND = "neighbours"
SHOWN = 10
MOST_SHARED = 6
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="apps", resource="deployments", verbs=("list",)),
    RbacRule(group="apps", resource="statefulsets", verbs=("list",)),
)
_ZONES = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region", "kubernetes.io/hostname")


def add_neighbours(
    items: Items, cluster: ClusterReader, target: Target, pods: Sequence[PodFacts], reads: Reads
) -> tuple[NeighbourFacts, ...]:
    """The other Deployments and StatefulSets that are ill, and an item; asked only where the target itself is ill."""
    if target.kind not in KINDS or not any(is_ill(pod) for pod in pods):
        return ()
    kinds = (DEPLOYMENTS, STATEFULSETS)
    found = run_asks(reads, {kind.kind: ask_list(cluster, kind, target.namespace) for kind in kinds})
    query = " and ".join(read.query for read in found.values())
    unread = next((read for read in found.values() if read.status in ("failed", "forbidden")), None)
    if unread:
        items.add(KIND, unread.status, unread.query, unread.why)
        return ()
    workloads = [(kind, item) for kind in kinds for item in found[kind.kind].values]
    facts, shared = _facts(workloads, target)
    items.add(KIND, "found", query, *_words(facts, shared, _others(found, target), target))
    return facts


def is_ill(pod: PodFacts) -> bool:
    """Not on its way out, not finished, and not ready or ended badly before."""
    if pod.deleting or pod.phase == "Succeeded":
        return False
    crashed = any(c.restart_count and c.exit_code not in (None, 0) for c in pod.containers if not c.init)
    return not pod.ready or crashed


def shared_by_ill(own: JsonObject, ill: Sequence[JsonObject], well: Sequence[JsonObject]) -> dict[str, int]:
    """Traits of this workload that no well one has and another ill one has, with how many of the ill have each.

    What serves a host shares it: the database that is down beside those that wait for it. A registry comes last, since
    most of what runs comes from the same one.
    """
    of_well = {trait for item in well for trait in traits(item)}
    of_ill = Counter(trait for item in ill for trait in {*traits(item), f"host {name(item)}"})
    shared = {trait: 1 + of_ill[trait] for trait in set(traits(own)) - of_well if of_ill[trait]}
    most = sorted(shared.items(), key=lambda found: (found[0].startswith("registry"), -found[1], found[0]))
    return dict(most[:MOST_SHARED])


def traits(workload: JsonObject) -> Iterator[str]:
    """What a workload depends on, in words: `host db`, `ConfigMap rates`, `registry registry.example.com`."""
    template = (workload.get("spec") or {}).get("template") or {}
    spec = template.get("spec") or {}
    for image in images(template):
        yield f"registry {registry_of(image)}"
    for host in template_hosts(template):
        yield f"host {message(host, 100)}"
    for reference in references(template):
        yield f"{reference.kind} {message(reference.name, 100)}"
    for key, value in (spec.get("nodeSelector") or {}).items():
        if key in _ZONES:
            yield f"{key}={message(str(value), 100)}"


def registry_of(image: str) -> str:
    """The host of an image's name; `docker.io` where it names none."""
    first, slash, _ = image.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def _facts(
    workloads: Sequence[tuple[Resource, JsonObject]], target: Target
) -> tuple[tuple[NeighbourFacts, ...], dict[str, int]]:
    own = next((item for _, item in workloads if uid(item) == target.uid), {})
    others = [(kind, item) for kind, item in workloads if uid(item) != target.uid]
    ill = [(kind, item) for kind, item in others if _missing(item)]
    well = [item for _, item in others if not _missing(item) and desired(item)]
    shared = shared_by_ill(own, [item for _, item in ill], well)
    found = [_neighbour(kind, item, shared) for kind, item in ill]
    return tuple(sorted(found, key=lambda fact: (-len(fact.shares), fact.name))), shared


def _neighbour(kind: Resource, item: JsonObject, shared: Iterable[str]) -> NeighbourFacts:
    own = {*traits(item), f"host {name(item)}"}
    return NeighbourFacts(
        kind=kind.kind,
        name=name(item),
        uid=uid(item),
        desired=desired(item),
        available=_available(item),
        since=unavailable_since(item),
        shares=tuple(trait for trait in shared if trait in own),
    )


def _missing(item: JsonObject) -> int:
    """Pods that are wanted and not available; none of what is being deleted or was stopped."""
    return 0 if "deletionTimestamp" in metadata(item) else max(0, desired(item) - _available(item))


def _available(item: JsonObject) -> int:
    status = item.get("status") or {}
    counted = status.get("availableReplicas")
    return int((status.get("readyReplicas") if counted is None else counted) or 0)


def _others(found: dict[str, Found], target: Target) -> int:
    running = [item for read in found.values() for item in read.values if desired(item)]
    return sum(uid(item) != target.uid for item in running)


def _words(
    ill: Sequence[NeighbourFacts], shared: Mapping[str, int], others: int, target: Target
) -> tuple[str, str]:
    if not ill:
        return f"none of the {others} other workloads in {target.namespace} lacks a pod", ""
    summary = f"{len(ill)} of {others} other workloads in {target.namespace} lack pods"
    if shared:
        told = ", ".join(f"{trait} ({times} of {len(ill) + 1})" for trait, times in shared.items())
        summary += f"; shared with it, and by none that is well: {told}"
    lines = [_line(fact) for fact in ill[:SHOWN]]
    if len(ill) > SHOWN:
        lines.append(f"[... {len(ill) - SHOWN} workloads omitted]")
    return summary, "\n".join(lines)


def _line(fact: NeighbourFacts) -> str:
    since = f", too few since {when(fact.since)}" if fact.since else ""
    shares = f"; shares {', '.join(fact.shares)}" if fact.shares else ""
    return f"{fact.kind} {fact.name}: {fact.available} of {fact.desired} available{since}{shares}"
