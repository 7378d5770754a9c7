"""First scores of blind batches: kept beside the batches when they are scored for the first time, never made again.

`first-scores.json` in the folder of the batches is a list, oldest first. Only a first score is an estimate for
incidents that nobody has seen: whoever mends what it showed has seen them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from server.reliability import reliability
from server.report import Scored
from tools.bundle import BundleError
from tools.records import Record

FILE = "first-scores.json"


class FirstScore(Record):
    """What a batch scored before anything was changed for it."""

    batch: str
    """Name of its folder."""
    date: date
    n: int
    accepted: int
    best: int
    harmful: int
    misleading: int
    not_accepted: tuple[str, ...] | None = None
    """Names of the cases; None: not kept."""
    not_best: tuple[str, ...] | None = None
    ece: float | None = None
    """Calibration error of the confidence as it was shown then; None: not kept."""


def read_first_scores(folder: Path) -> tuple[FirstScore, ...] | None:
    """Of the batches in this folder; None: it is no folder of batches. Raises BundleError for a file that cannot be
    read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        kept = json.loads(path.read_text("utf-8"))
        if not isinstance(kept, list):
            raise ValueError("not a list")
        return tuple(FirstScore.model_validate(entry) for entry in kept)
    except (ValueError, TypeError, ValidationError) as error:
        raise BundleError(f"{path}: {error}") from error


def with_new(
    kept: Sequence[FirstScore], found: Mapping[str, Sequence[Scored]], today: date
) -> tuple[FirstScore, ...]:
    """Those that are kept, as they are, and one for each batch that has none yet."""
    known = {first.batch for first in kept}
    new = (first_score(batch, cases, today) for batch, cases in found.items() if batch not in known)
    return (*kept, *new)


def first_score(batch: str, cases: Sequence[Scored], today: date) -> FirstScore:
    """Of cases that were run just now."""
    outcomes = [case.score.outcome for case in cases]
    not_accepted = _names(case for case in cases if case.score.outcome != "accepted")
    not_best = _names(case for case in cases if not case.score.best)
    return FirstScore(
        batch=batch,
        date=today,
        n=len(cases),
        accepted=outcomes.count("accepted"),
        best=len(cases) - len(not_best),
        harmful=outcomes.count("harmful"),
        misleading=outcomes.count("misleading"),
        not_accepted=not_accepted,
        not_best=not_best,
        ece=reliability([case.trial for case in cases if case.trial])[1],
    )


def as_json(scores: Sequence[FirstScore]) -> str:
    """The file."""
    kept = [first.model_dump(mode="json", exclude_none=True) for first in scores]
    return json.dumps(kept, indent=1) + "\n"


def _names(cases: Iterable[Scored]) -> tuple[str, ...]:
    return tuple(case.id.rpartition("/")[2] for case in cases)
