"""A proxy in front of an API server that records what passes and spoils chosen answers.

    with FaultProxy(plane.url, ca=plane.ca) as proxy:
        proxy.spoil(hold(), method="PATCH", path="/deployments/")
        ...the agent talks to proxy.url...
        proxy.wait_for_fault()          # the server has committed the write, the agent has no answer
        agent.kill()
        proxy.release()

Plain HTTP towards the client; towards the server HTTP or, with `ca`, HTTPS. Headers pass through, Authorization
too. A fault is used up by the first `times` requests that match it; every request that matches none passes.
Bodies of requests are read whole; bodies of answers are passed on as they come, so that a watch works.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"})
HOLD_AT_MOST = 600.0
REASONS = {
    400: "BadRequest",
    403: "Forbidden",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


@dataclass(frozen=True)
class Request:
    """One request as the client sent it; `status` is what the server answered, None if it was never asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int | None = None

    @property
    def dry_run(self) -> bool:
        return "dryRun=All" in self.path

    @property
    def write(self) -> bool:
        """Whether it can change anything: a dry run, and a question about rights, cannot."""
        asks = "/selfsubject" in self.path
        return self.method in WRITES and not self.dry_run and not asks


@dataclass(frozen=True)
class Fault:
    """What happens to a request: forwarded or not, then held, delayed, answered by us, or cut off."""

    forward: bool = True
    hold: bool = False
    delay: float = 0.0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


def hold() -> Fault:
    """The server acts; its answer waits for `release()`, or for the client to be gone."""
    return Fault(hold=True)


def delay(seconds: float) -> Fault:
    """The answer comes late."""
    return Fault(delay=seconds)


def refuse(status: int, retry_after: int | None = None) -> Fault:
    """The server is not asked; a Status object with 400, 403, 429, 500 or 503 is the answer."""
    return Fault(
        forward=False, status=status, headers={} if retry_after is None else {"Retry-After": str(retry_after)}
    )


def drop(after_commit: bool = False) -> Fault:
    """The connection is closed without an answer, before or after the server has acted."""
    return Fault(forward=after_commit, drop=True)


@dataclass
class _Trap:
    fault: Fault
    matches: Callable[[Request], bool]
    left: int


class FaultProxy:
    """Listens on a loopback port from `start()` (or `with`) to `stop()`; safe to use from any thread."""

    def __init__(self, upstream: str, ca: Path | None = None, port: int = 0) -> None:
        where = urlsplit(upstream)
        self._host, self._port = where.hostname or "127.0.0.1", where.port
        self._tls = ssl.create_default_context(cafile=str(ca)) if where.scheme == "https" else None
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="fault-proxy", daemon=True
        )
        self._lock = threading.Lock()
        self._traps: list[_Trap] = []
        self._requests: list[Request] = []
        self._sprung = threading.Semaphore(0)
        self._released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> list[Request]:
        """Every request whose fate is decided, in the order in which the server answered."""
        with self._lock:
            return list(self._requests)

    @property
    def writes(self) -> list[Request]:
        """The requests that could change something and that the server was asked."""
        return [each for each in self.requests if each.write and each.status is not None]

    def spoil(
        self,
        fault: Fault,
        *,
        method: str | None = None,
        path: str = "",
        when: Callable[[Request], bool] = lambda request: request.write,
        times: int = 1,
    ) -> None:
        """Let the next `times` requests suffer `fault`: of this method, with `path` in theirs, and `when` true.

        By default only real writes match; pass `when=lambda request: True` for reads and dry runs.
        """

        def matches(request: Request) -> bool:
            return method in (None, request.method) and path in request.path and when(request)

        with self._lock:
            self._released.clear()
            self._traps.append(_Trap(fault, matches, times))

    def wait_for_fault(self, within: float = 30) -> None:
        """Until one more fault has struck; a held answer has been committed by then. Raises TimeoutError."""
        if not self._sprung.acquire(timeout=within):
            raise TimeoutError(f"no request met a fault within {within:.0f} s")

    def release(self) -> None:
        """Let held answers go, and forget the faults that were not used."""
        with self._lock:
            self._traps.clear()
            self._released.set()

    def start(self) -> FaultProxy:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> FaultProxy:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    def fault_for(self, request: Request) -> Fault | None:
        with self._lock:
            for trap in self._traps:
                if trap.left and trap.matches(request):
                    trap.left -= 1
                    return trap.fault
        return None

    def record(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def strike(self) -> None:
        """A fault has its request; wakes `wait_for_fault`."""
        self._sprung.release()

    def wait_for_release(self, seconds: float) -> None:
        self._released.wait(seconds)

    def connect(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=120)
        return http.client.HTTPSConnection(self._host, self._port, timeout=120, context=self._tls)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], proxy: FaultProxy) -> None:
        super().__init__(address, _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed in mid-request is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written apart: each answer would wait 40 ms for an ACK
    server: _Server

    def _pass(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        request = Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
        fault = self.server.proxy.fault_for(request)
        if fault is None:
            self._forward(request)
        elif fault.forward:
            self._forward_spoilt(request, fault)
        else:
            self.server.proxy.record(request)
            self._answer_ourselves(fault)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _pass

    def _forward(self, request: Request) -> None:
        connection, answer = self._ask(request)
        try:
            self._send_head(answer)
            while chunk := answer.read1(65536):
                self._send_chunk(chunk)
            self._send_chunk(b"")
        finally:
            connection.close()

    def _forward_spoilt(self, request: Request, fault: Fault) -> None:
        """The whole answer is here, hence committed, before the fault strikes."""
        connection, answer = self._ask(request)
        body = answer.read()
        connection.close()
        self.server.proxy.strike()
        if fault.drop:
            self._cut()
            return
        self.server.proxy.wait_for_release(HOLD_AT_MOST if fault.hold else fault.delay)
        self._send_head(answer)
        if body:
            self._send_chunk(body)
        self._send_chunk(b"")

    def _ask(self, request: Request) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = self.server.proxy.connect()
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP | {"host"}}
        connection.request(request.method, request.path, request.body or None, headers)
        answer = connection.getresponse()
        asked = (request.method, request.path, request.headers, request.body)
        self.server.proxy.record(Request(*asked, status=answer.status))
        return connection, answer

    def _send_head(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _send_chunk(self, chunk: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.flush()

    def _answer_ourselves(self, fault: Fault) -> None:
        self.server.proxy.strike()
        if fault.drop or fault.status is None:
            self._cut()
            return
        reason = REASONS.get(fault.status, "")
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": fault.status}
        said = {"reason": reason, "message": f"{reason}, by order of the test"}
        body = json.dumps(status | said).encode()
        self.send_response_only(fault.status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """What passed is in `requests`."""
