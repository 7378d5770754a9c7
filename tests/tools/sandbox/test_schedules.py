"""Cron schedules: when a run is due, when the next one is, and what is no schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tools.sandbox.schedules import Schedule

MONDAY = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("* * * * *", "2026-01-05T12:01"),
        ("*/15 * * * *", "2026-01-05T12:15"),
        ("0 3 * * *", "2026-01-06T03:00"),
        ("30 6,18 * * *", "2026-01-05T18:30"),
        ("0 0 1 * *", "2026-02-01T00:00"),
        ("0 0 * * 0", "2026-01-11T00:00"),
        ("0 0 * * 7", "2026-01-11T00:00"),
        ("0 0 13 * 5", "2026-01-09T00:00"),
        ("0 9-11/2 * * *", "2026-01-06T09:00"),
    ],
)
def test_the_next_run_is_the_first_instant_that_fits(text: str, following: str) -> None:
    """Fields, lists, ranges and steps; with day and weekday both given, either."""
    found = Schedule(text).next(MONDAY)
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M") == following


def test_the_last_run_is_the_newest_that_was_due_since() -> None:
    """None where none was; the instant from which on is looked does not count."""
    schedule = Schedule("0 * * * *")
    assert schedule.last(MONDAY.replace(hour=8), MONDAY.replace(minute=30)) == MONDAY
    assert schedule.last(MONDAY, MONDAY.replace(minute=30)) is None


def test_a_day_that_never_comes_is_no_next_run() -> None:
    """The 31st of February."""
    assert Schedule("0 0 31 2 *").next(MONDAY) is None


@pytest.mark.parametrize(
    "text", ["", "every day", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "x * * * *"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    """The number of fields, and each of their bounds."""
    with pytest.raises(ValueError, match=r"expected exactly|above maximum|invalid literal"):
        Schedule(text)
