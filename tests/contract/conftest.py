"""The server under contract: the sandbox, or with `--server=controlplane` the real thing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.api_server import ApiServer
from tests.contract.backends import ControlPlaneBackend, SandboxBackend, open_backend


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[SandboxBackend | ControlPlaneBackend]:
    """Started once for all contract tests of a run."""
    broken = request.config.getoption("--broken")
    opened = open_backend(request.config.getoption("--server"), broken.split(",") if broken else ())
    yield opened
    opened.stop()


@pytest.fixture
def server(backend: SandboxBackend | ControlPlaneBackend) -> Iterator[ApiServer]:
    """The server with a namespace for one test."""
    one = ApiServer(backend)
    yield one
    backend.delete_namespace(one.namespace)
