"""`sre-agent policy explain`: a stored incident's rules, from a record that an agent has left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graph.policy import RULES
from server.cli import main
from tests.harness import harness
from tests.notebooks.recorded import explained, rolled_back

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The data folder; an incident that was asked about in a freeze and rolled back, and one that was explained."""
    folder = tmp_path_factory.mktemp("agent")
    policy = folder / "policy.yaml"
    policy.write_text("freeze_windows: [{name: year end, time_zone: UTC, since: 2020-01-01}]")
    with harness(folder, MODE="auto", POLICY_FILE=str(policy)) as agent:
        acted = rolled_back(agent)
        told = explained(agent)
    return folder / "data", acted, told


def run(data: Path, *words: str) -> Result:
    """The command on that record; the present configuration knows no freeze."""
    return CliRunner().invoke(main, ["policy", "explain", *words], env={"DATA_DIR": str(data)})


def test_it_says_of_every_rule_what_it_answered_and_with_which_values(left: tuple[Path, str, str]) -> None:
    """By the limits of then, though the file is not configured any more; the record says the same."""
    data, acted, _ = left
    result = run(data, acted, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert (told["problem"], told["route"], told["action"]) == ("bad_release", "ask", "rollback_deployment")
    spoke = {each["rule"]: each for each in told["spoke"]}
    assert set(spoke) == {"risk", "change_freeze"}
    assert spoke["change_freeze"]["values"]["settings.freeze_windows"][0]["name"] == "year end"
    assert spoke["risk"]["values"]["risk"] == "high"
    assert {each["rule"] for each in told["silent"]} | set(spoke) == {rule.__name__ for rule in RULES}
    assert (told["limits"], told["differs"]) == ("the limits that were in force then", [])


def test_for_people_what_stood_in_the_way_comes_first(left: tuple[Path, str, str]) -> None:
    """With reason, meaning and values."""
    data, acted, _ = left
    lines = run(data, acted).output.splitlines()
    assert lines[0] == f"Incident {acted}: Deployment/shop/web, bad_release, ask"
    assert lines[1].startswith("Proposed: rollback_deployment, confidence ")
    assert lines.index("In the way:") < lines.index("Not in the way:")
    assert any(line.startswith("  risk: rollback_deployment is high risk") for line in lines)


def test_where_nothing_was_proposed_no_rule_was_asked(left: tuple[Path, str, str]) -> None:
    """It says so."""
    data, _, told = left
    assert "Nothing was proposed, so no rule was asked." in run(data, told).output


def test_an_unknown_incident_is_told_with_those_that_there_are(left: tuple[Path, str, str]) -> None:
    """Exit status 2."""
    data, acted, _ = left
    result = run(data, "nobody")
    assert result.exit_code == 2
    assert "no incident nobody" in result.output
    assert acted in result.output


def test_all_rules_are_printed() -> None:
    """As the document has them."""
    result = CliRunner().invoke(main, ["policy", "rules"])
    assert result.exit_code == 0
    assert result.output.count("\n| `") == len(RULES)
