"""A deadline that an alert's text tells: in how long something expires, or on which day.

The forms of cert-manager's mixin, of the rules over blackbox probes and of Prometheus' own durations. A number that is
only how long a rule waits, how long something has failed already, or when it is tried again is no deadline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_UNITS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_ONE = r"\d+(?:\.\d+)?\s*(?:weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![A-Za-z])"
_SPAN = rf"(?<![\w.-])(?P<span>-?{_ONE}(?:[\s,]*(?:and\s+)?{_ONE})*)"
_ON = r"(?:[^.]|\.(?=\S))*?"
"""Within the sentence: a host's name has dots too."""
_WORDS = r"\s*[:=]?(?P<words>(?:\s+(?!last\b|past\b|every\b)[a-z]+){0,3}?)\s*"
_FORMS = tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        rf"{_SPAN}\s*(?:from\s+(?:its\s+|the\s+)?(?:expir|now)|(?:until|till|left|remaining)\b|to\s+(?:its\s+)?(?:expir|go\b))",
        rf"(?:expir|valid){_ON}\b(?:in|within|after){_WORDS}{_SPAN}",
        rf"valid\w*{_ON}\bfor{_WORDS}{_SPAN}",
        rf"renew{_ON}\bwithin{_WORDS}{_SPAN}",
        rf"\b(?:will|starts?\s+to|begins?\s+to)\b(?!\s+(?:be\s+)?(?:re-?t|renew|attempt)){_ON}\b(?:in|within|after){_WORDS}{_SPAN}",
    )
)
_OVER = re.compile(rf"expired{_ON}{_SPAN}\s+ago\b", re.IGNORECASE)
_DAY = re.compile(
    rf"(?:expir|not ?after|valid\s+(?:until|till)){_ON}\b(?P<day>\d{{4}}-\d\d-\d\d)"
    r"(?:[T ](?P<hour>\d\d:\d\d)(?::\d\d)?)?",
    re.IGNORECASE,
)
_AT_MOST = re.compile(r"\b(?:less|fewer|sooner|within)\b", re.IGNORECASE)
_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[wdhms])", re.IGNORECASE)
_LONGEST = 2000


class Deadline(NamedTuple):
    """When something is over."""

    at: datetime
    at_most: bool = False
    """It is over by then, maybe long before: the text tells the rule's limit and not what was measured."""


def deadline(texts: Iterable[str], now: datetime) -> Deadline | None:
    """The first that these texts, which speak of now, tell; a limit only where none tells what was measured."""
    found = [each for text in texts if (each := _told(" ".join(text[:_LONGEST].split()), now))]
    return min(found, key=lambda each: (each.at_most, each.at), default=None)


def _told(text: str, now: datetime) -> Deadline | None:
    if over := _OVER.search(text):
        return Deadline(now - abs(_length(over["span"])))
    found = [match for form in _FORMS if (match := form.search(text))]
    if found:
        spans = [Deadline(now + _length(match["span"]), _is_limit(match)) for match in found]
        return min(spans, key=lambda each: each.at_most)
    day = _DAY.search(text)
    at = _instant(day["day"], day["hour"] or "00:00") if day else None
    return Deadline(at) if at else None


def _is_limit(match: re.Match[str]) -> bool:
    return bool(_AT_MOST.search(match[0][: match.start("span") - match.start()]))


def _length(span: str) -> timedelta:
    """Of a negative one, as of a certificate that has expired already, the sign counts for all its parts."""
    seconds = sum(float(part["number"]) * _UNITS[part["unit"].lower()] for part in _PART.finditer(span))
    return timedelta(seconds=min(seconds, 1e9) * (-1 if span.startswith("-") else 1))


def _instant(day: str, hour: str) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=UTC)
    except ValueError:
        return None
