"""With FAIL_ON_SKIP=1 in the environment a skipped test fails the run: in CI everything that a test needs is there.

Loaded by `-p tests.plugins.no_skips`; an expected failure (xfail) is no skip.
"""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("FAIL_ON_SKIP") == "1":
        config.pluginmanager.register(_NoSkips(), "no-skips")


class _NoSkips:
    def __init__(self) -> None:
        self._skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._skipped and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._skipped:
            terminalreporter.section("skipped, which FAIL_ON_SKIP=1 does not allow", red=True)
            for nodeid in self._skipped:
                terminalreporter.line(nodeid)
