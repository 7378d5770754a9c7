"""Facts out of HorizontalPodAutoscalers and KEDA's ScaledObjects: pure, tolerant of absent fields."""

from __future__ import annotations

from collections.abc import Iterator

from tools.excerpts import message
from tools.objects import condition, controller, instant, name, uid
from tools.owners import managed_by
from tools.records import AutoscalerFacts
from tools.resources import AUTOSCALERS, SCALED_OBJECTS, JsonObject
from tools.usage import quantity

_SOURCES = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_TOLD = (("averageUtilization", "averageUtilization"), ("averageValue", "averageValue"), ("value", "value"))


def autoscaler_facts(item: JsonObject) -> AutoscalerFacts:
    """The API leaves `kind` out of list items; only KEDA counts in `minReplicaCount`."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    if "minReplicaCount" in spec or "maxReplicaCount" in spec or "triggers" in spec:
        least, most = spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100)
        return AutoscalerFacts(
            kind=SCALED_OBJECTS.kind,
            name=name(item),
            uid=uid(item),
            least=int(least or 0),
            most=int(most or 0),
        )
    limited, active = condition(item, "ScalingLimited"), condition(item, "ScalingActive")
    return AutoscalerFacts(
        kind=AUTOSCALERS.kind,
        name=name(item),
        uid=uid(item),
        least=int(spec.get("minReplicas", 1) or 0),
        most=int(spec.get("maxReplicas") or 0),
        current=int(status.get("currentReplicas") or 0),
        wanted=int(status.get("desiredReplicas") or 0),
        limited=str(limited.get("reason") or "") if limited.get("status") == "True" else "",
        limited_since=instant(limited.get("lastTransitionTime")) if limited.get("status") == "True" else None,
        inactive="" if active.get("status") == "True" else str(active.get("reason") or "no status yet"),
        inactive_why="" if active.get("status") == "True" else message(str(active.get("message") or "")),
        unable=_unable(item),
        scaled_at=instant(status.get("lastScaleTime")),
        over=max(_ratios(spec, status), default=None),
        managed_by=managed_by(item, operated=controller(item) is not None),
    )


def _unable(item: JsonObject) -> str:
    able = condition(item, "AbleToScale")
    if able.get("status") != "False":
        return ""
    return message(f"{able.get('reason') or 'no reason'}: {able.get('message') or ''}".rstrip(": "))


def _ratios(spec: JsonObject, status: JsonObject) -> Iterator[float]:
    """Of each metric what it is now, of what it is to be; those that nobody tells are left out."""
    told = {_key(metric): metric for metric in status.get("currentMetrics") or []}
    for metric in spec.get("metrics") or []:
        source = _SOURCES.get(str(metric.get("type")), "")
        wanted = (metric.get(source) or {}).get("target") or {}
        now = ((told.get(_key(metric)) or {}).get(source) or {}).get("current") or {}
        for target, current in _TOLD:
            goal, value = quantity(wanted.get(target)), quantity(now.get(current))
            if goal and value is not None:
                yield value / goal
                break


def _key(metric: JsonObject) -> tuple[str, str, str]:
    source = metric.get(_SOURCES.get(str(metric.get("type")), "")) or {}
    told = source.get("name") or (source.get("metric") or {}).get("name") or ""
    return str(metric.get("type")), str(told), str(source.get("container") or "")
