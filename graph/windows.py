"""Spans of time in questions: `last hour`, `20 minutes ago`, `since 10:30`, `today`. All in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NUMBERS = {
    **{
        "": 1.0,
        "a": 1.0,
        "an": 1.0,
        "one": 1.0,
        "two": 2.0,
        "couple of": 2.0,
        "three": 3.0,
        "few": 3.0,
        "four": 4.0,
    },
    **{"five": 5.0, "six": 6.0, "eight": 8.0, "ten": 10.0, "twelve": 12.0, "half an": 0.5, "half a": 0.5},
}
_AMOUNT = r"(\d{1,6}|half an?|an?|one|two|couple of|three|few|four|five|six|eight|ten|twelve|)"
_UNIT = r"(s|m|h|d|w)(?:ecs?|econds?|ins?|inutes?|rs?|ours?|ays?|eeks?)?"
_LAST = re.compile(rf"\b(?:last|past|previous|recent)\s+(?:a )?{_AMOUNT}\s*{_UNIT}\b")
_AGO = re.compile(rf"\b{_AMOUNT}\s*{_UNIT} ago\b")
_CLOCK = re.compile(r"\bsince (?:about |around )?(\d{1,2}):(\d{2})\b")
_STAMP = re.compile(r"\b(\d{4}-\d\d-\d\d(?:[t ]\d\d:\d\d(?::\d\d)?)?)z?\b")


def since(text: str, now: datetime) -> datetime | None:
    """When the span begins that a text in lower case speaks of; None: it speaks of none."""
    if found := _LAST.search(text) or _AGO.search(text):
        amount = _NUMBERS.get(found[1])
        seconds = (float(found[1]) if amount is None else amount) * _SECONDS[found[2]]
        return now - timedelta(seconds=seconds)
    if found := _CLOCK.search(text):
        at = _midnight(now).replace(hour=int(found[1]) % 24, minute=int(found[2]) % 60)
        return at if at <= now else at - timedelta(days=1)
    if found := _STAMP.search(text):
        return _instant(found[1], now)
    return _by_word(text, now)


def _by_word(text: str, now: datetime) -> datetime | None:
    begins = {
        r"yesterday": _midnight(now) - timedelta(days=1),
        r"today|this morning|so far": _midnight(now),
        r"tonight|last night|overnight|this evening": now - timedelta(hours=12),
        r"this week": now - timedelta(days=7),
        r"this month": now - timedelta(days=30),
    }
    return next((at for pattern, at in begins.items() if re.search(rf"\b(?:{pattern})\b", text)), None)


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _instant(text: str, now: datetime) -> datetime | None:
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "T")).replace(tzinfo=now.tzinfo)
    except ValueError:
        return None
