"""What the notebooks that try things do without a kernel: other playbooks, other instructions, agreement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.notebook.agreeing import agreed
from server.notebook.changes import changes, decided_twice
from server.notebook.moment import chosen_run
from server.notebook.opening import Opened, close_all, opened, opened_all
from server.notebook.prompting import answered, asked, offered, rewritten, sizes
from server.notebook.stopping import Stop
from server.notebook.sureness import by_confidence, judged
from tests.notebooks.recorded import a_record
from tests.server.stored import CORPUS
from tools.adviser import Answer, Reason, Reply
from tools.adviser_records import Recorded
from tools.past_runs import PastRun, past_runs

pytestmark = pytest.mark.timeout(300)
SOME = ("orders-worker", "shop-web")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A copy of what an agent has left: one incident that was rolled back, one that was explained."""
    data, _ = a_record(tmp_path_factory.mktemp("agent"))
    found = opened(str(data))
    yield found
    found.close()


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder with two stored incidents."""
    folder = tmp_path / "some"
    folder.mkdir()
    for name in SOME:
        (folder / name).symlink_to(CORPUS / name)
    return folder


def test_only_what_would_be_decided_otherwise_is_shown(record: Opened) -> None:
    """By the same limits nothing is; in shadow the rollback is; without its playbook it is another class."""
    assert "0 of 2 decisions would change" in repr(changes(decided_twice([record])))
    shadow = repr(changes(decided_twice([record], {"mode": "shadow"})))
    assert "bad_release: ask, rollback_deployment" in shadow
    assert "1 of 2 decisions would change" in shadow
    assert "+ mode: mode is shadow" in shadow
    (pair,) = [pair for pair in decided_twice([record], left_out="bad_release") if pair.changed]
    assert "problem" in pair.changed
    assert (pair.now["problem"], pair.tried["action"]) == ("bad_release", None)
    assert changes(decided_twice([record])).rows == [], "what was left out is asked again"


def test_a_class_that_does_not_exist_is_told(record: Opened) -> None:
    """With those that do."""
    with pytest.raises(Stop, match="no problem class"):
        decided_twice([record], left_out="bad_releases")


def test_stored_incidents_are_compared_too(bundles: Path) -> None:
    """Each from its files."""
    records = opened_all(bundles=str(bundles))
    pairs = decided_twice(records, {"confidence_threshold": 0.99})
    close_all(records)
    assert len(pairs) == len(SOME)
    assert [pair.incident.split("(")[1] for pair in pairs if pair.changed] == ["KubePodCrashLooping)"]


def test_other_instructions_change_their_size_and_nothing_that_may_be_chosen(record: Opened) -> None:
    """Choices and evidence are fixed by code."""
    as_it_is = asked(record, chosen_run(record.database))
    longer = rewritten(as_it_is, lambda text: f"{text}\nBe brief.")
    assert (longer.choices, longer.evidence, longer.user) == (
        as_it_is.choices,
        as_it_is.evidence,
        as_it_is.user,
    )
    table = sizes(as_it_is=as_it_is, longer=longer)
    assert table.rows[1][1] == len(longer.system.encode())
    assert "c1" in repr(offered(as_it_is))
    assert "serious" in repr(answered(record, "declines", as_it_is=as_it_is, longer=longer))
    with pytest.raises(Stop, match="MODEL is off"):
        answered(record, "off", as_it_is=as_it_is)


def test_recorded_answers_need_no_network(tmp_path: Path) -> None:
    """Those of the incident's own file."""
    folder = tmp_path / "orders-worker"
    folder.mkdir()
    for part in (CORPUS / "orders-worker").iterdir():
        (folder / part.name).symlink_to(part)
    reason = Reason(text="the database is back", evidence=("e2",))
    bare = opened(bundle=str(folder))
    digest = asked(bare, chosen_run(bare.database)).digest
    bare.close()
    line = Recorded(prompt=digest, reply=Reply(answer=Answer(choice="c1", doubts="none", reasons=(reason,))))
    (folder / "llm.jsonl").write_text(json.dumps(line.model_dump(mode="json")) + "\n")
    record = opened(bundle=str(folder))
    question = asked(record, chosen_run(record.database))
    assert "the database is back" in repr(answered(record, "recorded", as_it_is=question))
    other = rewritten(question, lambda text: f"{text}\nBe brief.")
    compared = repr(answered(record, "recorded", other=other))
    assert "not compared: no answer to this prompt is on file" in compared
    assert "the database is back" not in compared
    record.close()


def test_an_incident_with_nothing_to_choose_has_no_prompt(record: Opened) -> None:
    """No model would be asked of it."""
    explained = next(run.id for run in _runs(record) if not run.action_taken)
    with pytest.raises(Stop, match="nothing to choose"):
        asked(record, chosen_run(record.database, explained))


def test_confidence_is_judged_by_what_was_right(bundles: Path) -> None:
    """As the report of the evaluation does it; what cannot be judged stops it."""
    known = judged(str(bundles))
    assert [len(each.trials) for each in known.values()] == [len(SOME)] * 3
    assert all(trial.accepted for trial in known["shipped"].trials)
    assert "(ECE), n = 2" in repr(by_confidence(known["shipped"]))
    with pytest.raises(Stop, match="BUNDLES"):
        judged(str(bundles / "nowhere"))
    unjudged = bundles / "unjudged"
    unjudged.mkdir()
    for part in (CORPUS / "shop-web").iterdir():
        if part.name != "expected.yaml":
            (unjudged / part.name).symlink_to(part)
    with pytest.raises(Stop, match=r"unjudged: .*expected\.yaml"):
        judged(str(bundles))


def test_without_stored_incidents_nothing_is_judged() -> None:
    """And why is said."""
    assert {repr(by_confidence(each)).splitlines()[1] for each in judged("").values()} == {
        "  BUNDLES is not set."
    }


def test_agreement_counts_what_people_approved(record: Opened) -> None:
    """The rollback that a person let it do is a case; of the other nobody has said anything."""
    first, second = agreed([record])
    assert (first.action, first.problem, first.counted.agreed) == ("rollback_deployment", "bad_release", 1)
    assert (second.action, second.counted.cases, second.counted.undecided) == ("(nothing)", 0, 1)


def _runs(record: Opened) -> list[PastRun]:
    return past_runs(record.database)
