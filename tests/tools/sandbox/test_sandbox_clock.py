"""Time in the sandbox belongs to its clock."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.contract.api_server import MERGE_PATCH, Client, connect, deployment, is_ready, rolled_out
from tools.clock import ManualClock, ScaledClock
from tools.sandbox import Sandbox

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
WEB = "/apis/apps/v1/namespaces/shop/deployments/web"


def _sandbox() -> Sandbox:
    sandbox = Sandbox(ManualClock(START), seed=3)
    sandbox.apply(deployment(fault="crashloop") | {"metadata": {"name": "web", "namespace": "shop"}})
    return sandbox


def _history(sandbox: Sandbox) -> str:
    kinds = ("Deployment", "ReplicaSet", "Pod", "Event")
    return json.dumps([sandbox.list(kind, "shop") for kind in kinds], sort_keys=True)


def test_the_same_seed_gives_the_same_history() -> None:
    """Names, uids, events and times: a failing run can be run again."""
    first, second = _sandbox(), _sandbox()
    for sandbox in (first, second):
        sandbox.settle(300)
    assert _history(first) == _history(second)


def test_one_long_step_equals_many_short_ones() -> None:
    """A clock that jumps leaves out nothing of what happened meanwhile, and dates it right."""
    jumped, walked = _sandbox(), _sandbox()
    assert isinstance(jumped.clock, ManualClock)
    jumped.clock.advance(300)
    jumped.step()
    for _ in range(100):
        walked.settle(3)
    assert _history(jumped) == _history(walked)


def test_nothing_happens_while_the_clock_stands() -> None:
    """However often one looks."""
    sandbox = _sandbox()
    sandbox.settle(30)
    before = _history(sandbox)
    for _ in range(10):
        sandbox.step()
    assert _history(sandbox) == before


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Sandbox, Client]]:
    """A sandbox on a manual clock, served."""
    with Sandbox(ManualClock(START), seed=3) as sandbox:
        sandbox.apply(deployment() | {"metadata": {"name": "web", "namespace": "shop"}})
        yield sandbox, connect(sandbox.kubeconfig(tmp_path / "kubeconfig"))


def test_a_request_sees_the_world_of_its_instant(served: tuple[Sandbox, Client]) -> None:
    """The clock was advanced, nobody called step: the answer is up to date all the same."""
    sandbox, client = served
    assert isinstance(sandbox.clock, ManualClock)
    sandbox.clock.advance(30)
    assert rolled_out(client.get(WEB).json)


def test_a_control_plane_that_falls_behind_observes_nothing(served: tuple[Sandbox, Client]) -> None:
    """observedGeneration lags while controllers are paused: not rolled out, whatever the counts say."""
    sandbox, client = served
    sandbox.settle(30)
    sandbox.fault("shop", "web", "notready")
    sandbox.pause_controllers()
    client.patch(WEB, {"spec": {"minReadySeconds": 1}}, MERGE_PATCH)
    sandbox.settle(60)
    found = client.get(WEB).json
    assert found["metadata"]["generation"] == found["status"]["observedGeneration"] + 1
    sandbox.clear_faults()
    sandbox.resume_controllers()
    sandbox.settle(5)
    assert rolled_out(client.get(WEB).json)


def test_every_request_is_recorded(served: tuple[Sandbox, Client]) -> None:
    """Method, path, user, body, dry run and status: what tests compare with the ledger."""
    sandbox, client = served
    client.patch(WEB, {"spec": {"replicas": 1}}, MERGE_PATCH, dryRun="All", fieldManager="sre-agent")
    client.patch(WEB, {"spec": {"replicas": 1}}, MERGE_PATCH)
    client.get("/api/v1/namespaces/shop/pods/nobody")
    dry, real, missing = sandbox.requests[-3:]
    assert (dry.method, dry.path, dry.dry_run, dry.writes) == ("PATCH", WEB, True, False)
    assert dry.query["fieldManager"] == "sre-agent"
    assert (real.body, real.user, real.status, real.writes) == ({"spec": {"replicas": 1}}, "admin", 200, True)
    assert (missing.method, missing.status, missing.writes) == ("GET", 404, False)


def test_a_running_clock_needs_no_steps() -> None:
    """The demo's way: the world goes on by itself, faster than the wall if the clock is."""
    sandbox = Sandbox(ScaledClock(100.0), nodes=1).start()
    try:
        sandbox.apply(deployment(replicas=1) | {"metadata": {"name": "web", "namespace": "shop"}})
        deadline = time.monotonic() + 20
        while not [pod for pod in sandbox.pods("shop", "web") if is_ready(pod)]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with pytest.raises(TypeError, match="ManualClock"):
            sandbox.settle(1)
    finally:
        sandbox.stop()


def test_a_stopped_sandbox_leaves_nothing_behind(tmp_path: Path) -> None:
    """No thread, no port; and it can be started again."""
    before = {thread.name for thread in threading.enumerate()}
    sandbox = Sandbox(ScaledClock(10.0), nodes=1)
    for _ in range(2):
        sandbox.start()
        assert connect(sandbox.kubeconfig(tmp_path / "kubeconfig")).get("/version").status == 200
        sandbox.stop()
    assert {thread.name for thread in threading.enumerate()} - before == set()
    with pytest.raises(RuntimeError, match="not started"):
        _ = sandbox.url


def test_an_event_is_gone_after_an_hour() -> None:
    """The API server's TTL: evidence has to be read in time."""
    sandbox = Sandbox(ManualClock(START), seed=3)
    sandbox.apply(deployment() | {"metadata": {"name": "web", "namespace": "shop"}})
    sandbox.settle(3500)
    assert sandbox.list("Event", "shop")
    sandbox.settle(200)
    assert sandbox.list("Event", "shop") == []
