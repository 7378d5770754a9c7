"""The two servers that have to agree."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from tools.clock import ScaledClock
from tools.sandbox import Sandbox

SPEED = 20.0
"""How much faster than the wall the sandbox's clock runs, so that back-off is no reason to wait."""
FORGOTTEN_AFTER = 310.0
"""Seconds: five minutes and a little."""
Load: TypeAlias = Callable[[str, float], None]
"""`load(namespace, cores)`: all ready pods of the Deployment `web` together use so much from now on."""


class SandboxBackend:
    """The sandbox, started once, on a fast clock."""

    def __init__(self, broken: Iterable[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-")
        self._clock = ScaledClock(SPEED)
        self.sandbox = Sandbox(self._clock, nodes=3, broken=broken).start()
        self._path = self.sandbox.kubeconfig(Path(self._folder.name) / "admin.kubeconfig")

    @property
    def url(self) -> str:
        return self.sandbox.url

    def kubeconfig(self) -> Path:
        return self._path

    def new_namespace(self) -> str:
        name = f"contract-{uuid.uuid4().hex[:8]}"
        self.sandbox.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def delete_namespace(self, name: str) -> None:
        self.sandbox.delete("Namespace", "", name)

    def forget_the_past(self) -> None:
        """What was is forgotten, as etcd's compaction does it every five minutes."""
        self._clock.skip(FORGOTTEN_AFTER)

    @contextmanager
    def metrics(self) -> Iterator[Load]:
        """`metrics.k8s.io` tells what pods use."""
        yield lambda namespace, cores: self.sandbox.load(namespace, "web", cores=cores)

    def stop(self) -> None:
        self.sandbox.stop()
        self._folder.cleanup()


class ControlPlaneBackend:
    """The real control plane that this test run shares."""

    def __init__(self) -> None:
        from tests.controlplane.plane import ControlPlane

        self._plane = ControlPlane.shared()

    @property
    def url(self) -> str:
        return self._plane.url

    def kubeconfig(self) -> Path:
        return self._plane.admin_kubeconfig

    def new_namespace(self) -> str:
        return self._plane.new_namespace("contract")

    def delete_namespace(self, name: str) -> None:
        if self._plane.exists(f"/api/v1/namespaces/{name}"):
            self._plane.delete_namespace(name)

    def forget_the_past(self) -> None:
        """As the API server does every five minutes."""
        self._plane.compact()

    @contextmanager
    def metrics(self) -> Iterator[Load]:
        """It has none but here."""
        from tests.controlplane.metrics import FakeMetrics

        with FakeMetrics(self._plane) as served:
            yield served.load

    def stop(self) -> None:
        """The run that shares it stops it."""


def open_backend(server: str, broken: Iterable[str] = ()) -> SandboxBackend | ControlPlaneBackend:
    """The backend that the option `--server` names."""
    return ControlPlaneBackend() if server == "controlplane" else SandboxBackend(broken)
