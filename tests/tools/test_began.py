"""When the run of a container that has ended began."""

from __future__ import annotations

from datetime import UTC, datetime

from tools.objects import began

END = "2026-01-05T12:00:00Z"


def test_what_could_not_be_started_has_had_no_life() -> None:
    """The runtime writes the epoch as its start; a real start stays, and none stays none."""
    assert began({"startedAt": "1970-01-01T00:00:00Z", "finishedAt": END}) == datetime(
        2026, 1, 5, 12, tzinfo=UTC
    )
    assert began({"startedAt": "2026-01-05T11:00:00Z", "finishedAt": END}) == datetime(
        2026, 1, 5, 11, tzinfo=UTC
    )
    assert began({"finishedAt": END}) is None
    assert began({}) is None
