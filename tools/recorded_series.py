"""`metrics.yaml` of a bundle: what Prometheus would have answered at the instant at which the clock stands.

    - query_contains: container_memory_working_set_bytes
      series:
      - labels: {namespace: shop, pod: web-5d4f-x7k2p, container: web}
        values: [[3600, 91226112], [1800, 99614720], [0, 108003328]]     # seconds before now, value

A query that contains the string gets the series, as they are; one that no entry fits gets an empty result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from tools.bundle import BundleError
from tools.prometheus_answers import Answer, Point, Series, finite

LOOKBACK = timedelta(seconds=300)
"""How far back Prometheus looks for the newest value."""


def _listed(value: Any) -> Any:
    return [] if value is None else value


def _texts(value: Any) -> Any:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else value or {}


class RecordedLine(BaseModel):
    """One series of an entry."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    labels: Annotated[dict[str, str], BeforeValidator(_texts)] = {}
    values: Annotated[tuple[tuple[float, float], ...], BeforeValidator(_listed)] = ()
    """Seconds before now, and the value; NaN and infinities are as good as none."""


class RecordedEntry(BaseModel):
    """One answer, and which queries it is for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    query_contains: str
    series: Annotated[tuple[RecordedLine, ...], BeforeValidator(_listed)] = ()


class RecordedSeries:
    """Answers from entries as Prometheus would at `now`: a `SeriesReader` that opens nothing."""

    def __init__(self, entries: Iterable[RecordedEntry], now: datetime) -> None:
        self._entries = tuple(entries)
        self._now = now

    @classmethod
    def of(cls, entries: Sequence[Any], now: datetime) -> RecordedSeries:
        """Raises BundleError that names the entry."""
        return cls(map(_entry, range(1, len(entries) + 1), entries), now)

    def instant(self, query: str, at: datetime) -> Answer:
        """The newest values that are not older than Prometheus looks back, each with its own time."""
        return self._answer(query, lambda points: [p for p in points if at - LOOKBACK <= p[0] <= at][-1:])

    def over(self, query: str, since: datetime, until: datetime, step: int) -> Answer:
        """The recorded points between the two, whatever the step."""
        return self._answer(query, lambda points: [p for p in points if since <= p[0] <= until])

    def _answer(self, query: str, kept: Any) -> Answer:
        series = [Series(line.labels, tuple(kept(self._points(line)))) for line in self._matching(query)]
        return Answer(tuple(one for one in series if one.points))

    def _matching(self, query: str) -> Iterator[RecordedLine]:
        for entry in self._entries:
            if entry.query_contains in query:
                yield from entry.series

    def _points(self, line: RecordedLine) -> list[Point]:
        stamped = (
            finite((self._now - timedelta(seconds=ago)).timestamp(), value) for ago, value in line.values
        )
        return sorted(point for point in stamped if point)


def _entry(number: int, entry: Any) -> RecordedEntry:
    try:
        return RecordedEntry.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise BundleError(f"metrics.yaml: entry {number}: {where}: {first['msg']}") from error
