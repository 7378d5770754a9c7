"""Incidents per problem class over time: which class came when, in steps that fit the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from server.notebook.grid_plot import Grid, grid_plot
from server.notebook.overview import NONE, NOTHING
from server.notebook.plot import Plot
from server.notebook.tables import Table
from tools.past_runs import PastRun

COLUMNS = 24
"""At most: more cannot be read."""
CLASSES = 25
"""Rows of the plot; the rest is added up in one."""
OTHERS = "(all others)"
MONDAY = datetime(2001, 1, 1, tzinfo=UTC)
"""From which steps are counted, so that weeks begin with it."""
STEPS = {
    "minute": timedelta(minutes=1),
    "5 minutes": timedelta(minutes=5),
    "15 minutes": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "6 hours": timedelta(hours=6),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "4 weeks": timedelta(weeks=4),
    "52 weeks": timedelta(weeks=52),
}


def over_time(runs: Sequence[PastRun]) -> Plot | Table:
    """How many incidents of each class began in each step, the most frequent class first."""
    if not runs:
        return Table("Incidents by class over time", (), [], NOTHING)
    step = step_of(runs)
    title = f"Incidents by problem class, each {step} (UTC)"
    return grid_plot(title, per_class(runs, step))


def when(runs: Sequence[PastRun]) -> Table:
    """The same by time, without the steps in which nothing began."""
    if not runs:
        return Table("When", (), [], NOTHING)
    step = step_of(runs)
    begun: dict[int, Counter[str]] = {}
    for run in runs:
        begun.setdefault(_number(run, step), Counter())[run.problem or NONE] += 1
    rows = [
        (_name(number, step), found.total(), ", ".join(f"{name} {n}" for name, n in _ordered(found)))
        for number, found in sorted(begun.items())
    ]
    return Table(f"When they began, each {step}", ("from (UTC)", "incidents", "classes"), rows)


def step_of(runs: Sequence[PastRun]) -> str:
    """The shortest that needs no more than COLUMNS; of what spans more than all of them, the longest."""
    for step in STEPS:
        numbers = [_number(run, step) for run in runs]
        if max(numbers) - min(numbers) < COLUMNS:
            return step
    return step


def per_class(runs: Sequence[PastRun], step: str) -> Grid:
    """Every step between the first and the last incident, those too in which nothing began."""
    found = _ordered(Counter(run.problem or NONE for run in runs))
    kept = [name for name, _ in (found if len(found) <= CLASSES else found[: CLASSES - 1])]
    rows = kept if len(kept) == len(found) else [*kept, OTHERS]
    cells = Counter((_row(run, kept), _number(run, step)) for run in runs)
    numbers = [number for _, number in cells]
    columns = range(min(numbers), max(numbers) + 1)
    counts = [[cells[name, number] for number in columns] for name in rows]
    return Grid(rows, [_name(number, step) for number in columns], counts)


def _row(run: PastRun, kept: Sequence[str]) -> str:
    name = run.problem or NONE
    return name if name in kept else OTHERS


def _ordered(found: Counter[str]) -> list[tuple[str, int]]:
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))


def _number(run: PastRun, step: str) -> int:
    return (run.began_at - MONDAY) // STEPS[step]


def _name(number: int, step: str) -> str:
    length = STEPS[step]
    return f"{MONDAY + number * length:{'%Y-%m-%d' if length >= STEPS['day'] else '%m-%d %H:%M'}}"
