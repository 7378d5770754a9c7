"""Prometheus' HTTP API on loopback, for the agent's own reader: what it holds and how it fails is up to a test.

It understands no query: like a bundle's `metrics.yaml`, whatever contains a string is answered with the series that
were told for it, their values so many seconds before the time that is asked about.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs

from tools.prometheus_answers import Answer, Series
from tools.recorded_series import RecordedEntry, RecordedSeries
from tools.sandbox.server import Server

VERSION = "2.53.0"


@dataclass(frozen=True)
class Spoilt:
    """How the next answers fail, instead of what is held."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    hang: bool = False
    """Say nothing until the server stops."""
    cut: bool = False
    """Promise more than is sent, and close the connection."""
    times: int = -1
    """So often only; below zero: until told otherwise."""


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    path: str
    fields: Mapping[str, str]
    authorization: str


class PrometheusServer:
    """Use it as a context manager. Safe between threads."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.spoilt: Spoilt | None = None
        self.warnings: list[str] = []
        self._held: dict[str, RecordedEntry] = {}
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self._server = Server(self._answer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.stop()

    @property
    def url(self) -> str:
        """For PROMETHEUS_URL."""
        return f"http://127.0.0.1:{self._server.port}"

    def hold(
        self, query_contains: str, *series: tuple[Mapping[str, str], Iterable[tuple[float, float]]]
    ) -> None:
        """Such a query is answered with these from now on: labels, and values so many seconds before the time asked."""
        lines = [{"labels": dict(labels), "values": tuple(values)} for labels, values in series]
        entry = {"query_contains": query_contains, "series": lines}
        self._held[query_contains] = RecordedEntry.model_validate(entry)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        fields = {key: values[-1] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        path = str(environ.get("PATH_INFO", ""))
        self.asked.append(Asked(path, fields, str(environ.get("HTTP_AUTHORIZATION", ""))))
        spoilt = self.spoilt
        if spoilt is not None and spoilt.times != 0:
            self.spoilt = Spoilt(**{**vars(spoilt), "times": spoilt.times - 1})
            return self._spoil(spoilt, start)
        found = self._told(path, fields)
        status = "404 Not Found" if found is None else "200 OK"
        body = json.dumps(found or {}).encode()
        start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _spoil(self, spoilt: Spoilt, start: Callable[..., Any]) -> Iterable[bytes]:
        if spoilt.hang:
            self._stopping.wait(60)
        length = len(spoilt.body) + (1 if spoilt.cut else 0)
        headers = [("Content-Type", spoilt.content_type), ("Content-Length", str(length))]
        start(f"{spoilt.status} Spoilt", headers)
        return [spoilt.body]

    def _told(self, path: str, fields: Mapping[str, str]) -> dict[str, Any] | None:
        if path == "/api/v1/status/buildinfo":
            return {"status": "success", "data": {"version": VERSION}}
        if path == "/api/v1/query":
            at = _instant(fields.get("time", "0"))
            found = self._recorded(at).instant(fields["query"], at)
            return self._body("vector", list(_vector(found, at)))
        if path == "/api/v1/query_range":
            since, until = _instant(fields["start"]), _instant(fields["end"])
            found = self._recorded(until).over(fields["query"], since, until, int(fields["step"]))
            return self._body("matrix", [_matrix(series) for series in found.series])
        return None

    def _recorded(self, now: datetime) -> RecordedSeries:
        return RecordedSeries(list(self._held.values()), now)

    def _body(self, kind: str, result: list[dict[str, Any]]) -> dict[str, Any]:
        warnings = {"warnings": self.warnings} if self.warnings else {}
        return {"status": "success", "data": {"resultType": kind, "result": result}, **warnings}


def _instant(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)


def _vector(answer: Answer, at: datetime) -> Iterator[dict[str, Any]]:
    for series in answer.series:
        yield {"metric": dict(series.labels), "value": [at.timestamp(), str(series.points[-1][1])]}


def _matrix(series: Series) -> dict[str, Any]:
    values = [[at.timestamp(), str(value)] for at, value in series.points]
    return {"metric": dict(series.labels), "values": values}
