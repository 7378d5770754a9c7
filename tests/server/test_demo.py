"""The demo as a newcomer plays it: the real command, its lines and its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(400)
FIELDS = [
    "incident_id",
    "status",
    "alert_name",
    "target",
    "problem",
    "route",
    "action",
    "confidence",
    "verdict",
    "seconds",
]
COMMAND = [str(Path(sys.executable).parent / "sre-agent"), "demo", "--once", "--json"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Both demos, played at the same time: the usual one, and the one whose older revision breaks."""
    folder = tmp_path_factory.mktemp("demo")
    running = {
        name: subprocess.Popen(
            [*COMMAND, *flags], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name, flags in {"usual": [], "breaks": ["--older-revision-breaks"]}.items()
    }
    try:
        yield running
    finally:
        for process in running.values():
            process.kill()
            process.communicate()


def lines_of(process: subprocess.Popen[str]) -> tuple[list[dict[str, Any]], str]:
    """Its JSON lines, and what it said beside them."""
    out, err = process.communicate(timeout=300)
    return [json.loads(line) for line in out.splitlines()], err


def test_every_incident_of_the_demo_ends_as_expected(played: dict[str, subprocess.Popen[str]]) -> None:
    """One JSON line per incident with the promised fields, and exit status 0."""
    lines, said = lines_of(played["usual"])

    assert played["usual"].returncode == 0, said
    assert [list(line) for line in lines] == [FIELDS] * len(lines)
    by_namespace = {line["target"]["namespace"]: (line["status"], line["verdict"]) for line in lines}
    assert by_namespace["shop"] == ("recovered", "RECOVERED")
    assert by_namespace["orders"] == ("recovered", "RECOVERED")
    assert by_namespace["media"] == ("notified", None)
    assert by_namespace["blog"] == ("withdrawn", None)


def test_an_older_revision_that_breaks_is_not_recovered(played: dict[str, subprocess.Popen[str]]) -> None:
    """The rollback did not help: NOT_RECOVERED, and an exit status that says so."""
    lines, said = lines_of(played["breaks"])

    assert played["breaks"].returncode == 1, said
    rolled_back = next(line for line in lines if line["target"]["namespace"] == "shop")
    assert (rolled_back["status"], rolled_back["verdict"]) == ("escalated", "NOT_RECOVERED")
