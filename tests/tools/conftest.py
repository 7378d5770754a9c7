"""Fixtures of the tests of what touches a cluster: a live sandbox on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.shop import START, connect
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.sandbox import Sandbox


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until the test moves it, through `sandbox.settle`."""
    return ManualClock(START)


@pytest.fixture
def sandbox(clock: ManualClock) -> Iterator[Sandbox]:
    """A cluster of three nodes, served over HTTP."""
    with Sandbox(clock=clock, nodes=3, seed=7) as running:
        yield running


@pytest.fixture
def cluster(sandbox: Sandbox, tmp_path: Path) -> KubernetesCluster:
    """The real adapter as the sandbox's administrator."""
    return connect(sandbox, tmp_path)
