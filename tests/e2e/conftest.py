"""Fixtures of the tests that need the real control plane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload
from tests.e2e.agent import ACCOUNT, SHORT, PlaneAgent, grant
from tests.e2e.audit_log import Right
from tests.e2e.old_hands import OldHands
from tests.e2e.wheel import Installed
from tests.plugins.figures import figures, pytest_terminal_summary

__all__ = ["figures", "pytest_terminal_summary"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for a quarter of an hour comes last: the other tests pass that time."""
    items.sort(key=_is_patient)


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


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, built from the sources and installed once for the run."""
    return Installed.from_sources(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="session")
def rights(plane: ControlPlane, installed: Installed) -> set[Right]:
    """What `sre-agent rbac` grants; applied, so that tokens of its account can be used.

    It may write in the namespaces that tests make, each opted in by a binding of its own, and nowhere else.
    """
    return grant(plane, installed.run("rbac", "--namespace", ACCOUNT, "--nodes"))


@pytest.fixture
def agent(
    plane: ControlPlane, installed: Installed, rights: set[Right], tmp_path: Path
) -> Iterator[PlaneAgent]:
    """The installed agent, ready, with short verification windows."""
    with PlaneAgent(tmp_path / "agent", plane, installed, **SHORT) as started:
        started.start()
        yield started


@pytest.fixture(scope="session")
def old_hands(
    plane: ControlPlane,
    installed: Installed,
    rights: set[Right],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OldHands]:
    """Workloads and an agent as shipped, both since the beginning of the run."""
    with PlaneAgent(tmp_path_factory.mktemp("old-hands"), plane, installed, MODE="auto") as agent:
        yield OldHands.begin(agent, plane)


@pytest.fixture(scope="session", autouse=True)
def _early(request: pytest.FixtureRequest) -> None:
    """Begin what takes long before the first test, if a test of this run wants it."""
    if any(map(_is_patient, request.session.items)):
        request.getfixturevalue("old_hands")


def _is_patient(item: pytest.Item) -> bool:
    return "old_hands" in getattr(item, "fixturenames", ())
