"""Conditions of a Deployment, with the rules by which their times move."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tools.cluster import JsonObject
from tools.sandbox.values import copied, instant

_NO_DEADLINE = 2**31 - 1


def has_deadline(deployment: JsonObject) -> bool:
    """False where progressDeadlineSeconds is absent or the greatest int32."""
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return seconds is not None and seconds != _NO_DEADLINE


def progressing(deployment: JsonObject) -> JsonObject | None:
    """The Progressing condition."""
    return condition(deployment.get("status") or {}, "Progressing")


def condition(status: JsonObject, type_: str) -> JsonObject | None:
    """The condition of a type, not to be changed."""
    conditions: list[JsonObject] = status.get("conditions") or []
    return next((found for found in conditions if found["type"] == type_), None)


def with_condition(
    status: JsonObject,
    type_: str,
    value: str,
    reason: str,
    message: str,
    now: datetime,
    *,
    touch: bool = False,
) -> list[dict[str, Any]]:
    """The conditions with this one set.

    One with the same status and reason is left alone, times and message included (unless `touch`); a change of
    the reason alone keeps lastTransitionTime.
    """
    before = condition(status, type_)
    conditions = copied(status.get("conditions") or [])
    if before and (before["status"], before["reason"]) == (value, reason) and not touch:
        return list(conditions)
    moved = before["lastTransitionTime"] if before and before["status"] == value else instant(now)
    new = {
        "type": type_,
        "status": value,
        "lastUpdateTime": instant(now),
        "lastTransitionTime": moved,
        "reason": reason,
        "message": message,
    }
    return [*(found for found in conditions if found["type"] != type_), new]
