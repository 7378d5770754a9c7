"""JSON values as the sandbox keeps them: copied, never shared for writing, with instants as the API spells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

Value = TypeVar("Value")


def copied(value: Value) -> Value:
    """A deep copy of a JSON value, several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}  # type: ignore[return-value]
    if isinstance(value, list):
        return [copied(item) for item in value]  # type: ignore[return-value]
    return value


def as_go_prints(value: Any) -> str:
    """A JSON value as Go's %v shows it: `map[spec:map[replicas:1]]`."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{as_go_prints(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(as_go_prints(item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)


def instant(moment: datetime) -> str:
    """RFC 3339 in whole seconds, as metav1.Time is written."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def nano_instant(moment: datetime) -> str:
    """RFC 3339 with nine digits of fraction, as log lines carry it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant. Raises ValueError on anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def dig(obj: Any, *path: str, default: Any = None) -> Any:
    """The value under nested keys, or `default` where one of them is absent or null."""
    for key in path:
        if not isinstance(obj, dict):
            return default
        obj = obj.get(key)
    return default if obj is None else obj


def controller_of(obj: dict[str, Any]) -> dict[str, Any] | None:
    """The owner reference with `controller: true`, if there is one."""
    for reference in obj["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return dict(reference)
    return None
