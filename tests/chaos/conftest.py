"""Figures of chaos tests, shown when the run has ended: how often what was killed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

_LINES = pytest.StashKey[list[str]]()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say a line that belongs into the summary of the run."""
    lines = request.config.stash.setdefault(_LINES, [])
    return lambda text: lines.append(f"{request.node.name}: {text}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("chaos")
        for line in lines:
            terminalreporter.line(line)
