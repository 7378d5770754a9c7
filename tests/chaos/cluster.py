"""A live sandbox with a past, behind a fault proxy, for an agent that runs in another process on the wall clock.

What takes a quarter of an hour happens on a manual clock before the agent is started; from `live` on, the
sandbox's clock is the wall clock.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.chaos.faults import Scene
from tests.chaos.proxy import FaultProxy
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.database import Database
from tools.migrations.run import upgrade
from tools.revisions import SqlRevisions
from tools.sandbox import Sandbox
from tools.sightings import look

HEALTHY = 900.0
"""Sandbox seconds that every workload has been well for."""
ILL = 170.0
"""Sandbox seconds since things went wrong: after the back-offs of 10, 20, 40 and 80 seconds, early in the one of 160,
so that no crashing container is caught between two states while a test goes on."""
LOOK = 150.0
"""Sandbox seconds between two sightings of its past."""
TICK = 0.02


class LiveClock(ManualClock):
    """Stands still until told, and is the wall clock from `go_live` on."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._is_live = False

    def now(self) -> datetime:
        return datetime.now(UTC) if self._is_live else super().now()

    def go_live(self) -> None:
        """No way back."""
        self._is_live = True


class ChaosCluster:
    """The API server of a test and the proxy that the agent knows it by."""

    def __init__(self, sandbox: Sandbox, clock: LiveClock, proxy: FaultProxy, folder: Path) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.proxy = proxy
        self.kubeconfig = _kubeconfig(folder / "kubeconfig", proxy.url)

    def patches(self, namespace: str) -> list[dict[str, Any]]:
        """Bodies of the writes on Deployments of a namespace that the API server has carried out, oldest first."""
        place = f"/namespaces/{namespace}/deployments/"
        return [r.body for r in self.sandbox.requests if r.writes and r.method == "PATCH" and place in r.path]

    def pods(self, namespace: str, workload: str) -> list[dict[str, Any]]:
        """Pods of a Deployment, newest template or not, that are not on their way out."""
        return [p for p in self.sandbox.pods(namespace, workload) if "deletionTimestamp" not in p["metadata"]]

    def images(self, namespace: str, workload: str) -> set[str]:
        """What the pods of a Deployment run."""
        return {pod["spec"]["containers"][0]["image"] for pod in self.pods(namespace, workload)}


@contextmanager
def chaos_cluster(folder: Path, scenes: Sequence[Scene], data: Path) -> Iterator[ChaosCluster]:
    """Start a cluster in which all of `scenes` have gone wrong, and let the record in `data` have seen its past."""
    folder.mkdir(parents=True, exist_ok=True)
    with live_sandbox(scenes, data) as (sandbox, clock), FaultProxy(sandbox.url) as proxy:
        yield ChaosCluster(sandbox, clock, proxy, folder)


@contextmanager
def live_sandbox(scenes: Sequence[Scene], data: Path) -> Iterator[tuple[Sandbox, LiveClock]]:
    """The cluster alone, ill since `ILL` seconds, on the wall clock."""
    clock = LiveClock(datetime.now(UTC) - timedelta(seconds=HEALTHY + ILL))
    with Sandbox(clock=clock, nodes=3) as sandbox:
        for scene in scenes:
            scene.prepare(sandbox)
        _be_seen_healthy(sandbox, clock, data)
        for scene in scenes:
            scene.strike(sandbox, clock)
        sandbox.settle((datetime.now(UTC) - clock.now()).total_seconds())
        clock.go_live()
        with _kept_going(sandbox):
            yield sandbox, clock


def _be_seen_healthy(sandbox: Sandbox, clock: LiveClock, data: Path) -> None:
    """Live through `HEALTHY` seconds, of which the record keeps what the agent would have seen."""
    url = f"sqlite:///{data / 'sre-agent.db'}"
    upgrade(url)
    database = Database.open(url)
    with TemporaryDirectory() as folder:
        reader = KubernetesCluster.connect(str(sandbox.kubeconfig(Path(folder) / "kubeconfig")))
        for _ in range(int(HEALTHY // LOOK)):
            sandbox.settle(LOOK)
            look(reader, SqlRevisions(database), clock)
    database.close()


@contextmanager
def _kept_going(sandbox: Sandbox) -> Iterator[None]:
    """Let the controllers do what is due, all the time."""
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(TICK):
            sandbox.step()

    thread = threading.Thread(target=tick, name="cluster-time", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _kubeconfig(path: Path, server: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "chaos",
        "clusters": [{"name": "chaos", "cluster": {"server": server}}],
        "users": [{"name": "admin", "user": {"token": "admin"}}],
        "contexts": [{"name": "chaos", "context": {"cluster": "chaos", "user": "admin"}}],
    }
    path.write_text(json.dumps(config))
    return path
