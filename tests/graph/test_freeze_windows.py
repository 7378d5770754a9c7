"""Freeze windows: weekly hours and dates by the wall clock of a place, summer time and all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from graph.freeze_windows import FreezeWindow
from graph.policy import PolicySettings, evaluate
from tests.graph.evidence_builders import policy_facts
from tools.records import Target


def window(**more: Any) -> FreezeWindow:
    return FreezeWindow.model_validate({"name": "quiet", "time_zone": "Europe/Berlin", **more})


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_open(frozen: FreezeWindow, instant: str) -> bool:
    return frozen.open_until(at(instant)) is not None


@pytest.mark.parametrize(
    ("instant", "frozen"),
    [
        ("2026-11-27 14:59", False),
        ("2026-11-27 15:00", True),
        ("2026-11-28 06:59", True),
        ("2026-11-28 07:00", False),
        ("2026-11-28 15:30", False),
        ("2026-11-26 16:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(instant: str, frozen: bool) -> None:
    """Friday 16:00 to Saturday 08:00 in Berlin, which is an hour ahead of UTC in November."""
    assert is_open(window(days=["fri"], start="16:00", end="08:00"), instant) == frozen


@pytest.mark.parametrize(
    ("instant", "frozen"),
    [
        pytest.param("2026-07-03 13:59", False, id="summer: two hours ahead"),
        pytest.param("2026-07-03 14:00", True, id="summer"),
        pytest.param("2026-12-04 14:00", False, id="winter: one hour ahead"),
        pytest.param("2026-12-04 15:00", True, id="winter"),
    ],
)
def test_hours_keep_to_the_wall_clock_in_summer_and_winter(instant: str, frozen: bool) -> None:
    """16:00 is 16:00 there, whatever UTC says."""
    assert is_open(window(days="mon-fri", start="16:00", end="18:00"), instant) == frozen


@pytest.mark.parametrize(
    ("instant", "frozen"),
    [
        ("2026-10-25 00:29", False),
        ("2026-10-25 00:30", True),
        ("2026-10-25 00:59", True),
        ("2026-10-25 01:29", False),
        ("2026-10-25 01:30", True),
        ("2026-10-25 01:59", True),
        ("2026-10-25 02:00", False),
    ],
)
def test_an_hour_that_the_clock_shows_twice_is_frozen_twice(instant: str, frozen: bool) -> None:
    """02:30 to 03:00 on the night in which 02:00 to 03:00 comes twice."""
    assert is_open(window(start="02:30", end="03:00"), instant) == frozen


def test_an_hour_that_the_clock_leaves_out_shortens_its_window() -> None:
    """02:30 to 06:00 on the night in which 02:00 jumps to 03:00: from the jump on."""
    frozen = window(start="02:30", end="06:00")
    assert not is_open(frozen, "2026-03-29 00:59")
    assert is_open(frozen, "2026-03-29 01:00")
    assert is_open(frozen, "2026-03-29 03:59")
    assert not is_open(frozen, "2026-03-29 04:00")


def test_a_plain_date_is_meant_with_its_whole_day_where_it_is() -> None:
    """In Auckland Christmas begins half a day before UTC has it, and ends so."""
    frozen = window(time_zone="Pacific/Auckland", since="2026-12-25", until="2026-12-26")
    told = [
        is_open(frozen, f"2026-12-{moment}") for moment in ("24 10:59", "24 11:00", "26 10:59", "26 11:00")
    ]
    assert told == [False, True, True, False]


def test_hours_within_dates_hold_on_those_dates_only() -> None:
    """Evenings of December; the end is the nearer of the two."""
    frozen = window(start="18:00", end="06:00", since="2026-12-01", until="2026-12-31")
    assert not is_open(frozen, "2026-11-30 18:00")
    assert is_open(frozen, "2026-12-10 18:00")
    assert not is_open(frozen, "2026-12-10 12:00")
    assert frozen.open_until(at("2026-12-31 20:00")) == datetime(2027, 1, 1)


def test_days_without_hours_are_whole_days_and_spans_may_cross_the_week() -> None:
    """`sat-mon` is three days; 24:00 and 00:00 are the same end."""
    frozen = window(days=["sat-mon"])
    assert frozen.days == ("mon", "sat", "sun")
    assert [is_open(frozen, f"2026-11-{day} 12:00") for day in (27, 28, 29, 30)] == [False, True, True, True]
    assert is_open(window(start="22:00", end="24:00"), "2026-11-27 22:59")
    assert not is_open(window(start="22:00", end="24:00"), "2026-11-27 23:00")


def test_it_goes_through_json_unchanged() -> None:
    """A bundle keeps the limits that were in force."""
    for frozen in (
        window(days=["fri"], start="16:00", end="08:00"),
        window(since="2026-12-25", until="2026-12-26"),
    ):
        assert FreezeWindow.model_validate(frozen.model_dump(mode="json")) == frozen


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"time_zone": "Europe/Berln", "days": ["mon"]}, "no IANA time zone"),
        ({"time_zone": "../../etc/passwd", "days": ["mon"]}, "no IANA time zone"),
        ({"days": ["monday"]}, "is no day"),
        ({"start": 2000, "end": "06:00"}, "must be an hour"),
        ({}, "needs days"),
        ({"since": "2026-12-25", "until": "2026-12-20"}, "ends before it begins"),
        ({"since": "2026-12-25T00:00:00Z"}, "leave the offset out"),
        ({"name": " ", "days": ["mon"]}, "must say what is frozen"),
    ],
)
def test_a_wrong_window_says_what_is_wrong(wrong: dict[str, Any], words: str) -> None:
    """In words that mend it."""
    with pytest.raises(ValidationError, match=words):
        window(**wrong)


def test_a_window_of_some_namespaces_leaves_the_others_and_holds_nodes() -> None:
    """By glob; a node is under pods of any namespace."""
    settings = PolicySettings(
        mode="auto", freeze_windows=(window(since="2026-01-01", namespaces=["shop", "team-*"]),)
    )
    told = {}
    for namespace in ("shop", "team-a", "billing", ""):
        target = Target(kind="Deployment", namespace=namespace, name="web", uid="uid-web")
        facts = policy_facts(target=target, now=at("2026-06-01 12:00"))
        told[namespace] = [block.rule for block in evaluate(facts, settings)]
    assert told == {
        "shop": ["change_freeze"],
        "team-a": ["change_freeze"],
        "billing": [],
        "": ["change_freeze"],
    }


def test_the_reason_says_which_window_and_until_when() -> None:
    """So that a person knows whether to wait."""
    settings = PolicySettings(mode="auto", freeze_windows=(window(days=["fri"], start="16:00", end="08:00"),))
    (block,) = evaluate(policy_facts(now=at("2026-11-27 20:00")), settings)
    assert block.reason == "change freeze 'quiet': until 2026-11-28 08:00 Europe/Berlin"
    (block,) = evaluate(
        policy_facts(), PolicySettings(mode="auto", freeze_windows=(window(since="2020-01-01"),))
    )
    assert block.reason == "change freeze 'quiet': it has no end"


def test_a_window_whose_zone_cannot_be_told_holds() -> None:
    """The time zone database went away after the start: nobody knows, so a person is asked."""
    lost = FreezeWindow.model_construct(**{**window(days=["mon"]).model_dump(), "time_zone": "Nowhere/Gone"})
    settings = PolicySettings(mode="auto").model_copy(update={"freeze_windows": (lost,)})
    (block,) = evaluate(policy_facts(), settings)
    assert (block.rule, block.effect) == ("change_freeze", "ask")
    assert "cannot be read" in block.reason
