"""What containers ask for and what they use: quantities of the API as plain numbers, cores and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tools.cluster import ClusterReader
from tools.errors import ToolError
from tools.objects import EPOCH, instant, metadata, name
from tools.quantities import parse_quantity
from tools.records import RbacRule, UsageFacts
from tools.resources import POD_METRICS, JsonObject

RULES: tuple[RbacRule, ...] = (RbacRule(group="metrics.k8s.io", resource="pods", verbs=("list",)),)


def usage_facts(items: Iterable[JsonObject]) -> tuple[UsageFacts, ...]:
    """PodMetrics objects as facts, one for each container; what cannot be read as a number is left out."""
    return tuple(fact for item in items for fact in _of(item))


def cores_by_pod(cluster: ClusterReader, namespace: str, selector: str) -> Mapping[str, Mapping[str, float]]:
    """Pod -> container -> cores, of the newest sample; empty where nobody tells."""
    try:
        found = cluster.list(POD_METRICS, namespace, label_selector=selector)
    except ToolError:
        return {}
    pods: dict[str, dict[str, float]] = {}
    for fact in usage_facts(found):
        if fact.cores is not None:
            pods.setdefault(fact.pod, {})[fact.container] = fact.cores
    return pods


def amount(container: JsonObject, kind: str, resource: str) -> float | None:
    """`limits` or `requests` of one resource; None where there is none."""
    return quantity(((container.get("resources") or {}).get(kind) or {}).get(resource))


def quantity(value: object) -> float | None:
    """A quantity as a number; None for what is absent or none."""
    if not isinstance(value, str | int | float):
        return None
    try:
        return parse_quantity(value)
    except ValueError:
        return None


def cpu_bounds(pod: JsonObject) -> dict[str, float]:
    """Container -> cores of its limit, or of its request; those with neither are left out."""
    bounds = {
        str(container.get("name")): amount(container, "limits", "cpu") or amount(container, "requests", "cpu")
        for container in (pod.get("spec") or {}).get("containers") or []
    }
    return {name: bound for name, bound in bounds.items() if bound}


def busiest_share(bounds: Mapping[str, float], cores: Mapping[str, float]) -> float | None:
    """What the busiest container uses of its limit, or of its request; None if that is not known."""
    return max((cores[name] / bound for name, bound in bounds.items() if name in cores), default=None)


def _of(item: JsonObject) -> Iterator[UsageFacts]:
    at = instant(item.get("timestamp")) or instant(metadata(item).get("creationTimestamp")) or EPOCH
    for container in item.get("containers") or []:
        usage = container.get("usage") or {}
        cores, memory = quantity(usage.get("cpu")), quantity(usage.get("memory"))
        if cores is not None and memory is not None:
            yield UsageFacts(
                pod=name(item), container=str(container.get("name", "")), cores=cores, memory=memory, at=at
            )
