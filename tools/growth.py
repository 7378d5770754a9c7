"""The memory that a container held, reduced to numbers; and whether it grew as a leak does.

A leak rises all the time. A jump, what is held from the start, and a cache that fills up and then stays do not: so
the time is cut in three, whatever number of points each part has, and the middle third has to stand clearly between
the first and the last. The minutes after a
start are left out by the caller: everything grows then.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import linear_regression, median_low

from tools.prometheus_answers import Point
from tools.records import MemoryGrowth

FEWEST = 3
BETWEEN = (0.2, 0.8)
"""Of the whole rise, how much the middle third may have."""
HELD = 0.75
"""Of the whole rise, how much has to be left at the end."""
SHOWN = 0.4
"""Of the whole rise, how much the thirds have to show: of a line it is two thirds, of a jump lately nothing."""
LEAST = 0.05
"""Of the highest value: a smaller rise of the thirds is noise."""
HOUR = 3600.0


def growth_of(
    pod: str, container: str, points: Sequence[Point], *, current: bool = True
) -> MemoryGrowth | None:
    """The numbers of points that are in order, or None where there are too few to tell."""
    if len(points) < FEWEST:
        return None
    values = [value for _, value in points]
    return MemoryGrowth(
        pod=pod,
        container=container,
        points=len(points),
        since=points[0][0],
        at=points[-1][0],
        first=values[0],
        last=values[-1],
        highest=max(values),
        slope=_slope(points),
        steady=is_steady(points),
        current=current,
    )


def is_steady(points: Sequence[Point]) -> bool:
    """It rises in both halves of the time, and what rose is still there."""
    values = [value for _, value in points]
    thirds = _thirds(points)
    if not all(thirds):
        return False
    early, middle, late = (median_low(third) for third in thirds)
    rise = late - early
    whole, kept = max(values) - values[0], values[-1] - values[0]
    if rise <= 0 or kept < HELD * whole or rise < max(SHOWN * whole, LEAST * max(values)):
        return False
    return BETWEEN[0] <= (middle - early) / rise <= BETWEEN[1]


def _thirds(points: Sequence[Point]) -> tuple[list[float], list[float], list[float]]:
    """The values of each third of the time: samples may stand closer together in one part of it than in another."""
    thirds: tuple[list[float], list[float], list[float]] = ([], [], [])
    began, span = points[0][0], points[-1][0] - points[0][0]
    for at, value in points:
        part = min(2, int(3 * (at - began) / span)) if span else 0
        thirds[part].append(value)
    return thirds


def _slope(points: Sequence[Point]) -> float:
    hours = [(at - points[0][0]).total_seconds() / HOUR for at, _ in points]
    if hours[-1] <= 0:
        return 0.0
    return linear_regression(hours, [value for _, value in points]).slope
