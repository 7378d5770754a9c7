"""A command over the API's WebSocket channels: how it ends, how it is lost, and that nothing is sent twice."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, connect, deployment
from tools.cluster import KubernetesCluster
from tools.container_commands import PROTOCOLS, Ran, dialler, run
from tools.errors import Forbidden, Invalid, NotFound, ToolError, TransientError, UnknownOutcome
from tools.sandbox import Sandbox
from tools.sandbox.server import refused_port

WORDS = ("report", "--all")


@pytest.fixture
def pod(sandbox: Sandbox) -> str:
    """One of three that run."""
    sandbox.apply(deployment())
    sandbox.settle(60)
    return str(sandbox.pods(NAMESPACE, "web")[0]["metadata"]["name"])


def begin(cluster: KubernetesCluster, pod: str, argv: Any = WORDS, *, seconds: float = 30) -> Ran:
    return cluster.run_command(NAMESPACE, pod, "web", argv, seconds=seconds)


def test_it_ends_with_its_exit_status_and_what_it_printed(
    sandbox: Sandbox, cluster: KubernetesCluster, pod: str
) -> None:
    """Both streams, apart; the words reach it as they are."""
    words = ("report", "a b", "", "*", "c&stdin=true", "ü")
    sandbox.command(NAMESPACE, "web", words, stdout=b"out\n", stderr=b"err\n", exit_code=3)
    ran = begin(cluster, pod, words)
    assert (ran.exit_code, ran.why_unknown) == (3, "")
    assert (bytes(ran.stdout.head), bytes(ran.stderr.head)) == (b"out\n", b"err\n")
    (started,) = sandbox.commands
    assert (started.pod, started.container, started.argv) == (pod, "web", words)
    request = sandbox.requests[-1]
    assert (request.status, request.writes) == (101, True)
    assert "stdin" not in request.query
    assert "tty" not in request.query


def test_megabytes_are_read_and_not_kept(sandbox: Sandbox, cluster: KubernetesCluster, pod: str) -> None:
    """All of it is taken off the wire, so that the exit status behind it is heard."""
    sandbox.command(NAMESPACE, "web", WORDS, stdout=b"0123456789abcde\n" * 300_000)
    ran = begin(cluster, pod)
    assert (ran.exit_code, ran.stdout.total) == (0, 4_800_000)
    assert ran.stdout.left_out > 4_000_000


def test_a_connection_that_is_torn_off_tells_no_end(
    sandbox: Sandbox, cluster: KubernetesCluster, pod: str
) -> None:
    """What came until then is kept, and it is not begun again."""
    sandbox.command(NAMESPACE, "web", WORDS, ending="cut", stdout=b"half")
    ran = begin(cluster, pod)
    assert (ran.exit_code, bytes(ran.stdout.head)) == (None, b"half")
    assert "the connection was lost while it ran" in ran.why_unknown
    assert len(sandbox.commands) == 1


def test_one_that_does_not_end_is_left_when_its_time_is_over(
    sandbox: Sandbox, cluster: KubernetesCluster, pod: str
) -> None:
    """Nobody stops it: it may be running still."""
    sandbox.command(NAMESPACE, "web", WORDS, ending="open")
    ran = begin(cluster, pod, seconds=0.2)
    assert ran.exit_code is None
    assert "may be running still" in ran.why_unknown


def test_a_program_that_is_not_there_tells_why(cluster: KubernetesCluster, pod: str) -> None:
    """As a Status on the error channel, without an exit status."""
    ran = begin(cluster, pod, ("nothing",))
    assert ran.exit_code is None
    assert "executable file not found" in ran.why_unknown


def test_a_container_that_does_not_run_runs_nothing(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """The kubelet's answer, after the upgrade."""
    sandbox.apply(deployment("ill", fault="imagepull"))
    sandbox.settle(30)
    sandbox.command(NAMESPACE, "ill", WORDS)
    ran = begin(cluster, sandbox.pods(NAMESPACE, "ill")[0]["metadata"]["name"])
    assert ran.exit_code is None
    assert "container not found" in ran.why_unknown
    assert sandbox.commands == []


def test_a_refusal_is_an_error_with_nothing_run(
    sandbox: Sandbox, cluster: KubernetesCluster, pod: str, tmp_path: Any
) -> None:
    """No such pod, another container, no right, a name that would leave the path."""
    sandbox.command(NAMESPACE, "web", WORDS)
    with pytest.raises(NotFound):
        begin(cluster, "other")
    with pytest.raises(Invalid, match="container other is not valid"):
        cluster.run_command(NAMESPACE, pod, "other", WORDS, seconds=5)
    with pytest.raises(Forbidden, match='cannot get resource "pods/exec"'):
        begin(connect(sandbox, tmp_path, sandbox.token(NAMESPACE, "nobody")), pod)
    with pytest.raises(Invalid, match="cannot be the name"):
        begin(cluster, f"{pod}/../x")
    assert sandbox.commands == []


class Configured:
    """What `dialler` reads of the library's configuration."""

    def __init__(self, url: str) -> None:
        from kubernetes.client import Configuration

        self.configuration = Configuration(host=url)


def test_a_server_that_is_not_there_was_sent_nothing() -> None:
    """To be tried again later."""
    with refused_port() as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(TransientError, match="no connection"):
            run(dialler(Configured(url).configuration), "/x", "web", WORDS, seconds=5, what="it")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", UnknownOutcome),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", UnknownOutcome),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Invalid),
    ],
    ids=["closed", "500", "no upgrade"],
)
def test_an_answer_that_leaves_it_open_is_unknown(answer: bytes, error: type[Exception]) -> None:
    """Hung up on or failed after the request was sent: it may have begun."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dial = dialler(Configured(url_of(server)).configuration)
        with pytest.raises(error), _Answering(server, answer):
            run(dial, "/x", "web", WORDS, seconds=5, what="it")


def test_a_redirect_is_followed_nowhere() -> None:
    """Whoever it leads to would be sent the token."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other:
        place = url_of(other).replace("http", "ws")
        answer = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()
        other.setblocking(False)
        dial = dialler(Configured(url_of(server)).configuration)
        with pytest.raises(ToolError), _Answering(server, answer):
            run(dial, "/x", "web", WORDS, seconds=5, what="it")
        with pytest.raises(BlockingIOError):
            other.accept()


def url_of(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


class _Answering:
    """Takes one connection in a thread, reads the request and answers."""

    def __init__(self, listening: socket.socket, answer: bytes) -> None:
        import threading

        self._thread = threading.Thread(target=self._serve, args=(listening, answer), daemon=True)

    def _serve(self, listening: socket.socket, answer: bytes) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)


def test_the_newer_protocol_is_asked_for_first() -> None:
    """v5 tells when a stream ends; v4 is what older servers speak."""
    assert PROTOCOLS == ("v5.channel.k8s.io", "v4.channel.k8s.io")
