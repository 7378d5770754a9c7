"""Decide a stored incident again: the real agent over a frozen cluster, until it would ask, settle or end.

Mode is `auto` unless the bundle says what the live run had. Nothing is remembered but what `history.yaml` says, and
nothing is written: the frozen API refuses writes, and the record is a folder that goes away.
"""

from __future__ import annotations

from pathlib import Path

from server.stage import Decided, Stage
from tools.adviser import Adviser
from tools.bundle import Bundle


def replay_bundle(path: Path, *, mode: str = "", adviser: Adviser | None = None) -> Decided:
    """The decision records of its unmerged incidents, oldest first. Raises BundleError, Undecided."""
    with Stage() as stage:
        return stage.decide(Bundle.load(path), mode=mode, adviser=adviser)
