"""Cron schedules as CronJobs spell them: five fields, in UTC.

Names of months and days, `@daily` and time zones are not understood: no test or demo needs them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MINUTE = timedelta(minutes=1)
_FARTHEST = 366 * 24 * 60
"""Minutes that are looked at: a schedule that has no instant within a year never runs."""


class Schedule:
    """When a CronJob starts a Job."""

    def __init__(self, text: str) -> None:
        """Raises ValueError, in the API server's words where it has any, for text that is no schedule."""
        fields = text.split()
        if len(fields) != len(_BOUNDS):
            raise ValueError(
                f"expected exactly {len(_BOUNDS)} fields, found {len(fields)}: [{' '.join(fields)}]"
            )
        self._wanted = [_values(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)]
        self._any_day = fields[2] == "*" or fields[4] == "*"

    def holds(self, at: datetime) -> bool:
        """Whether a run is due in this minute. Day and weekday: both where one is `*`, else either."""
        minutes, hours, days, months, weekdays = self._wanted
        weekday = at.isoweekday() % 7
        on_day = (at.day in days, weekday in weekdays or (weekday == 0 and 7 in weekdays))
        today = all(on_day) if self._any_day else any(on_day)
        return at.minute in minutes and at.hour in hours and at.month in months and today

    def next(self, after: datetime) -> datetime | None:
        """The first instant after this one, or None if there is none within a year."""
        return self._scan(after.replace(second=0, microsecond=0) + _MINUTE, _MINUTE)

    def last(self, since: datetime, until: datetime) -> datetime | None:
        """The newest instant after `since` and not after `until`, or None."""
        found = self._scan(until.replace(second=0, microsecond=0), -_MINUTE, since)
        return found if found and found > since else None

    def _scan(self, at: datetime, step: timedelta, floor: datetime | None = None) -> datetime | None:
        for _ in range(_FARTHEST):
            if floor is not None and at <= floor:
                return None
            if self.holds(at):
                return at
            at += step
        return None


def _values(field: str, low: int, high: int) -> frozenset[int]:
    return frozenset(value for part in field.split(",") for value in _range(part, low, high))


def _range(part: str, low: int, high: int) -> range:
    span, _, step = part.partition("/")
    if span == "*":
        first, last = low, high
    elif "-" in span:
        first, last = (int(end) for end in span.split("-", 1))
    else:
        first = int(span)
        last = high if step else first
    if first < low or last > high:
        raise ValueError(f"end of range ({last}) above maximum ({high}): {part}")
    return range(first, last + 1, int(step) if step else 1)
