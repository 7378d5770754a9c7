"""Times in which nothing is written without a person, as POLICY_FILE names them. Pure but for the time zone database.

Wall-clock times of an IANA zone are compared with the wall clock there, so that a window from 16:00 is one from 16:00
in summer and in winter. An hour that the clock shows twice is frozen both times; one that it leaves out is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

from pydantic import field_validator, model_validator

from tools.records import Record

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)
A_DAY = timedelta(days=1)
MINUTES = 24 * 60


class FreezeWindow(Record):
    """One of them: hours of the week, a span of dates, or such hours within a span."""

    name: str
    time_zone: str
    """IANA: `Europe/Berlin`."""
    days: tuple[Day, ...] = ()
    """On which it begins; none, with hours: every day."""
    start: time = time()
    end: time = time()
    """Not after `start`: on the next day."""
    since: datetime | None = None
    """Wall clock there; None: always has been."""
    until: datetime | None = None
    """Wall clock there, the first instant that is free again; a plain date is meant with its whole day."""
    namespaces: tuple[str, ...] = ()
    """Glob patterns; empty: all. Nodes, which are in none, are always covered."""

    @field_validator("name")
    @classmethod
    def _named(cls, name: str) -> str:
        if not name.strip():
            raise ValueError("must say what is frozen for whom it stops")
        return name.strip()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone") from None
        return name

    @field_validator("days", mode="before")
    @classmethod
    def _weekdays(cls, given: Any) -> Any:
        parts = given.split(",") if isinstance(given, str) else given
        if not isinstance(parts, Iterable):
            return given
        named = {day for part in parts for day in _span(str(part).strip().lower())}
        return tuple(sorted(named, key=DAYS.index))

    @field_validator("start", "end", mode="before")
    @classmethod
    def _hour(cls, given: Any) -> Any:
        """YAML reads 16:00 without quotes as a number, in minutes; 24:00 is the next day's 00:00."""
        if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= MINUTES:
            return time(given % MINUTES // 60, given % 60)
        if given == "24:00":
            return time()
        if isinstance(given, (str, time)):
            return given
        raise ValueError("must be an hour like 16:00")

    @field_validator("since", "until", mode="before")
    @classmethod
    def _wall_clock(cls, given: Any, info: Any) -> Any:
        day = _plain_date(given)
        if day is None:
            return given
        return datetime.combine(day + A_DAY if info.field_name == "until" else day, time())

    @model_validator(mode="after")
    def _makes_sense(self) -> FreezeWindow:
        if not self.weekly and self.since is None and self.until is None:
            raise ValueError("needs days, or hours, or since and until")
        given = [instant for instant in (self.since, self.until) if instant]
        if any(instant.tzinfo for instant in given):
            raise ValueError("since and until are wall clock: leave the offset out, time_zone says it")
        if len(given) == 2 and given[0] >= given[1]:
            raise ValueError("ends before it begins")
        return self

    @property
    def weekly(self) -> bool:
        """It has days or hours."""
        return bool(self.days) or self.start != self.end

    def covers(self, namespace: str) -> bool:
        """It is about this namespace; an empty one is a node's."""
        return not (namespace and self.namespaces) or any(fnmatchcase(namespace, p) for p in self.namespaces)

    def open_until(self, now: datetime) -> datetime | None:
        """When it ends, by the wall clock there, if it is open at `now`; `datetime.max` where it has no end.

        Raises KeyError or OSError when the time zone database is gone.
        """
        local = now.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        last = self.until or datetime.max
        if local >= last or local < (self.since or datetime.min):
            return None
        if not self.weekly:
            return last
        ends = (self._end_of(day, local) for day in (local.date(), local.date() - A_DAY))
        return next((min(end, last) for end in ends if end), None)

    def _end_of(self, day: date, local: datetime) -> datetime | None:
        """Of the hours that begin on `day`, if they are on at `local`."""
        if self.days and DAYS[day.weekday()] not in self.days:
            return None
        begin, end = datetime.combine(day, self.start), datetime.combine(day, self.end)
        end += A_DAY if end <= begin else timedelta()
        return end if begin <= local < end else None


def _span(words: str) -> tuple[Day, ...]:
    """`mon-fri`, `sat` or `sat-mon`."""
    first, _, last = words.partition("-")
    last = last or first
    if first not in DAYS or last not in DAYS:
        raise ValueError(f"{words!r} is no day: {', '.join(DAYS)}, or a span like mon-fri")
    begin, end = DAYS.index(first), DAYS.index(last)
    return DAYS[begin : end + 1] if begin <= end else (*DAYS[begin:], *DAYS[: end + 1])


def _plain_date(given: Any) -> date | None:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    return date.fromisoformat(given) if isinstance(given, str) and len(given) == len("2026-01-05") else None
