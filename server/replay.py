"""Decide a stored incident again: the real agent over a frozen cluster, until it would ask, settle or end.

Mode is `auto` unless the bundle says what the live run had. Nothing is remembered but what `history.yaml` says, and
nothing is written: the frozen API refuses writes, and the record is a folder that goes away.
"""

from __future__ import annotations

from pathlib import Path

from server.stage import Decided, Stage
from tools.adviser import Adviser
from tools.adviser_records import RecordedAdviser
from tools.bundle import Bundle
from tools.bundle_archive import opened


def replay_bundle(path: Path, *, mode: str = "", adviser: Adviser | None = None) -> Decided:
    """The decision records of its unmerged incidents, oldest first. Raises BundleError, Undecided.

    `path`: the folder, or the archive that `GET /incidents/<id>/bundle` gives. Without an `adviser` the model's
    recorded answers are given again, where the bundle has any.
    """
    with opened(path) as folder, Stage() as stage:
        bundle = Bundle.load(folder)
        recorded = RecordedAdviser(bundle.llm) if bundle.llm else None
        return stage.decide(bundle, mode=mode, adviser=adviser or recorded)
