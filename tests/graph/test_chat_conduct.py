"""Why nothing is written by itself, as chat tells it: holds, pause, freeze windows, levels and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graph.freeze_windows import FreezeWindow
from graph.intents import understand
from graph.policy_facts import AutonomyCeiling, PolicySettings
from tests.graph.chat_worlds import World, world
from tools.autonomy import SqlAutonomy, Standing
from tools.controls import SqlControls
from tools.database import Database
from tools.holds import SqlHolds

pytest_plugins = ("tests.record_store",)
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def quiet(tmp_path: Path, store: Database) -> Iterator[World]:
    """An empty cluster, an empty record, the limits as shipped."""
    with world(tmp_path, store) as made:
        made.services = replace(made.services, policy=PolicySettings())
        yield made


def frozen(made: World, **more: object) -> PolicySettings:
    """Limits with a freeze window of a day to both sides of now."""
    now = made.clock.now().replace(tzinfo=None)
    span = {"since": now - timedelta(days=1), "until": now + timedelta(days=1)}
    window = FreezeWindow.model_validate({"name": "quarter", "time_zone": "UTC", **span, **more})
    return PolicySettings(freeze_windows=(window,))


@pytest.mark.parametrize(
    "question",
    [
        "is anything on hold?",
        "why is nothing happening?",
        "why are you not acting?",
        "why aren't you doing anything?",
        "why does the agent do nothing?",
        "what holds you back?",
        "is there a global hold?",
        "are you paused?",
        "any freeze windows?",
        "is there a change freeze?",
        "which autonomy levels are there?",
        "what mode are you in?",
    ],
)
def test_questions_about_its_conduct_are_understood(question: str) -> None:
    """Whatever holds it, they are one answer."""
    assert understand(question, NOW).intent == "conduct"


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("what holds web back?", "about"),
        ("why nothing was done about web?", "why_acted"),
        ("what is happening in shop?", "story"),
        ("pause the agent", "act"),
        ("what waits for my approval?", "approvals"),
        ("does web freeze?", "about"),
    ],
)
def test_questions_that_sound_like_it_are_not_taken_for_it(question: str, intent: str) -> None:
    """Look-alikes keep what they mean."""
    assert understand(question, NOW).intent == intent


def test_where_nothing_holds_it_says_so_of_each(quiet: World) -> None:
    """And names what it rests on."""
    answer = quiet.ask("why is nothing happening?")
    for words in (
        "Actions are not paused.",
        "There is no global hold.",
        "No freeze window is configured.",
        "No action is narrowed beyond the mode",
        "Nothing waits for a decision.",
    ):
        assert words in answer.text
    assert {"record: kill switch", "record: global holds", "record: levels of autonomy"} <= set(
        answer.sources
    )


def test_all_that_holds_is_told(quiet: World, store: Database) -> None:
    """Why, since when, what ends it; by whom it was narrowed, and where."""
    now = quiet.clock.now()
    SqlHolds(store).engage("correlated_failure", "5 workloads fell ill", at=now, weight=5)
    SqlControls(store).pause(actor="ann", reason="upgrade", at=now)
    lowered = Standing(
        action="restart_deployment",
        problem="transient_crash",
        level="approve",
        actor="agent",
        reason="it made things worse",
        at=now,
    )
    SqlAutonomy(store).put(lowered)
    policy = frozen(quiet, namespaces=("shop", "pay"))
    ceiling = AutonomyCeiling(action="delete_pod", level="approve")
    quiet.services = replace(quiet.services, policy=policy.model_copy(update={"autonomy": (ceiling,)}))
    told = quiet.ask("is anything on hold?").text
    for words in (
        "All actions are paused by ann: upgrade.",
        "correlated failure: 5 workloads fell ill",
        "waits for a person to lift it",
        "change freeze 'quarter'",
        ", in shop, pay",
        "restart_deployment for transient crash: approve, set by agent: it made things worse",
        "delete_pod for every problem: at most approve, by POLICY_FILE",
    ):
        assert words in told, told


def test_a_window_that_is_not_open_is_no_freeze(quiet: World) -> None:
    """It is counted, and said not to be open."""
    policy = frozen(quiet, since=datetime(2020, 1, 1), until=datetime(2020, 1, 2))
    quiet.services = replace(quiet.services, policy=policy)
    assert "1 freeze window configured, none of them open now." in quiet.ask("any freeze window?").text
