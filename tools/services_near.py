"""Services that are meant for a workload, as far as names and selectors tell, and whether they can reach its pods.

All Services of the namespace are read anyway, for what the workload calls. Only of one that has the workload's name and
selects other labels it is asked whether it selects anything: it may be on its way from one workload to another.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.cluster import ClusterReader
from tools.dependencies import selector_query
from tools.excerpts import message
from tools.gathering import Gathered, ask_list, run_asks
from tools.items import Items
from tools.objects import name
from tools.reads import Reads
from tools.records import RbacRule, ServiceFacts, Target
from tools.resources import PODS, JsonObject
from tools.workload_revisions import KINDS

KIND = "own_services"
MOST = 5
RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="pods", verbs=("list",)),)


def add_services(
    items: Items,
    cluster: ClusterReader,
    target: Target,
    gathered: Gathered,
    template: JsonObject,
    reads: Reads,
) -> tuple[ServiceFacts, ...]:
    """At most `MOST`; an item where one of them does not reach the pods, or where that could not be read."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    if target.kind not in KINDS or not labels:
        return ()
    found = [
        _facts(service, template, labels) for service in gathered.services_read.values if _selector(service)
    ]
    meant = sorted(
        (fact for fact in found if fact.selects or fact.name == target.name), key=lambda fact: fact.name
    )
    by_name = {name(service): service for service in gathered.services_read.values}
    known = [
        fact if fact.selects else _with_pods(items, cluster, target, by_name[fact.name], fact, reads)
        for fact in meant[:MOST]
    ]
    wrong = [fact.name for fact in known if (fact.differs and not fact.elsewhere) or fact.ports_missing]
    if wrong:
        summary = f"Services that do not reach its pods: {', '.join(wrong)}"
        items.add(KIND, "found", gathered.services_read.query, summary)
    return tuple(known)


def _with_pods(
    items: Items,
    cluster: ClusterReader,
    target: Target,
    service: JsonObject,
    fact: ServiceFacts,
    reads: Reads,
) -> ServiceFacts:
    """Whether other pods stand behind it; where that cannot be read they may."""
    ask = ask_list(cluster, PODS, target.namespace, selector_query(service))
    found = run_asks(reads, {KIND: ask})[KIND]
    unread = found.status in ("forbidden", "failed")
    if unread:
        items.add(KIND, found.status, found.query, found.why)
    return fact.model_copy(update={"elsewhere": unread or bool(found.values)})


def _facts(service: JsonObject, template: JsonObject, labels: Mapping[str, str]) -> ServiceFacts:
    differs = {key: value for key, value in _selector(service).items() if labels.get(key) != value}
    return ServiceFacts(
        name=name(service),
        selects=not differs,
        differs=tuple(
            message(
                f"{key}={value}, and the pods have {key}={labels[key]}" if key in labels else f"{key}={value}"
            )
            for key, value in sorted(differs.items())
        ),
        ports_missing=() if differs else _missing_ports(service, template),
    )


def _selector(service: JsonObject) -> dict[str, str]:
    return (service.get("spec") or {}).get("selector") or {}


def _missing_ports(service: JsonObject, template: JsonObject) -> tuple[str, ...]:
    """Ports that it names and that no container has; a number is reached whether it is declared or not."""
    spec = template.get("spec") or {}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    names = {port.get("name") for container in containers for port in container.get("ports") or []}
    wanted = [port.get("targetPort") for port in (service.get("spec") or {}).get("ports") or []]
    texts = [port for port in wanted if isinstance(port, str) and not port.isdigit()]
    return tuple(message(text) for text in dict.fromkeys(texts) if text not in names)
