"""One HTTP request to the Kubernetes API: timeouts, retries of reads, and never a second write.

The client library's own retries are off, because they multiply timeouts (a hanging server took four times the
timeout); reads are retried here on `TransientError`, with a total deadline. A write is sent once: when its
answer is lost the error is `UnknownOutcome`, unless the connection was never made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tools.answers import error_of, warnings_of
from tools.errors import Invalid, PermanentError, ToolError, TransientError, UnknownOutcome

ATTEMPTS = 4
READ_BUDGET = 15.0
"""Seconds from the first attempt after which a read is not tried again."""
ANSWER_BUDGET = 30.0
"""Seconds that one answer's body may take: a server that drips bytes never trips a read timeout."""
BODY_LIMIT = 64 * 1024 * 1024
CHUNK = 65536
TOO_LARGE = "TooLarge"
"""`reason` of the error for an answer past `BODY_LIMIT`: nothing is known of what it would have said."""


@dataclass(frozen=True)
class Request:
    """One request; `what` names it for a person: `GET deployments shop/web`."""

    method: str
    path: str
    what: str
    query: Sequence[tuple[str, str]] = ()
    body: object = None
    content_type: str = "application/json"
    accept: str = "application/json"
    effect: bool = False
    """A write that is not a dry run: a lost answer is an unknown outcome."""
    keep_last: int = 0
    """Bytes from the end that are worth keeping, of an answer that a server may send past what was asked; 0: all."""


@dataclass(frozen=True)
class Answer:
    """A successful answer, not yet parsed."""

    body: bytes
    warnings: tuple[str, ...] = ()


class Wire(Protocol):
    """What the client library gives: one request in, an unread response out."""

    def __call__(self, request: Request) -> Any:
        """Raises the errors of urllib3, and SSLError as `tls_error`."""
        ...


class Transport:
    """Sends requests over a wire and says in our errors what became of them."""

    def __init__(
        self, wire: Wire, *, tls_error: type[Exception], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._wire = wire
        self._tls_error = tls_error
        self._sleep = sleep
        self._observe: Callable[[float, bool], None] = lambda seconds, failed: None

    def observed_by(self, observe: Callable[[float, bool], None]) -> None:
        """Tell it of every request that is sent from now on: how many seconds it took, whether the server failed it."""
        self._observe = observe

    def read(self, request: Request, *, attempts: int = ATTEMPTS) -> Answer:
        """Send until it succeeds, fails for good, or the budget is used up. Raises ToolError."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_attempt(attempts) | stop_after_delay(READ_BUDGET),
            wait=_pause,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self.send, request)

    def send(self, request: Request) -> Answer:
        """Send once. Raises ToolError; UnknownOutcome only for a request with an effect."""
        started, failed = time.monotonic(), True
        try:
            answer = self._send(request)
            failed = False
            return answer
        except PermanentError:
            failed = False
            raise
        finally:
            self._observe(time.monotonic() - started, failed)

    def _send(self, request: Request) -> Answer:
        from urllib3.exceptions import ConnectTimeoutError, HTTPError

        try:
            response = self._wire(request)
            body = _receive(response.response, request)
        except ConnectTimeoutError as err:
            raise TransientError(f"{request.what}: no connection to the API server: {err}") from err
        except (HTTPError, OSError) as err:
            raise _lost(request, err) from err
        except self._tls_error as err:
            raise _tls(request, err) from err
        return _judge(response.status, response.headers, body, request)


def _judge(status: int, headers: Any, body: bytes, request: Request) -> Answer:
    if 200 <= status < 300:
        return Answer(body, warnings_of(list(headers.getlist("Warning"))))
    plain: Mapping[str, str] = headers
    raise error_of(status, plain, body, request.what, write=request.effect)


def _receive(response: Any, request: Request) -> bytes:
    """The whole body, bounded in size and in time."""
    ends = time.monotonic() + ANSWER_BUDGET
    parts: list[bytes] = []
    size = 0
    for part in response.stream(CHUNK):
        parts.append(part)
        size += len(part)
        if request.keep_last and size > 2 * request.keep_last:
            parts, size = [b"".join(parts)[-request.keep_last :]], request.keep_last
        if size > BODY_LIMIT:
            response.close()
            raise Invalid(f"{request.what}: the answer is larger than {BODY_LIMIT} bytes", reason=TOO_LARGE)
        if time.monotonic() > ends:
            response.close()
            raise _lost(request, f"the answer took longer than {ANSWER_BUDGET:g} s")
    response.release_conn()
    return b"".join(parts)


def _lost(request: Request, cause: object) -> ToolError:
    message = f"{request.what}: no answer from the API server: {cause}"
    return UnknownOutcome(message) if request.effect else TransientError(message)


def _tls(request: Request, err: Exception) -> ToolError:
    text = " ".join(str(err).split())
    if "CERTIFICATE" in text or "certificate" in text:
        return Invalid(f"{request.what}: the API server's certificate is not trusted: {text}")
    return _lost(request, text)


def _pause(state: Any) -> float:
    """Back-off before the next attempt: what the server asked for, else 0.1 s doubling to 2 s."""
    error = state.outcome.exception()
    asked = error.retry_after if isinstance(error, TransientError) else None
    backoff = min(0.1 * 2.0 ** (state.attempt_number - 1), 2.0)
    return float(backoff if asked is None else max(asked, backoff))
