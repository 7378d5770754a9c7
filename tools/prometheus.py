"""Prometheus' HTTP API: optional evidence, read with a deadline and a limit, and never believed unchecked.

`/api/v1/query` tells what is now, `/api/v1/query_range` what was. Queries come from `tools.promql`, which builds them
from names that the Kubernetes API has accepted; nothing of an alert or a log gets into one. Credentials in the URL
(`https://user:password@host`, or `https://:token@host` for a bearer token) go into a header and nowhere else: no
error and no evidence shows the URL.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from tools.breaker import Breaker
from tools.errors import Forbidden, PermanentError, TransientError
from tools.excerpts import message
from tools.prometheus_answers import Answer, parsed

TIMEOUT_SECONDS = 4.0
MAX_BYTES = 4 * 1024 * 1024
MAX_SERIES = 2000
_CHUNK = 65536
_AGAIN = (502, 503, 504)
"""A second try may find another replica behind the same address."""


class SeriesReader(Protocol):
    """Answers queries of Prometheus' language."""

    def instant(self, query: str, at: datetime) -> Answer:
        """The newest value of each series at that instant. Raises ToolError."""
        ...

    def over(self, query: str, since: datetime, until: datetime, step: int) -> Answer:
        """The values of each series between two instants, `step` seconds apart. Raises ToolError."""
        ...


@dataclass(frozen=True)
class _Place:
    """Where to ask, and as whom."""

    base: str
    headers: Mapping[str, str]


class PrometheusApi:
    """Reads one Prometheus, or what speaks like one. Nothing here changes anything there."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_BYTES,
        breaker: Breaker | None = None,
    ) -> None:
        """`breaker`: while it is open no query is sent, so that incidents in a storm do not wait one after another."""
        self._place = _place(url)
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._breaker = breaker

    def version(self) -> str:
        """What it runs, as it says; empty where only queries are answered. Raises ToolError.

        Asked whether the breaker is open or not, and closes it: a probe is what finds out that it is back.
        """
        try:
            told = self._get("/api/v1/status/buildinfo", {})
        except PermanentError as err:
            if err.status != 404:
                raise
            told = self._get("/api/v1/query", {"query": "vector(1)"})
        if self._breaker:
            self._breaker.succeeded()
        data = told.get("data")
        return message(str(data.get("version", "")), 60) if isinstance(data, dict) else ""

    def instant(self, query: str, at: datetime) -> Answer:
        """See `SeriesReader`. The time is the caller's: its clock says what now is."""
        return self._ask("/api/v1/query", {"query": query, "time": _at(at)})

    def over(self, query: str, since: datetime, until: datetime, step: int) -> Answer:
        """See `SeriesReader`."""
        span = {"start": _at(since), "end": _at(until), "step": str(step)}
        return self._ask("/api/v1/query_range", {"query": query, **span})

    def _ask(self, path: str, fields: Mapping[str, str]) -> Answer:
        refused = self._breaker.refusal() if self._breaker else ""
        if refused:
            raise TransientError(f"Prometheus is {refused}")
        bounds = {"timeout": f"{self._timeout:g}s", "limit": str(MAX_SERIES)}
        try:
            answer = parsed(self._get(path, {**fields, **bounds}))
        except TransientError as err:
            if self._breaker:
                self._breaker.failed(str(err))
            raise
        if self._breaker:
            self._breaker.succeeded()
        return answer

    def _get(self, path: str, fields: Mapping[str, str], *, again: bool = True) -> dict[str, Any]:
        # here, for few agents are told of this API
        import urllib3

        timeout = urllib3.Timeout(total=self._timeout)
        url = self._place.base + path
        try:
            with (
                urllib3.PoolManager(retries=False, timeout=timeout) as pool,
                pool.request(
                    "GET",
                    url,
                    fields=dict(fields),
                    headers=dict(self._place.headers),
                    preload_content=False,
                    redirect=False,
                ) as answer,
            ):
                body = self._body(answer)
                status, kind = answer.status, str(answer.headers.get("Content-Type", ""))
        except urllib3.exceptions.ProtocolError as err:  # dropped: the one fault that asking again mends
            if again:
                return self._get(path, fields, again=False)
            raise TransientError(f"Prometheus drops the connection: {type(err).__name__}") from err
        except (urllib3.exceptions.HTTPError, OSError) as err:
            raise TransientError(f"Prometheus does not answer: {type(err).__name__}") from err
        if status in _AGAIN and again:
            return self._get(path, fields, again=False)
        return _checked(status, kind, body, path)

    def _body(self, answer: Any) -> bytes:
        """Bounded in size and in time: a server that drips bytes never trips a read timeout."""
        ends, found = time.monotonic() + self._timeout, b""
        for chunk in answer.stream(_CHUNK):
            found += chunk
            if len(found) > self._max_bytes:
                raise PermanentError(f"Prometheus answers with more than {self._max_bytes} bytes")
            if time.monotonic() > ends:
                raise TransientError(f"Prometheus' answer was not complete within {self._timeout:g} s")
        return found


def _place(url: str) -> _Place:
    parts = urlsplit(url.rstrip("/"))
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if parts.username is None and parts.password is None:
        return _Place(bare, {})
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user:
        return _Place(bare, {"Authorization": f"Bearer {password}"})
    import urllib3

    return _Place(bare, urllib3.make_headers(basic_auth=f"{user}:{password}"))


def _at(instant: datetime) -> str:
    return f"{instant.timestamp():.3f}"


def _checked(status: int, kind: str, body: bytes, path: str) -> dict[str, Any]:
    """The answer's object, or what is wrong with it in our errors."""
    what = f"Prometheus answers {status} to GET {path}"
    if status in (401, 403):
        raise Forbidden(f"{what}: PROMETHEUS_URL needs credentials that may query", status=status)
    if status == 404:  # not NotFound: that would say that there is nothing, where nobody was asked
        raise PermanentError(f"{what}: PROMETHEUS_URL is not the address of a Prometheus", status=status)
    if status == 429 or status >= 500:
        raise TransientError(f"{what}{_why(body)}", status=status)
    if status != 200:
        raise PermanentError(f"{what}{_why(body)}", status=status)
    if kind.partition(";")[0].strip().lower() != "application/json":
        shown = message(kind or "no type", 60)
        raise PermanentError(
            f"Prometheus answers with {shown} instead of JSON: does a login page stand before it?"
        )
    told = _json(body)
    if told is None:
        raise TransientError(f"Prometheus answers with no JSON object to GET {path}")
    if told.get("status") != "success":
        raise TransientError(f"Prometheus reports an error to GET {path}{_why(body)}")
    return told


def _why(body: bytes) -> str:
    """What Prometheus says of its error, in one redacted line; empty when it says nothing that can be read."""
    told = _json(body) or {}
    words = message(str(told.get("error") or ""))
    return f": {words}" if words else ""


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
