"""Health: from the last look only, honest about what is down, and never itself down with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.health import Probes
from tests.server.app_stand import HTML, START, Stand, stand
from tools.clock import ManualClock
from tools.errors import StoreError, TransientError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A loopback server without tokens."""
    with stand(tmp_path) as made:
        yield made


class Cluster:
    """A service that works, or not."""

    def __init__(self) -> None:
        self.error = ""
        self.looks = 0

    def version(self) -> str:
        self.looks += 1
        if self.error:
            raise TransientError(self.error)
        return "v1.33.1"


def health(server: Stand) -> dict[str, object]:
    """The body of /health."""
    body = server.client().get("/health").json
    assert body is not None
    return body


def test_the_words_that_users_know(server: Stand) -> None:
    """`k8s`, `groq` and `auto_action` are booleans, beside the state of each service."""
    cluster = Cluster()
    server.probes.watch("k8s", cluster.version)
    server.probes.absent("groq")
    server.probes.refresh()
    body = health(server)
    assert (body["status"], body["k8s"], body["groq"], body["auto_action"]) == ("ok", True, False, False)
    assert body["services"]["k8s"] == {  # type: ignore[index]
        "state": "ok",
        "latency_ms": 0.0,
        "detail": "v1.33.1",
        "last_error": "",
        "failed_at": None,
        "checked_at": START.isoformat(),
    }
    assert body["services"]["groq"]["state"] == "not_configured"  # type: ignore[index]


def test_a_request_never_looks_itself(server: Stand) -> None:
    """However often it is asked, only the refresh looks."""
    cluster = Cluster()
    server.probes.watch("k8s", cluster.version)
    client = server.client()
    assert [client.get("/health").status_code for _ in range(3)] == [200] * 3
    assert cluster.looks == 0
    assert health(server)["services"]["k8s"]["state"] == "unknown"  # type: ignore[index]


def test_what_is_down_is_named_and_remembered(server: Stand) -> None:
    """Still 200: the agent itself answers. After recovery the last error stays, with its time."""
    cluster = Cluster()
    server.probes.watch("k8s", cluster.version)
    cluster.error = "connection refused"
    server.probes.refresh()
    body = health(server)
    assert (body["status"], body["k8s"], body["down"]) == ("degraded", False, ["k8s"])
    assert "Down: k8s" in server.client().get("/", headers=HTML).get_data(as_text=True)
    cluster.error = ""
    server.clock.advance(5)
    server.probes.refresh()
    service = health(server)["services"]["k8s"]  # type: ignore[index]
    assert (service["state"], service["last_error"]) == ("ok", "connection refused")
    assert service["failed_at"] == START.isoformat()


@pytest.mark.parametrize(
    ("mode", "paused", "auto"), [("auto", False, True), ("auto", True, False), ("shadow", False, False)]
)
def test_auto_action_says_whether_it_acts_by_itself_now(
    tmp_path: Path, mode: str, paused: bool, auto: bool
) -> None:
    """In mode auto, unless it is paused."""
    with stand(tmp_path, {"MODE": mode}) as server:
        if paused:
            server.client().post("/pause")
        body = health(server)
        assert (body["auto_action"], body["mode"], body["paused"]) == (auto, mode, paused)


def test_what_everybody_must_know_stands_on_every_page(tmp_path: Path) -> None:
    """A test cluster, an administrator's kubeconfig, a pause."""
    with stand(tmp_path, {"TEST_CLUSTER": "true"}) as server:
        server.approval()
        server.probes.note("One account serves reading and acting.", admin_kubeconfig=True)
        server.client().post("/pause", json={"reason": "freeze"})
        body = health(server)
        assert (body["test_cluster"], body["admin_kubeconfig"]) == (True, True)
        for path in ("/", "/incidents", "/incidents/i1", "/approve/a1", "/pending", "/login", "/nothing"):
            page = server.client().get(path, headers=HTML).get_data(as_text=True)
            for words in ("Test cluster", "administrator", "One account", "Paused by local", "freeze"):
                assert words in page, (path, words)


def test_a_broken_store_is_told_everywhere_and_breaks_nothing_else(server: Stand) -> None:
    """/health and /livez answer, /readyz is 503 with the reason, pages explain."""
    server.database.close()
    (server.settings.data_dir / "sre-agent.db").write_bytes(b"no database at all" * 100)
    for extra in ("-wal", "-shm"):
        (server.settings.data_dir / f"sre-agent.db{extra}").unlink(missing_ok=True)
    client = server.client()
    assert client.get("/livez").status_code == 200
    body = health(server)
    assert (body["status"], body["down"], body["paused"]) == ("degraded", ["store"], None)
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json is not None
    assert "damaged" in ready.json["detail"]
    page = client.get("/", headers=HTML)
    assert page.status_code == 503
    assert "The record cannot be read" in page.get_data(as_text=True)
    assert "sre_agent_store_readable 0.0" in client.get("/metrics").get_data(as_text=True)


def test_a_worker_that_has_died_is_told(server: Stand) -> None:
    """/livez is 503, so that whoever watches over the process starts a new one; /health names it."""
    client = server.client()
    assert (client.get("/livez").status_code, health(server)["down"]) == (200, [])
    server.worker_works = False
    gone = client.get("/livez")
    assert gone.status_code == 503
    assert gone.json is not None
    assert "restart this process" in gone.json["detail"]
    assert health(server)["down"] == ["worker"]


def test_ready_means_that_the_store_commits(server: Stand) -> None:
    """200 after a committed probe."""
    assert server.client().get("/readyz").json == {"status": "ready"}


def test_probes_are_kept_fresh_until_stopped() -> None:
    """The thread looks at once, again and again, and ends when it is told."""
    probes, cluster, stop = Probes(ManualClock(), lambda: 0.0), Cluster(), threading.Event()
    looked = threading.Event()

    def look() -> str:
        if cluster.looks >= 2:
            looked.set()
        return cluster.version()

    probes.watch("k8s", look)
    thread = threading.Thread(target=probes.keep_fresh, args=(stop, 0.01))
    thread.start()
    assert looked.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_only_errors_of_tools_mean_down() -> None:
    """A defect of a probe is not hidden as a service that is down."""
    probes = Probes(ManualClock(), lambda: 0.0)

    def broken() -> str:
        raise KeyError("defect")

    def full() -> str:
        raise StoreError("the disk is full")

    probes.watch("store", full)
    probes.refresh()
    assert probes().services["store"].last_error == "the disk is full"
    probes.watch("k8s", broken)
    with pytest.raises(KeyError):
        probes.refresh()
