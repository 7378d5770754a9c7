"""Tallies over runs: what was wrong, what was decided, how it ended, how long it took, how sure it was. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median

from server.notebook.stopping import Stop
from server.notebook.tables import Table
from tools.past_runs import PastRun

BOUNDS = (0.0, 0.5, 0.8, 0.9, 1.01)
"""Of confidence. 0.8 is where acting without a person begins."""
NOTHING = "No incident to count."
NONE = "(none)"


def counted(title: str, runs: Sequence[PastRun], *columns: str) -> Table:
    """How many runs have which values in these fields, the most frequent first."""
    keys = (tuple(str(getattr(run, column) or NONE) for column in columns) for run in runs)
    ordered = sorted(Counter(keys).items(), key=lambda pair: (-pair[1], pair[0]))
    heads = (*(column.replace("_", " ") for column in columns), "incidents", "share")
    rows = [(*key, count, f"{count / len(runs):.0%}") for key, count in ordered]
    return Table(title, heads, rows, NOTHING)


def rules(runs: Sequence[PastRun]) -> Table:
    """Which rules kept how many decisions from acting by themselves."""
    found = Counter(rule for run in runs for rule in set(run.blocked_by))
    rows = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return Table("Rules that stood in the way", ("rule", "incidents"), rows, "None did.")


def durations(runs: Sequence[PastRun]) -> Table:
    """How long each stage took, of those runs that went through it."""
    rows = [_spread(name, list(_seconds(runs, *ends))) for name, ends in STAGES.items()]
    heads = ("stage", "incidents", "median", "p95", "longest")
    return Table("How long it took", heads, [row for row in rows if row], "No stage has ended yet.")


def confidence_against_verdict(runs: Sequence[PastRun]) -> Table:
    """For each range of confidence: how often the action helped, and what people said of the decision."""
    sure = [run for run in runs if run.confidence is not None]
    verdicts = sorted({run.verdict for run in sure if run.verdict})
    heads = ("confidence", "incidents", "acted", *verdicts, "marked right", "marked wrong")
    rows = [_range(low, high, sure, verdicts) for low, high in pairwise(BOUNDS)]
    return Table("Confidence against verdict", heads, [row for row in rows if row[1]], NOTHING)


def some(runs: Iterable[PastRun]) -> list[PastRun]:
    """The runs, if there are any. Raises Stop."""
    found = list(runs)
    if not found:
        raise Stop(
            "The record has no incidents yet.\nLet the agent take an alert first (make demo sends some)."
        )
    return found


def _unasked(run: PastRun) -> datetime | None:
    return None if run.asked_at else run.decided_at


Instant = Callable[[PastRun], datetime | None]
STAGES: dict[str, tuple[Instant, Instant]] = {
    "alert in to decision": (lambda run: run.began_at, lambda run: run.decided_at),
    "asked to answered": (lambda run: run.asked_at, lambda run: run.answered_at),
    "answered to written": (lambda run: run.answered_at, lambda run: run.claimed_at),
    "decided to written, nobody asked": (_unasked, lambda run: run.claimed_at),
    "written to end": (lambda run: run.claimed_at, lambda run: run.ended_at),
    "alert in to end": (lambda run: run.began_at, lambda run: run.ended_at),
}


def _seconds(runs: Iterable[PastRun], start: Instant, end: Instant) -> Iterator[float]:
    for run in runs:
        began, ended = start(run), end(run)
        if began and ended:
            yield max(0.0, (ended - began).total_seconds())


def _spread(name: str, seconds: list[float]) -> tuple[object, ...]:
    if not seconds:
        return ()
    ordered = sorted(seconds)
    near_the_end = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return (name, len(ordered), *(f"{value:.1f} s" for value in (median(ordered), near_the_end, ordered[-1])))


def _range(low: float, high: float, runs: Sequence[PastRun], verdicts: Sequence[str]) -> tuple[object, ...]:
    inside = [run for run in runs if low <= (run.confidence or 0.0) < high]
    ended = Counter(run.verdict for run in inside)
    said = Counter(run.marks[-1] for run in inside if run.marks)
    acted = sum(1 for run in inside if run.action_taken)
    name = f"{low:.1f} to {min(high, 1.0):.1f}"
    return (name, len(inside), acted, *(ended[verdict] for verdict in verdicts), said["right"], said["wrong"])
