"""`metrics.yaml` answers as its format says: by a string in the query, with seconds before the replay's now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tools.bundle import BundleError
from tools.promql import memory_held, processor_use
from tools.recorded_series import RecordedSeries

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
CORES, MEMORY = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"


def entry(contains: str, *values: list[Any], **labels: Any) -> dict[str, Any]:
    """One answer of one series."""
    return {
        "query_contains": contains,
        "series": [{"labels": labels or {"pod": "p"}, "values": list(values)}],
    }


def test_each_query_gets_the_entries_whose_string_it_contains() -> None:
    """All of them; one that no entry fits gets an empty result."""
    recorded = RecordedSeries.of(
        [entry(CORES, [0, "0.4"]), entry("cpu_usage", [0, 0.5], pod="q"), entry(MEMORY, [0, 1])], NOW
    )
    found = recorded.instant(processor_use("shop", "web"), NOW).series
    assert [(series.labels["pod"], series.points) for series in found] == [
        ("p", ((NOW, 0.4),)),
        ("q", ((NOW, 0.5),)),
    ]
    assert recorded.instant("up", NOW).series == ()


def test_now_is_the_newest_value_of_the_last_five_minutes() -> None:
    """An older one is not told as present, and one of the future is none."""
    recorded = RecordedSeries.of(
        [entry(CORES, [600, 0.1], [240, 0.3], [120, 0.4], [-60, 0.9]), entry(MEMORY, [301, 5])], NOW
    )
    (series,) = recorded.instant(processor_use("shop", "web"), NOW).series
    assert series.points == ((NOW - timedelta(seconds=120), 0.4),)
    assert recorded.instant(memory_held("shop", "web"), NOW).series == ()


def test_a_range_is_what_was_recorded_in_it() -> None:
    """Oldest first, whatever the step; what is no number is left out."""
    recorded = RecordedSeries.of([entry(MEMORY, [0, 3], [3600, "2"], [1800, "NaN"], [7201, 1])], NOW)
    (series,) = recorded.over(MEMORY, NOW - timedelta(hours=2), NOW, 60).series
    assert [value for _, value in series.points] == [2.0, 3.0]


def test_what_may_be_missing_is_missing() -> None:
    """No labels, no values, no series; and labels that YAML reads as numbers."""
    recorded = RecordedSeries.of(
        [
            {"query_contains": MEMORY, "series": [{"values": [[0, 1]]}, {"labels": {"shard": 7}}]},
            {"query_contains": CORES, "series": None},
        ],
        NOW,
    )
    assert [dict(series.labels) for series in recorded.instant(MEMORY, NOW).series] == [{}]
    assert recorded.instant(CORES, NOW).series == ()


@pytest.mark.parametrize(
    "wrong",
    [{}, [], "up", entry(CORES, [0]), entry(CORES, [0, "many"]), {"query_contains": CORES, "series": {}}],
)
def test_what_is_no_entry_is_named(wrong: Any) -> None:
    """With its number, so that a person finds it."""
    with pytest.raises(BundleError, match=r"metrics\.yaml: entry 2: "):
        RecordedSeries.of([entry(CORES), wrong], NOW)
