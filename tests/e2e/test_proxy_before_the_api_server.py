"""The fault proxy in front of the real API server: what the chaos tests of the agent rest on."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.proxy import FaultProxy, drop, hold
from tests.controlplane.api import Json
from tests.controlplane.plane import ControlPlane

pytestmark = pytest.mark.e2e


@pytest.fixture
def proxy(plane: ControlPlane) -> Iterator[FaultProxy]:
    """A proxy that checks the API server's certificate."""
    with FaultProxy(plane.url, ca=plane.ca) as started:
        yield started


def test_the_server_has_committed_a_write_whose_answer_is_held(
    plane: ControlPlane, proxy: FaultProxy, namespace: str
) -> None:
    """Read back beside the proxy, the object is there while its creator still waits."""
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    client = _Client(proxy, _token(plane))
    proxy.spoil(hold(), path="/configmaps")
    client.send("POST", maps, {"metadata": {"name": "held"}})
    proxy.wait_for_fault()
    assert plane.exists(f"{maps}/held")
    proxy.release()
    assert client.answer()[0] == 201


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_dropped_write_is_committed_or_not(
    plane: ControlPlane, proxy: FaultProxy, namespace: str, after_commit: bool
) -> None:
    """The same broken connection, told apart only by reading back."""
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    client = _Client(proxy, _token(plane))
    proxy.spoil(drop(after_commit), path="/configmaps")
    client.send("POST", maps, {"metadata": {"name": "lost"}})
    with pytest.raises(http.client.RemoteDisconnected):
        client.answer()
    assert plane.exists(f"{maps}/lost") is after_commit


def test_a_token_passes_through(
    plane: ControlPlane, proxy: FaultProxy, namespace: str, tmp_path: Path
) -> None:
    """The server sees the ServiceAccount behind the proxy, and its audit log names it."""
    plane.service_account_kubeconfig(namespace, "agent", tmp_path / "kubeconfig")
    config = json.loads((tmp_path / "kubeconfig").read_text())
    client = _Client(proxy, config["users"][0]["user"]["token"])
    client.send("GET", f"/api/v1/namespaces/{namespace}/secrets")
    status, body = client.answer()
    assert (status, body["reason"]) == (403, "Forbidden")
    plane.eventually(lambda: len(plane.audit(f"{namespace}:agent")) == 1, what="the audit event")


class _Client:
    def __init__(self, proxy: FaultProxy, token: str) -> None:
        self._connection = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: Json | None = None) -> None:
        self._connection.request(method, path, json.dumps(body) if body else None, self._headers)

    def answer(self) -> tuple[int, Json]:
        try:
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            self._connection.close()


def _token(plane: ControlPlane) -> str:
    token: str = json.loads(plane.admin_kubeconfig.read_text())["users"][0]["user"]["token"]
    return token
