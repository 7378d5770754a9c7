"""The demo as a newcomer plays it: the real command, its lines and its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(600)
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
    out, err = process.communicate(timeout=400)
    return [json.loads(line) for line in out.splitlines()], err


def place(line: dict[str, Any]) -> str:
    """The namespace of an incident's target, or the node."""
    return str(line["target"]["namespace"] or line["target"]["name"])


def test_every_incident_of_the_demo_ends_as_expected(played: dict[str, subprocess.Popen[str]]) -> None:
    """One JSON line per incident with the promised fields, and exit status 0."""
    lines, said = lines_of(played["usual"])

    assert played["usual"].returncode == 0, said
    assert [list(line) for line in lines] == [FIELDS] * len(lines)
    assert [(place(line), line["status"], line["action"], line["verdict"]) for line in lines[:3]] == [
        ("shop", "recovered", "rollback_deployment", "RECOVERED"),
        ("orders", "recovered", "restart_deployment", "RECOVERED"),
        ("billing", "escalated", "restart_deployment", "NOT_RECOVERED"),
    ]
    further = [line for line in lines[3:] if place(line) != "billing"]
    assert [(place(line), line["status"], line["action"], line["verdict"]) for line in further] == [
        ("checkout", "recovered", "scale_deployment", "RECOVERED"),
        ("mail", "recovered", "delete_pod", "RECOVERED"),
        ("search", "recovered", "set_memory_limit", "RECOVERED"),
        ("media", "notified", None, None),
        ("blog", "withdrawn", "rollback_deployment", None),
        ("fleet", "recovered", "rollback_deployment", "RECOVERED"),
        ("node-3", "escalated", "cordon_node", "NOT_RECOVERED"),
        ("orders", "recovered", "restart_deployment", "RECOVERED"),
    ]


def test_an_older_revision_that_breaks_is_not_recovered(played: dict[str, subprocess.Popen[str]]) -> None:
    """The rollback did not help: NOT_RECOVERED, and an exit status that says so."""
    lines, said = lines_of(played["breaks"])

    assert played["breaks"].returncode == 1, said
    rolled_back = next(line for line in lines if place(line) == "shop")
    assert (rolled_back["status"], rolled_back["verdict"]) == ("escalated", "NOT_RECOVERED")
