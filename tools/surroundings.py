"""What is read about alerts that name no object: nodes, the pods of the control plane or of DNS, quotas, a budget.

Bounded: each look is one list or one object, at most once, and only those that the alerts' class asks for. Labels say
where to look and never what is the case. A read that fails is an item that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tools.clock import Clock
from tools.cluster import ClusterReader
from tools.dependencies import selector_query
from tools.dns_pods import BY_CHART, USUAL
from tools.draining import fates
from tools.excerpts import message
from tools.facts import pod_facts
from tools.gathering import Ask, Found, ask_list, run_asks
from tools.guard_words import add_guard_items
from tools.guards import Guards, budget_facts, quota_facts
from tools.items import Items, pods_words
from tools.naming import naming
from tools.node_facts import node_facts
from tools.objects import metadata, name, selects, uid
from tools.quantities import format_quantity
from tools.reads import Reads
from tools.records import (
    Alert,
    Evidence,
    NodeFacts,
    PersistentVolumeFacts,
    PodFacts,
    RbacRule,
    RequestsFacts,
)
from tools.requests_summed import requests_facts
from tools.resources import (
    BUDGETS,
    NODES,
    PERSISTENT_VOLUMES,
    PODS,
    QUOTAS,
    SERVICES,
    JsonObject,
)

Look: TypeAlias = Literal[
    "nodes", "host", "control_plane", "dns", "quotas", "budget", "volume", "scraped", "requests"
]
"""`host`: the node that `instance` names. `scraped`: the pods behind the Service of a scrape job. `requests`: what
all pods ask for.
"""
SYSTEM = "kube-system"
SELECTORS: Mapping[Look, str] = {"control_plane": "tier=control-plane", "dns": USUAL}
"""How kubeadm and most others label these pods in kube-system; a managed control plane has none."""
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="persistentvolumes", verbs=("get",), cluster=True),
    RbacRule(group="", resource="services", verbs=("list",)),
)


MOST_NODES = 40
"""Some thousand pods at the usual thirty a node, and 4,400 at the most that kubelets take by default (110)."""


@dataclass(frozen=True)
class _Place:
    """What the labels of the alerts name, the first of each."""

    namespace: str = ""
    service: str = ""
    budget: str = ""
    volume: str = ""
    instance: str = ""


def look_around(
    cluster: ClusterReader,
    alerts: Sequence[Alert],
    looks: Sequence[Look],
    *,
    clock: Clock,
    deadline_seconds: float = 8.0,
) -> Evidence:
    """All that these looks find; nothing at all for none."""
    place, items = _place(alerts), Items()
    with Reads(deadline_seconds) as reads:
        first = run_asks(reads, _first_asks(cluster, place, looks))
        host = _host(place, first) if "host" in looks else None
        asks = _second_asks(cluster, place, first, host)
        if "requests" in looks and _few_nodes(first):
            asks["requests"] = ask_list(cluster, PODS, "")
        second = run_asks(reads, asks)
    guards = _guards({**first, **second}, place)
    pods = _add_pods(items, first, second, place)
    volume, requests = _add_volume(items, first.get("volume")), _add_requests(items, second.get("requests"))
    add_guard_items(items, guards)
    return Evidence(
        collected_at=clock.now(),
        items=tuple(items.all),
        around=pods,
        requests=requests,
        persistent_volume=volume,
        budgets=guards.budgets,
        quotas=guards.quotas,
        node=next((node for node in guards.nodes if host and node.uid == uid(host)), None),
        nodes=guards.nodes,
        node_pods=guards.node_pods,
    )


def _place(alerts: Sequence[Alert]) -> _Place:
    ordered = sorted(alerts, key=lambda alert: alert.status != "firing")

    def first(*labels: str) -> str:
        found = (alert.labels.get(label, "") for alert in ordered for label in labels)
        return next((text for text in found if text), "")

    asked = next((text for alert in alerts if (text := naming(alert.labels).service)), "")
    return _Place(
        namespace=first("exported_namespace", "namespace"),
        service=asked or first("exported_service", "service"),
        budget=first("poddisruptionbudget"),
        volume=first("persistentvolume"),
        instance=first("exported_instance", "instance", "exported_node", "node", "nodename"),
    )


def _first_asks(cluster: ClusterReader, place: _Place, looks: Sequence[Look]) -> dict[str, Ask]:
    asks: dict[str, Ask] = {
        look: ask_list(cluster, PODS, SYSTEM, SELECTORS[look]) for look in looks if look in SELECTORS
    }
    if "volume" in looks and place.volume:
        asks["volume"] = _ask_volume(cluster, place.volume)
    if "nodes" in looks or "host" in looks:
        asks["nodes"] = ask_list(cluster, NODES, "")
    if not place.namespace:
        return asks
    if "quotas" in looks:
        asks["quotas"] = ask_list(cluster, QUOTAS, place.namespace)
    if "budget" in looks and place.budget:
        asks["budgets"] = ask_list(cluster, BUDGETS, place.namespace)
        asks["covered"] = ask_list(cluster, PODS, place.namespace)
    if "scraped" in looks and place.service:
        asks["services"] = ask_list(cluster, SERVICES, place.namespace)
    return asks


def _ask_volume(cluster: ClusterReader, volume: str) -> Ask:
    def read() -> list[JsonObject]:
        return [cluster.get(PERSISTENT_VOLUMES, "", volume)]

    return Ask(f"GET {PERSISTENT_VOLUMES.path()}/{message(volume)}", read)


def _second_asks(
    cluster: ClusterReader, place: _Place, first: Mapping[str, Found], host: JsonObject | None
) -> dict[str, Ask]:
    asks: dict[str, Ask] = {}
    if "dns" in first and first["dns"].status == "found" and not first["dns"].values:
        asks["dns"] = ask_list(cluster, PODS, SYSTEM, BY_CHART)
    if host:
        on_it = f"spec.nodeName={name(host)}"
        read: Callable[[], list[JsonObject]] = lambda: cluster.list(PODS, field_selector=on_it)  # noqa: E731
        asks["node_pods"] = Ask(f"GET {PODS.path()}?fieldSelector={on_it}", read)
    service = next((each for each in _values(first, "services") if name(each) == place.service), None)
    if service and selector_query(service):
        asks["scraped"] = ask_list(cluster, PODS, place.namespace, selector_query(service))
    return asks


def _few_nodes(first: Mapping[str, Found]) -> bool:
    """All pods are read at once and held in memory: those of a large cluster would be more than this process holds."""
    return 0 < len(_values(first, "nodes")) <= MOST_NODES


def _host(place: _Place, found: Mapping[str, Found]) -> JsonObject | None:
    """The node whose name or address `instance` gives, with or without a port."""
    told = {place.instance, place.instance.rpartition(":")[0].strip("[]")} - {""}
    return next((node for node in _values(found, "nodes") if told & _names(node)), None)


def _names(node: JsonObject) -> set[str]:
    addresses = (node.get("status") or {}).get("addresses") or []
    return {name(node), *(str(each.get("address")) for each in addresses)}


def _values(found: Mapping[str, Found], kind: str) -> Sequence[JsonObject]:
    return found[kind].values if kind in found else ()


def _guards(found: Mapping[str, Found], place: _Place) -> Guards:
    kept = {kind: read for kind, read in found.items() if kind in ("nodes", "node_pods", "quotas", "budgets")}
    budgets = [each for each in _values(found, "budgets") if name(each) == place.budget]
    nodes: tuple[NodeFacts, ...] = tuple(node_facts(each) for each in _values(found, "nodes"))
    return Guards(
        kept,
        budgets=tuple(budget_facts(each) for each in budgets),
        quotas=tuple(quota_facts(each) for each in _values(found, "quotas")),
        nodes=nodes,
        node_pods=fates(_values(found, "node_pods")),
    )


def _add_pods(
    items: Items, first: Mapping[str, Found], second: Mapping[str, Found], place: _Place
) -> tuple[PodFacts, ...]:
    found = {**first, **second}
    reads = [*(found[look] for look in SELECTORS if look in found), *_behind(first, second, place)]
    all_pods: list[PodFacts] = []
    for read in reads:
        pods = pod_facts(read.values)
        all_pods += pods
        if pods:
            items.add("around", "found", read.query, *pods_words(pods, ()))
        else:
            status = "no_data" if read.status == "found" else read.status
            items.add("around", status, read.query, read.why or "no such pods")
    return tuple(all_pods)


def _behind(first: Mapping[str, Found], second: Mapping[str, Found], place: _Place) -> list[Found]:
    """Pods that a budget covers or a Service selects; a Service that could not be read or is not there says so."""
    found = [_covered(first, place)] if "covered" in first else []
    if "scraped" in second:
        return [*found, second["scraped"]]
    if "services" not in first:
        return found
    why = first["services"].why or f"no Service {message(place.service)} with a selector in its namespace"
    status = first["services"].status
    return [*found, Found(first["services"].query, "no_data" if status == "found" else status, (), why)]


def _covered(first: Mapping[str, Found], place: _Place) -> Found:
    """Where the budget itself is not known, nobody knows what it covers."""
    read, budgets = first["covered"], first["budgets"]
    mine = [each for each in budgets.values if name(each) == place.budget]
    if not mine:
        status = budgets.status if budgets.status in ("failed", "forbidden") else "no_data"
        return Found(budgets.query, status, (), budgets.why or f"no budget {message(place.budget)} there")
    selector = (mine[0].get("spec") or {}).get("selector")
    kept = tuple(pod for pod in read.values if selects(selector, metadata(pod).get("labels") or {}))
    return Found(read.query, read.status, kept, read.why, read.unreachable)


def _add_volume(items: Items, read: Found | None) -> PersistentVolumeFacts | None:
    if read is None:
        return None
    if not read.values:
        items.add("persistent_volume", read.status, read.query, read.why or "it is not there any more")
        return None
    facts = persistent_volume_facts(read.values[0])
    claim = f", of claim {facts.claim}" if facts.claim else ""
    summary = f"{facts.name}: {facts.phase}{claim}{f': {facts.reason}' if facts.reason else ''}"
    items.add("persistent_volume", "found", read.query, summary)
    return facts


def _add_requests(items: Items, read: Found | None) -> RequestsFacts | None:
    if read is None:
        return None
    if not read.values:
        items.add("requests", read.status, read.query, read.why or "no pods")
        return None
    facts = requests_facts(read.values)
    asked = f"{format_quantity(facts.cores, 'cpu')} cores and {facts.memory / 2**30:.1f}Gi"
    items.add(
        "requests", "found", read.query, f"{facts.pods} pods request {asked}; {facts.waiting} wait for room"
    )
    return facts


def persistent_volume_facts(item: JsonObject) -> PersistentVolumeFacts:
    """Pure, tolerant of absent fields."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    claim = spec.get("claimRef") or {}
    return PersistentVolumeFacts(
        name=name(item),
        phase=str(status.get("phase") or ""),
        reason=message(f"{status.get('reason') or ''} {status.get('message') or ''}".strip()),
        claim=f"{claim.get('namespace')}/{claim.get('name')}" if claim else "",
        storage_class=str(spec.get("storageClassName") or ""),
        reclaim=str(spec.get("persistentVolumeReclaimPolicy") or ""),
    )
