"""Figures that tests measured, shown when the run has ended.

A conftest takes both names: `from tests.plugins.figures import figures, pytest_terminal_summary`.
"""

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
    """Once, however many conftests have taken this hook."""
    lines = config.stash.get(_LINES, [])
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.line(line)
        lines.clear()
