"""`sre-agent evaluate DIR --explain CASE`: what a decision was made from, and where each playbook gave up."""

from __future__ import annotations

import json
import linecache
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import graph.playbooks
from graph.diagnosis import diagnose
from graph.playbooks import playbooks
from server.cli import main
from server.explained_text import text
from server.proof_attempts import attempts
from tests.graph.evidence_builders import TARGET, evidence
from tests.server.stored import CORPUS


def explain(*arguments: object) -> Result:
    """Run the command over the corpus."""
    return CliRunner().invoke(main, ["evaluate", str(CORPUS), "--explain", *map(str, arguments)])


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """A rollback that is asked for, explained."""
    made: dict[str, Any] = json.loads(explain("shop-web", "--json").stdout)
    return made


def test_every_step_of_a_decision_is_there(told: dict[str, Any]) -> None:
    """Evidence, every playbook, the candidate with what each rule said and its confidence, the decision, the score."""
    (incident,) = told["incidents"]
    assert {item["kind"] for item in incident["evidence"]} >= {"workload", "pods", "revisions"}
    proving = [each.problem for each in playbooks() if not each.only_explains]
    assert [proof["problem"] for proof in incident["proofs"]] == proving
    (candidate,) = incident["candidates"]
    assert candidate["action"]["name"] == incident["decision"]["action"]["name"] == "rollback_deployment"
    assert [said["rule"] for said in candidate["spoke"]] == ["risk"]
    assert "threshold" in candidate["silent"]
    assert candidate["confidence_parts"] == incident["decision"]["confidence_parts"]
    assert (told["case"]["outcome"], told["case"]["best"]) == ("accepted", True)
    assert set(told["baselines"]) == {"always_notify", "always_ask_rollback", "always_restart"}


def test_the_text_tells_the_same(told: dict[str, Any]) -> None:
    """A section to each step; without characters that a terminal obeys, wherever they come from."""
    told["incidents"][0]["evidence"][0]["excerpt"] = "one\x1b[2Jtwo"
    shown = "\n".join(text(told))
    for part in ("Alerts", "Evidence", "Proofs tried", "bad_release", "Candidates", "risk asks:", "Decision"):
        assert part in shown
    assert "one[2Jtwo" in shown


def test_what_proves_first_is_what_is_decided() -> None:
    """The same evidence, the same answer; and nobody else is traced afterwards."""
    before, read = sys.gettrace(), evidence()
    made = attempts(read)
    finding, _ = diagnose(read, TARGET)
    first = next((each.finding for each in made if each.finding), None)
    assert (first or finding).problem == finding.problem
    assert sys.gettrace() is before


def test_every_other_playbook_says_where_it_gave_up() -> None:
    """A line of its own file, and that very line."""
    folder = Path(graph.playbooks.__file__).parent
    silent = [each for each in attempts(evidence()) if each.finding is None]
    assert silent
    for each in silent:
        name, _, number = each.stopped_at.partition(":")
        assert linecache.getline(str(folder / name), int(number)).strip() == each.line != ""


def test_a_case_is_found_by_its_name_or_not_at_all() -> None:
    """A name that fits none is refused, with one that is near."""
    refused = explain("shop-wbe")
    assert refused.exit_code == 2
    assert "near: shop-web" in refused.stderr


def test_a_case_that_cannot_be_run_says_why(tmp_path: Path) -> None:
    """There is nothing else to explain, and the exit status is that of a failure."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "meta.yaml").write_text("now: 2026-01-01T00:00:00Z\n")
    ran = CliRunner().invoke(main, ["evaluate", str(tmp_path), "--explain", "broken"])
    assert ran.exit_code == 2
    assert "could not be run" in ran.stdout
