"""A cluster in a process of its own, so that its work is not counted as the agent's.

Run as a program it prints one JSON line (kubeconfig and, for each workload, the alerts about it), serves until its
standard input is closed, and prints when which write arrived.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.chaos.agent_process import ROOT
from tests.chaos.cluster import live_sandbox
from tests.chaos.faults import Scene

READY_SECONDS = 600


@dataclass
class ClusterProcess:
    """What a measurement knows of the cluster."""

    kubeconfig: Path
    alerts: dict[str, list[dict[str, Any]]]
    """By namespace."""
    writes: dict[str, datetime]
    """When the API server was asked to change the Deployment of a namespace; known once it has stopped."""


@contextmanager
def cluster_process(folder: Path, data: Path, workloads: int) -> Iterator[ClusterProcess]:
    """Start one with as many bad releases; `data` is where the agent's record will find that they were healthy."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.bench.cluster", str(folder), str(data), str(workloads)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        cluster = ClusterProcess(Path(told["kubeconfig"]), told["alerts"], {})
        try:
            yield cluster
        finally:
            process.stdin.close()
            written = json.loads(process.stdout.readline() or "{}")
            cluster.writes.update({name: datetime.fromisoformat(at) for name, at in written.items()})


def main(folder: str, data: str, workloads: str) -> None:
    """Serve until nobody listens any more."""
    scenes = [Scene("bad_release", f"ns-{number:03}") for number in range(int(workloads))]
    with live_sandbox(scenes, Path(data)) as (sandbox, clock):
        kubeconfig = sandbox.kubeconfig(Path(folder) / "kubeconfig")
        alerts = {scene.namespace: scene.alerts(sandbox, clock) for scene in scenes}
        _say({"kubeconfig": str(kubeconfig), "alerts": alerts})
        sys.stdin.read()
        writes = [r for r in sandbox.requests if r.writes and r.method == "PATCH"]
        _say({r.path.split("/namespaces/")[1].split("/")[0]: r.at.isoformat() for r in writes})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
