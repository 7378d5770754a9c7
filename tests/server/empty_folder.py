"""A data folder as a first start leaves it, for tests that copy it. As a plugin (`pytest_plugins`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.migrations.run import upgrade


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as a first start leaves it: making one takes longer than a run."""
    folder = tmp_path_factory.mktemp("empty")
    upgrade(f"sqlite:///{folder / 'sre-agent.db'}")
    return folder
