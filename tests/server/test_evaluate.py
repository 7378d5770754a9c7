"""The evaluation: every case by itself, a report as JSON or a table, and an exit status that means something."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from graph.question import MOST_BYTES
from server.cli import main
from server.evaluate import Evaluation, find_cases
from server.scoreboard import minimum
from server.stage import Stage
from tests.server.stored import CORPUS, copied
from tools.adviser import Answer, Question, Reason, Reply
from tools.adviser_records import Listening, Recorded, RecordedAdviser
from tools.bundle import BundleError
from tools.llm_usage import Usage


def evaluate(*arguments: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def two(folder: Path) -> Path:
    """A folder with one case that asks and one that acts."""
    for name in ("shop-web", "orders-worker"):
        shutil.copytree(CORPUS / name, folder / name)
    return folder


def test_the_report_has_the_documented_form(tmp_path: Path) -> None:
    """Each key of it, so that other programs may read it."""
    ran = evaluate(two(tmp_path), "--json")
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert {case["id"]: case["answer"] for case in told["cases"]} == {
        "shop-web": "needs_approval",
        "orders-worker": "restart_deployment",
    }
    (asked,) = [case for case in told["cases"] if case["id"] == "shop-web"]
    keys = "id route action object answer problem confidence outcome best seconds llm_calls tokens"
    assert set(keys.split()) <= asked.keys()
    assert (asked["object"], asked["action"]["name"]) == ("shop/Deployment/web", "rollback_deployment")
    counts = ["n", "accepted", "best", "harmful", "misleading", "neutral"]
    rest = ["by_source", "core", "baselines", "calibration", "ece", "p50_seconds", "p95_seconds"]
    rest += ["auroc", "threshold", "actions", "misses", "requests", "prompt_bytes", "step_seconds"]
    assert {*counts, *rest} <= told["summary"].keys()
    assert set(told["summary"]["baselines"]) == {"always_notify", "always_ask_rollback", "always_restart"}
    assert [told["summary"][name] for name in counts] == [2, 2, 2, 0, 0, 0]


def test_what_a_decision_costs_is_measured(tmp_path: Path) -> None:
    """Requests to the API, bytes of the prompt that nobody was sent, and the time of each step."""
    told = json.loads(evaluate(copied("shop-web", tmp_path), "--prompts", "--json").stdout)
    (case,), summary = told["cases"], told["summary"]
    assert 5 < case["requests"] < 60
    assert summary["requests"] == {"n": 1, "median": case["requests"], "max": case["requests"]}
    assert 1000 < case["prompt_bytes"] <= MOST_BYTES
    assert summary["prompt_bytes"]["max"] == case["prompt_bytes"]
    assert case["llm_calls"] == 0
    assert {"parse_alert", "gather_logs", "decide", "request_approval"} <= summary["step_seconds"].keys()
    assert summary["actions"] == {"n": 1, "reached": 1, "acted": 0, "asked": 1}


def test_a_case_that_cannot_be_run_costs_no_other(tmp_path: Path) -> None:
    """It is named with its reason, the others are scored, and the exit status is 2."""
    two(tmp_path)
    (tmp_path / "shop-web" / "expected.yaml").unlink()
    ran = evaluate(tmp_path)
    assert ran.exit_code == 2
    assert "expected.yaml: missing" in ran.stdout
    assert "1 could not be run" in ran.stdout
    assert "restart_deployment" in ran.stdout


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        (["--min-accepted", "2", "--min-best", "100%", "--max-harmful", "0"], 0),
        (["--min-accepted", "3"], 1),
        (["--min-best", "2.5"], 1),
        (["--min-best", "many"], 2),
        (["--record"], 2),
    ],
)
def test_thresholds_decide_the_exit_status(tmp_path: Path, wanted: list[str], status: int) -> None:
    """1 when one is not met, 2 for one that cannot be meant."""
    assert evaluate(two(tmp_path), *wanted).exit_code == status


@pytest.mark.parametrize(
    ("text", "cases"), [("38", 38.0), ("95%", 38.0), ("0.95", 38.0), ("1.0", 40.0), ("1", 1.0)]
)
def test_a_minimum_is_a_number_or_a_share(text: str, cases: float) -> None:
    """Of forty cases."""
    assert minimum(text, 40) == pytest.approx(cases)


def test_mode_is_auto_whatever_the_live_run_had(tmp_path: Path) -> None:
    """Decisions of bundles from many places are compared in one mode."""
    case = copied("orders-worker", tmp_path, mode="shadow")
    told = json.loads(evaluate(case, "--json").stdout)
    assert [entry["answer"] for entry in told["cases"]] == ["restart_deployment"]


def test_cases_are_found_in_folders_of_folders(tmp_path: Path) -> None:
    """Each once, named by its place; a folder without any is refused."""
    two(tmp_path / "own")
    assert [case.id for case in find_cases([tmp_path])] == ["own/orders-worker", "own/shop-web"]
    found = find_cases([tmp_path / "own", tmp_path / "own" / "shop-web"])
    assert [case.id for case in found] == ["orders-worker", "shop-web"]
    assert [case.id for case in find_cases([tmp_path / "own" / "shop-web"])] == ["shop-web"]
    (tmp_path / "none").mkdir()
    with pytest.raises(BundleError, match="no incident in it"):
        find_cases([tmp_path / "none"])


def test_what_was_expected_decides_nothing(tmp_path: Path) -> None:
    """The same decision whatever is expected: only its score changes."""
    case = copied("shop-web", tmp_path)
    before = json.loads(evaluate(case, "--json").stdout)["cases"][0]
    wrong = {
        "expected": "scale_deployment",
        "harmful": ["rollback_deployment"],
        "target": "shop/Deployment/web",
    }
    (case / "expected.yaml").write_text(yaml.safe_dump(wrong))
    after = json.loads(evaluate(case, "--json").stdout)["cases"][0]
    told = ("route", "action", "object", "answer", "problem", "confidence")
    assert [before[name] for name in told] == [after[name] for name in told]
    assert (before["outcome"], after["outcome"]) == ("accepted", "misleading")


def test_several_runs_are_added_up(tmp_path: Path) -> None:
    """How often each was accepted."""
    case = copied("shop-web", tmp_path)
    told = json.loads(evaluate(case, "--json", "--runs", 2).stdout)
    assert (told["cases"][0]["runs"], told["cases"][0]["accepted_runs"]) == (2, 2)
    assert told["summary"]["all_runs_accepted"] == 1


class Yes:
    """An adviser that agrees with the first candidate."""

    vendor = "script"
    up = True

    def __init__(self) -> None:
        self.usage = Usage()

    def ask(self, question: Question) -> Reply:
        reason = Reason(text="it fits", evidence=question.evidence[:1])
        answer = Answer(choice=question.choices[0], doubts="none", reasons=(reason,))
        return Reply(answer=answer, model="yes", calls=1, prompt_tokens=900, completion_tokens=60)

    def check(self) -> str:
        return "agrees"

    def close(self) -> None:
        """Holds nothing."""


def test_answers_are_recorded_and_given_again(tmp_path: Path) -> None:
    """With what they cost; offline the second time, and the same decision."""
    (case,) = find_cases([copied("shop-web", tmp_path)])
    with Stage() as stage:
        (live,) = Evaluation(stage, lambda bundle: Yes(), record=True).run([case])
        kept = [json.loads(line) for line in (case.path / "llm.jsonl").read_text().splitlines()]
        (again,) = Evaluation(stage, lambda bundle: RecordedAdviser(bundle.llm)).run([case])
    assert len(kept) == 1
    assert (live.llm_calls, live.tokens) == (1, 960)
    assert (again.given, again.score) == (live.given, live.score)


def test_an_answer_that_was_not_recorded_is_missed(tmp_path: Path) -> None:
    """By name of the command that records it; a case in which nobody is asked needs none."""
    ran = evaluate(copied("shop-web", tmp_path), "--llm", "recorded")
    assert ran.exit_code == 2
    assert "sre-agent evaluate DIR --llm groq --record" in ran.stdout
    assert evaluate(copied("pulse", tmp_path), "--llm", "recorded").exit_code == 0


def test_a_recording_that_cannot_be_read_is_refused() -> None:
    """With how to make one."""
    with pytest.raises(BundleError, match="record it with"):
        RecordedAdviser([{"answer": 1}])


def test_an_answer_is_found_by_its_question() -> None:
    """Whatever their order; a question that has changed since gets the next one."""

    def question(text: str) -> Question:
        return Question(system="s", user=text, choices=("c1",), evidence=("e1",))

    lines: list[dict[str, Any]] = [
        Recorded(prompt=question(text).digest, reply=Reply(model=text)).model_dump(mode="json")
        for text in ("one", "two")
    ]
    told = Listening(RecordedAdviser(lines))
    assert [told.ask(question(text)).model for text in ("two", "other")] == ["two", "one"]
    assert told.ask(question("more")).answer is None


def test_without_a_key_groq_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saying what to use instead."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    ran = evaluate(copied("shop-web", tmp_path), "--llm", "groq")
    assert ran.exit_code == 2
    assert "--llm off" in ran.stderr
