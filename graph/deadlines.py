"""A deadline that an alert's text tells: in how long something expires, or on which day."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_ONE = r"\d+(?:\.\d+)?\s*(?:weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)\b"
_SPAN = rf"(?P<span>{_ONE}(?:[\s,]*(?:and\s+)?{_ONE})*)"
_LEFT = re.compile(rf"{_SPAN}\s*(?:from|until|till|before|to|left|remaining)\b", re.IGNORECASE)
_COMING = re.compile(
    rf"(?:expir|valid|renew)[^.]*?\b(?:in|within|for)\b(?:\s+[a-z]+){{0,3}}?\s+{_SPAN}", re.IGNORECASE
)
_DAY = re.compile(
    r"expir[^.]*?\b(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<hour>\d\d:\d\d)(?::\d\d)?)?", re.IGNORECASE
)
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[wdhms])", re.IGNORECASE)


def deadline(text: str, now: datetime) -> datetime | None:
    """When it is over by this text, which speaks of now; None: the text tells no date and no span."""
    found = _LEFT.search(text) or _COMING.search(text)
    if found:
        return now + _length(found["span"])
    day = _DAY.search(text)
    return _instant(day["day"], day["hour"] or "00:00") if day else None


def _length(span: str) -> timedelta:
    seconds = sum(float(part["number"]) * _UNITS[part["unit"].lower()] for part in _PART.finditer(span))
    return timedelta(seconds=min(seconds, 1e9))


def _instant(day: str, hour: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=UTC)
    except ValueError:
        return None
