"""Fixtures of the tests that need the real control plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload


@pytest.fixture(scope="session")
def plane() -> ControlPlane:
    """The control plane of this run; a machine without Go skips, by name, every test that needs it."""
    return ControlPlane.shared()


@pytest.fixture
def namespace(plane: ControlPlane) -> Iterator[str]:
    """A namespace for one test."""
    name = plane.new_namespace("e2e")
    yield name
    plane.delete_namespace(name)


@pytest.fixture
def web(plane: ControlPlane, namespace: str) -> Workload:
    """A Deployment `web` that the test creates as it needs it."""
    return Workload(plane, namespace, "web")
