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
ILL = 150.0
"""Sandbox seconds since things went wrong."""
TICK = 0.02


class ChaosCluster:
    """The API server of a test and the proxy that the agent knows it by."""

    def __init__(self, sandbox: Sandbox, clock: ManualClock, proxy: FaultProxy, folder: Path) -> None:
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
    clock = ManualClock(datetime.now(UTC) - timedelta(seconds=HEALTHY + ILL))
    with Sandbox(clock=clock, nodes=3) as sandbox, FaultProxy(sandbox.url) as proxy:
        cluster = ChaosCluster(sandbox, clock, proxy, folder)
        _live_through(cluster, scenes, data)
        with _live(cluster):
            yield cluster


def _live_through(cluster: ChaosCluster, scenes: Sequence[Scene], data: Path) -> None:
    sandbox, clock = cluster.sandbox, cluster.clock
    for scene in scenes:
        scene.prepare(sandbox)
    url = f"sqlite:///{data / 'sre-agent.db'}"
    upgrade(url)
    database = Database.open(url)
    reader = KubernetesCluster.connect(str(cluster.kubeconfig))
    for _ in range(int(HEALTHY // 60)):
        sandbox.settle(60)
        look(reader, SqlRevisions(database), clock)
    database.close()
    for scene in scenes:
        scene.strike(sandbox, clock)
    sandbox.settle((datetime.now(UTC) - clock.now()).total_seconds())


@contextmanager
def _live(cluster: ChaosCluster) -> Iterator[None]:
    """Tie the sandbox's clock to the wall clock."""
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(TICK):
            cluster.clock.set(datetime.now(UTC))
            cluster.sandbox.step()

    thread = threading.Thread(target=tick, name="wall-clock", daemon=True)
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
