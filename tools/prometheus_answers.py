"""Answers of Prometheus' API as series of finite numbers; whatever has another shape is an error, never no data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypeAlias

from tools.errors import TransientError
from tools.excerpts import message

Point: TypeAlias = tuple[datetime, float]


@dataclass(frozen=True)
class Series:
    """One time series: its labels, and its points, oldest first."""

    labels: Mapping[str, str]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Answer:
    """What a query returns. `warnings`: it may not be whole, as the server says."""

    series: tuple[Series, ...] = ()
    warnings: tuple[str, ...] = ()


def parsed(body: Mapping[str, Any]) -> Answer:
    """The answer in a successful body. Raises TransientError for any other shape than a vector or a matrix.

    NaN and infinities are no numbers to decide by, and left out; so are native histograms.
    """
    data = body.get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if kind not in ("vector", "matrix") or not isinstance(result, list):
        raise TransientError("Prometheus answers with something else than a list of series")
    return Answer(tuple(_series(entry, str(kind)) for entry in result), _warnings(body.get("warnings")))


def finite(at: object, value: object) -> Point | None:
    """One pair as a point, or None if it is no number. Raises TransientError if it is no pair of numbers at all."""
    try:
        seconds, number = float(str(at)), float(str(value))
        instant = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as err:
        raise TransientError("Prometheus answers with a value that is no number") from err
    return (instant, number) if isfinite(number) else None


def _series(entry: object, kind: str) -> Series:
    metric = entry.get("metric") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(metric, dict):
        raise TransientError("Prometheus answers with a series that has no labels")
    labels = {str(name): str(value) for name, value in metric.items()}
    pairs = entry.get("values", []) if kind == "matrix" else [entry["value"]] if "value" in entry else []
    if not isinstance(pairs, list):
        raise TransientError("Prometheus answers with a series that has no values")
    return Series(labels, tuple(sorted(_points(pairs))))


def _points(pairs: list[Any]) -> Iterator[Point]:
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise TransientError("Prometheus answers with a value that is no pair of time and number")
        point = finite(*pair)
        if point:
            yield point


def _warnings(told: object) -> tuple[str, ...]:
    entries = told if isinstance(told, list) else []
    return tuple(message(str(text), 200) for text in entries[:5])
