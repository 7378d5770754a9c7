"""The kill switch in the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.audit import SqlAudit
from tools.clock import ManualClock
from tools.controls import PauseState, SqlControls
from tools.database import Database

pytest_plugins = ("tests.record_store",)


@pytest.fixture
def controls(store: Database) -> SqlControls:
    """The switch under test."""
    return SqlControls(store)


def test_nothing_is_paused_at_first(controls: SqlControls) -> None:
    """A fresh record acts."""
    assert controls.pause_state() == PauseState(paused=False)


def test_pause_outlives_the_process(
    controls: SqlControls, store: Database, store_file: Path, still: ManualClock
) -> None:
    """Another opening of the same file reads it."""
    controls.pause(actor="ana", reason="migration", at=still.now())
    store.close()
    again = Database.open(f"sqlite:///{store_file}")
    told = PauseState(paused=True, actor="ana", reason="migration", at=still.now())
    assert SqlControls(again).pause_state() == told
    again.close()


def test_pause_and_resume_are_audited(controls: SqlControls, store: Database, still: ManualClock) -> None:
    """Who and why, each time."""
    controls.pause(actor="ana", reason="migration", at=still.now())
    still.advance(60)
    controls.resume(actor="bob", reason="done", at=still.now())
    assert controls.pause_state() == PauseState(paused=False, actor="bob", reason="done", at=still.now())
    told = [(one.kind, one.actor, one.detail["reason"]) for one in SqlAudit(store).entries()]
    assert told == [("paused", "ana", "migration"), ("resumed", "bob", "done")]
