"""The proxy that spoils answers: what it does to a client, and what the server behind it has done by then."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.chaos.proxy import FaultProxy, delay, drop, hold, refuse
from tests.controlplane import certificates


@dataclass
class Upstream:
    """A server that remembers what it was asked and answers with it."""

    url: str
    seen: list[tuple[str, str, bytes, str | None]] = field(default_factory=list)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """The server behind the proxy, over plain HTTP."""
    yield from _serve(None)


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[FaultProxy]:
    """A started proxy in front of it."""
    with FaultProxy(upstream.url) as started:
        yield started


def test_what_is_not_spoilt_passes_unchanged(upstream: Upstream, proxy: FaultProxy) -> None:
    """Method, path, query, body and Authorization reach the server, status and body the client."""
    assert _ask(proxy, "PATCH", "/apis/x?dryRun=All", b"{}") == (200, "PATCH /apis/x?dryRun=All")
    assert _ask(proxy, "GET", "/missing") == (404, "GET /missing")
    assert upstream.seen == [
        ("PATCH", "/apis/x?dryRun=All", b"{}", "Bearer agent"),
        ("GET", "/missing", b"", "Bearer agent"),
    ]
    assert [(r.method, r.status) for r in proxy.requests] == [("PATCH", 200), ("GET", 404)]


def test_one_connection_carries_many_requests(proxy: FaultProxy) -> None:
    """The agent's client keeps its connections; the proxy must not end them after an answer."""
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"))
    for path in ("/one", "/two"):
        connection.request("GET", path)
        assert connection.getresponse().read().decode() == f"GET {path}"
    connection.close()


def test_a_stream_is_passed_on_as_it_comes(proxy: FaultProxy) -> None:
    """A watch shows its first event before its last one was sent."""
    with urllib.request.urlopen(f"{proxy.url}/watch", timeout=30) as answer:
        assert answer.readline() == b"first\n"
        with urllib.request.urlopen(f"{proxy.url}/go-on", timeout=30):
            pass
        assert answer.readline() == b"last\n"


def test_a_held_answer_comes_after_the_server_has_acted(upstream: Upstream, proxy: FaultProxy) -> None:
    """Between commit and answer, the moment in which the agent is killed; reads go on meanwhile."""
    proxy.spoil(hold(), method="PATCH", path="/deployments/")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(_ask, proxy, "PATCH", "/deployments/web", b"{}")
        proxy.wait_for_fault()
        assert [(method, path) for method, path, *_ in upstream.seen] == [("PATCH", "/deployments/web")]
        assert _ask(proxy, "GET", "/deployments/web")[0] == 200
        assert not answer.done()
        proxy.release()
        assert answer.result(30) == (200, "PATCH /deployments/web")
    assert _ask(proxy, "PATCH", "/deployments/web", b"{}")[0] == 200


def test_a_client_that_is_gone_does_not_harm_the_next(upstream: Upstream, proxy: FaultProxy) -> None:
    """A killed agent's held answer goes nowhere, and its successor is served."""
    proxy.spoil(hold())
    connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"))
    connection.request("POST", "/pods")
    proxy.wait_for_fault()
    connection.close()
    assert _ask(proxy, "POST", "/pods")[0] == 200
    proxy.release()
    assert [r.method for r in proxy.writes] == ["POST", "POST"]
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_dropped_connection_has_no_answer(
    upstream: Upstream, proxy: FaultProxy, after_commit: bool
) -> None:
    """Whether the server acted is the difference that the client cannot see."""
    proxy.spoil(drop(after_commit))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        _ask(proxy, "POST", "/pods")
    assert len(upstream.seen) == len(proxy.writes) == int(after_commit)


@pytest.mark.parametrize(("status", "retry_after"), [(429, 3), (500, None), (503, None)])
def test_a_refusal_does_not_reach_the_server(
    upstream: Upstream, proxy: FaultProxy, status: int, retry_after: int | None
) -> None:
    """A Status object with the code, and Retry-After when it was asked for; the next request passes."""
    proxy.spoil(refuse(status, retry_after))
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(_request(proxy, "PATCH", "/x"), timeout=30)
    with refused.value as error:
        assert error.code == json.loads(error.read())["code"] == status
        assert error.headers["Retry-After"] == (None if retry_after is None else str(retry_after))
    assert upstream.seen == []
    assert _ask(proxy, "PATCH", "/x")[0] == 200


def test_only_real_writes_match_unless_the_test_says_otherwise(proxy: FaultProxy) -> None:
    """Reads, dry runs and questions about rights pass a fault that is meant for the write."""
    proxy.spoil(refuse(500))
    assert _ask(proxy, "GET", "/x")[0] == 200
    assert _ask(proxy, "PATCH", "/x?dryRun=All")[0] == 200
    assert _ask(proxy, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")[0] == 200
    assert _ask(proxy, "PATCH", "/x")[0] == 500
    proxy.spoil(refuse(503), method="GET", when=lambda request: True, times=2)
    assert [_ask(proxy, "GET", "/x")[0] for _ in range(3)] == [503, 503, 200]


def test_a_delayed_answer_arrives(upstream: Upstream, proxy: FaultProxy) -> None:
    """The server has acted before the delay begins, and the answer is whole."""
    proxy.spoil(delay(0.2))
    assert _ask(proxy, "DELETE", "/pods/a") == (200, "DELETE /pods/a")
    assert len(upstream.seen) == 1


def test_waiting_for_a_fault_that_never_strikes_ends(proxy: FaultProxy) -> None:
    """A test whose agent never wrote fails with a reason instead of hanging."""
    with pytest.raises(TimeoutError):
        proxy.wait_for_fault(within=0.05)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_tls_towards_the_server_is_checked(tmp_path: Path) -> None:
    """With the right authority it passes; a certificate of another authority is refused."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
    made, other = certificates.create(ours), certificates.create(theirs)
    serving = _serve(made)
    upstream = next(serving)
    with FaultProxy(upstream.url, ca=made.ca) as trusting:
        assert _ask(trusting, "GET", "/x") == (200, "GET /x")
    with FaultProxy(upstream.url, ca=other.ca) as suspicious, pytest.raises(http.client.RemoteDisconnected):
        _ask(suspicious, "GET", "/x")
    assert next(serving, None) is None


def _serve(tls: certificates.Certificates | None) -> Iterator[Upstream]:
    upstream = Upstream("")
    go_on = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            upstream.seen.append((self.command, self.path, body, self.headers["Authorization"]))
            if self.path == "/go-on":
                go_on.set()
            said = f"{self.command} {self.path}".encode()
            self.send_response(404 if self.path == "/missing" else 200)
            if self.path == "/watch":
                self._stream()
                return
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def _stream(self) -> None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"6\r\nfirst\n\r\n")
            go_on.wait(30)
            self.wfile.write(b"5\r\nlast\n\r\n0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A refused handshake is part of a test."""

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.server, tls.server_key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https"
    upstream.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _request(proxy: FaultProxy, method: str, path: str, body: bytes | None = None) -> urllib.request.Request:
    headers = {"Authorization": "Bearer agent", "Content-Type": "application/merge-patch+json"}
    return urllib.request.Request(proxy.url + path, method=method, data=body, headers=headers)


def _ask(proxy: FaultProxy, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(_request(proxy, method, path, body), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
