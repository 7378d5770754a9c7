"""Pages of a list expire, as etcd's compaction makes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.api_server import Client, connect
from tools.clock import ManualClock
from tools.sandbox import Sandbox


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def client(clock: ManualClock, tmp_path: Path) -> Iterator[Client]:
    """An admin of a sandbox on that clock."""
    with Sandbox(clock, nodes=3) as sandbox:
        yield connect(sandbox.kubeconfig(tmp_path / "kubeconfig"))


def _token(client: Client) -> str:
    return str(client.get("/api/v1/nodes", limit=1).json["metadata"]["continue"])


def test_a_page_is_there_for_five_minutes(client: Client, clock: ManualClock) -> None:
    """A slow reader still gets the rest."""
    token = _token(client)
    clock.advance(290)
    answer = client.get("/api/v1/nodes", limit=5, continue_=token)
    assert [node["metadata"]["name"] for node in answer.json["items"]] == ["node-2", "node-3"]


def test_an_expired_page_is_gone(client: Client, clock: ManualClock) -> None:
    """410 Expired: list again from the start."""
    token = _token(client)
    clock.advance(310)
    refused = client.get("/api/v1/nodes", limit=5, continue_=token)
    assert (refused.status, refused.reason) == (410, "Expired")


def test_only_so_many_pages_are_kept(client: Client) -> None:
    """Readers that never come back do not fill the memory."""
    first = _token(client)
    for _ in range(250):
        last = _token(client)
    assert client.get("/api/v1/nodes", continue_=first).status == 410
    assert client.get("/api/v1/nodes", continue_=last).status == 200
