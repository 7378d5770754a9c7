"""Reading Kubernetes objects as the API sends them: a field that is left out is its zero value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil

from tools.resources import JsonObject

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REVISION = "deployment.kubernetes.io/revision"


def instant(text: object) -> datetime | None:
    """An RFC 3339 time of the API, or None for null (Go's year 1 too), absent, unreadable and absurdly far."""
    if not isinstance(text, str) or not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1970 <= parsed.year < 2200:
        return None  # arithmetic on the ends of the calendar overflows
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def began(ended: JsonObject) -> datetime | None:
    """When the run of a terminated state began. What could not be started has the epoch there: its life was none."""
    started = instant(ended.get("startedAt"))
    return instant(ended.get("finishedAt")) if started == EPOCH else started


def metadata(item: JsonObject) -> JsonObject:
    """`metadata`, or an empty map."""
    return item.get("metadata") or {}


def uid(item: JsonObject) -> str:
    """`metadata.uid`."""
    return str(metadata(item).get("uid", ""))


def name(item: JsonObject) -> str:
    """`metadata.name`."""
    return str(metadata(item).get("name", ""))


def created(item: JsonObject) -> datetime:
    """`metadata.creationTimestamp`; the epoch if it is absent."""
    return instant(metadata(item).get("creationTimestamp")) or EPOCH


def controller(item: JsonObject) -> JsonObject | None:
    """The ownerReference with `controller: true`, the only one that may be followed."""
    references = metadata(item).get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def owned_by(item: JsonObject, owner_uid: str) -> bool:
    """Whether this object's controller has that uid."""
    reference = controller(item)
    return reference is not None and reference.get("uid") == owner_uid


def condition(item: JsonObject, kind: str) -> JsonObject:
    """One of `status.conditions`, or an empty map."""
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind), {})


def selector_of(item: JsonObject) -> str:
    """`spec.selector` of a workload as a labelSelector query; empty if it selects by nothing."""
    selector = (item.get("spec") or {}).get("selector") or {}
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or []:
        terms.append(
            _term(
                str(expression.get("key", "")),
                str(expression.get("operator")),
                expression.get("values") or [],
            )
        )
    return ",".join(terms)


def _term(key: str, operator: str, values: Sequence[str]) -> str:
    if operator in ("In", "NotIn"):
        return f"{key} {operator.lower()} ({','.join(values)})"
    return key if operator == "Exists" else f"!{key}"


def selects(selector: JsonObject | None, labels: JsonObject) -> bool:
    """Whether a LabelSelector object matches these labels; an empty one matches all, none at all matches nothing."""
    if selector is None:
        return False
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    return all(_holds(expression, labels) for expression in selector.get("matchExpressions") or [])


def _holds(expression: JsonObject, labels: JsonObject) -> bool:
    key, values = str(expression.get("key", "")), expression.get("values") or []
    operator = expression.get("operator")
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) is (operator == "Exists")
    return (labels.get(key) in values) is (operator == "In")


def desired(workload: JsonObject) -> int:
    """`spec.replicas`, which the API takes for 1 when it is absent."""
    replicas = (workload.get("spec") or {}).get("replicas")
    return 1 if replicas is None else int(replicas)


def surge(deployment: JsonObject) -> int:
    """How many pods beyond `spec.replicas` a rolling update may make; a percentage is rounded up, 25 % by default."""
    strategy = (deployment.get("spec") or {}).get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0
    most = str((strategy.get("rollingUpdate") or {}).get("maxSurge", "25%"))
    if most.endswith("%"):
        return ceil(desired(deployment) * int(most[:-1]) / 100)
    return int(most)


def revision_number(item: JsonObject) -> int:
    """The revision that the Deployment controller wrote; 0 if there is none."""
    text = str((metadata(item).get("annotations") or {}).get(REVISION, ""))
    return int(text) if text.isdigit() else 0


def container_statuses(pod: JsonObject) -> list[tuple[JsonObject, bool]]:
    """Statuses of init containers (sidecars are among them) and containers, with whether it is an init one."""
    status = pod.get("status") or {}
    inits = [(entry, True) for entry in status.get("initContainerStatuses") or []]
    return inits + [(entry, False) for entry in status.get("containerStatuses") or []]


def termination(entry: JsonObject) -> JsonObject:
    """The newest termination of a container: the present one, else the last one."""
    present = (entry.get("state") or {}).get("terminated")
    return present or (entry.get("lastState") or {}).get("terminated") or {}


def event_time(event: JsonObject) -> datetime | None:
    """When an event was last seen, by whichever field its writer used."""
    series = event.get("series") or {}
    times = [series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime")]
    times += [event.get("firstTimestamp"), metadata(event).get("creationTimestamp")]
    return next((at for at in map(instant, times) if at), None)


def first_event_time(event: JsonObject) -> datetime | None:
    """When an event was first seen, by whichever field its writer used."""
    times = [event.get("firstTimestamp"), event.get("eventTime"), metadata(event).get("creationTimestamp")]
    return next((at for at in map(instant, times) if at), None)
