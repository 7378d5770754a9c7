"""What the notebooks' functions do without a kernel: the moment of a decision, other limits, other models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.notebook.again import compared, decide_again, limits_of, model_named, same
from server.notebook.moment import at_decision, chosen_run
from server.notebook.opening import Opened, close_all, opened, opened_all
from server.notebook.stopping import Stop
from server.notebook.story import Story
from tests.harness import deployment, harness
from tests.notebooks.recorded import a_record, explained
from tests.server.stored import CORPUS
from tools.clock import SystemClock
from tools.incidents import SqlIncidents

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A copy of what an agent has left: one incident that was rolled back, one that was explained."""
    data, _ = a_record(tmp_path_factory.mktemp("agent"))
    found = opened(str(data))
    yield found
    found.close()


@pytest.fixture(scope="module")
def stored() -> Iterator[Opened]:
    """A stored incident that is restarted without a person."""
    found = opened(bundle=str(CORPUS / "orders-worker"))
    yield found
    found.close()


def made(record: Opened, incident_id: str) -> dict[str, Any]:
    """The decision on record."""
    found = SqlIncidents(record.database, SystemClock()).decision(incident_id)
    assert found is not None
    return found


def test_by_the_same_limits_the_same_is_decided(record: Opened, stored: Opened) -> None:
    """Though the action was done since, the incident has ended, and its alert may have resolved."""
    for each in (record, stored):
        run = chosen_run(each.database)
        again = decide_again(each, run)
        assert same(again, made(each, run.id)), compared(run, each, again=again)


def test_other_limits_decide_otherwise_and_leave_the_copy_alone(record: Opened) -> None:
    """Shadow asks nobody; the copy tells what it told before."""
    run = chosen_run(record.database)
    before = record.file.read_bytes()
    assert decide_again(record, run, {"mode": "shadow"})["route"] == "notify"
    assert decide_again(record, run, {"namespace_deny": ["shop"]})["route"] == "notify"
    assert made(record, run.id)["route"] == "ask"
    assert record.file.read_bytes() == before


def test_a_model_that_declines_unlocks_nothing(record: Opened, stored: Opened) -> None:
    """It takes the action away and is named; the candidates are the same."""
    for each in (record, stored):
        advised = decide_again(each, chosen_run(each.database), model="declines")
        assert (advised["route"], advised["action"]) == ("notify", None)
        assert advised["decider"] == "example:declines"


def test_the_moment_forgets_what_came_after_it(tmp_path: Path) -> None:
    """A pause, a resolve and a second alert that came later are not there when it is decided again."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(60)
        incident_id = explained(agent)
        agent.clock.advance(60)
        agent.client.post("/pause", json={"reason": "later"})
        agent.clock.advance(60)
        explained(agent, "OrdersQueueStuck")
        found = opened(str(agent.agent.settings.data_dir))
    run = chosen_run(found.database, incident_id)
    with at_decision(found.file, run, limits_of(found, run)) as moment:
        assert not moment.services.controls.pause_state().paused
        assert [alert.name for alert in moment.case.alerts] == ["OrdersQueueGrows"]
    found.close()


def test_an_incident_without_a_target_is_told_too(tmp_path: Path) -> None:
    """Nothing was read for it; the same is decided again."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = explained(agent)
        found = opened(str(agent.agent.settings.data_dir))
    run = chosen_run(found.database, incident_id)
    assert "could not be told" in repr(Story(found, run).found())
    assert same(decide_again(found, run), made(found, incident_id))
    found.close()


def test_the_newest_that_acted_is_told_unless_another_one_is_named(record: Opened) -> None:
    """And an id that is not there names some that are."""
    assert chosen_run(record.database).action_taken == "rollback_deployment"
    there = chosen_run(record.database).id
    with pytest.raises(Stop, match=f"no incident abc.\nIncidents that were decided: .*{there}"):
        chosen_run(record.database, "abc")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"mode": "sometimes"}, "mode: Input should be"),
        ({"treshold": 1}, "treshold: Extra inputs .*\nCHANGED may name: mode, confidence_threshold"),
    ],
)
def test_a_limit_that_is_none_is_named(record: Opened, changed: dict[str, Any], complaint: str) -> None:
    """With those that there are."""
    with pytest.raises(Stop, match=complaint):
        decide_again(record, chosen_run(record.database), changed)


def test_a_model_that_is_not_there_is_said(record: Opened, stored: Opened) -> None:
    """Unknown, without a key, and without answers on file."""
    with pytest.raises(Stop, match=r"MODEL 'gpt' is none of off, groq, recorded, declines"):
        model_named("gpt", record)
    with pytest.raises(Stop, match="set GROQ_API_KEY"):
        model_named("groq", record)
    unheard = decide_again(stored, chosen_run(stored.database), model="recorded")
    assert "no answer was recorded" in str(unheard["reasons"])
    assert unheard["route"] == "act"


def test_trouble_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A folder that is not there, one that holds no incident, a file that is no record, a newer record."""
    (tmp_path / "sre-agent.db").write_text("not a database at all, but long enough to look like one" * 20)
    for given, complaint in (
        ({"bundle": str(tmp_path / "none")}, "there is no folder"),
        ({"bundle": str(tmp_path)}, "meta.yaml: missing"),
        ({"data_dir": str(tmp_path)}, "cannot be copied: file is not a database"),
    ):
        with pytest.raises(Stop, match=complaint) as stopped:
            opened(**given)
        assert "Set DATA_DIR" in str(stopped.value)
    with pytest.raises(Stop, match="no incident in it"):
        opened_all(bundles=str(tmp_path))


def test_each_copy_goes_away(tmp_path: Path) -> None:
    """With the folder that it is in."""
    (found,) = opened_all(bundles=str(CORPUS / "shop-web"))
    close_all([found])
    assert not found.file.parent.exists()
