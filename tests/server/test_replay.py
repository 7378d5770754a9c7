"""A stored incident is decided again: the same every time, as the bundle says, and without writing anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from server.cli import main
from server.stage import Decided, Stage, Undecided
from tests.server.stored import CORPUS, copied, files
from tools.bundle import Bundle, BundleError
from tools.sandbox.frozen import FrozenSandbox


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One for all tests, as an evaluation has one for all cases."""
    with Stage() as made:
        yield made


def decide(stage: Stage, path: Path, **more: Any) -> Decided:
    """Decide the bundle in this folder."""
    return stage.decide(Bundle.load(path), **more)


def only(decided: Decided) -> dict[str, Any]:
    """Its one decision."""
    (decision,) = decided.decisions
    return decision


def test_a_bundle_is_decided_the_same_every_time(stage: Stage) -> None:
    """But for the incident's id; one stage leaks nothing from case to case."""
    first = only(decide(stage, CORPUS / "shop-web"))
    assert only(decide(stage, CORPUS / "orders-worker"))["route"] == "act"
    again = only(decide(stage, CORPUS / "shop-web"))
    assert (first["route"], first["action"]["name"]) == ("ask", "rollback_deployment")
    assert first.pop("incident_id") != again.pop("incident_id")
    assert first == again


def test_the_command_prints_records_and_writes_nothing(tmp_path: Path) -> None:
    """A JSON line for each decision, and not a byte of the bundle is touched."""
    case = copied("shop-web", tmp_path)
    before = files(case)
    ran = CliRunner().invoke(main, ["replay", str(case)])
    assert ran.exit_code == 0, ran.output
    (line,) = ran.stdout.splitlines()
    assert json.loads(line)["action"]["name"] == "rollback_deployment"
    assert files(case) == before


@pytest.mark.parametrize(
    ("meta", "asked", "route"),
    [
        ({}, "", "act"),
        ({"mode": "approve"}, "", "ask"),
        ({"mode": "shadow"}, "", "notify"),
        ({"mode": "approve"}, "auto", "act"),
        ({"policy": {"confidence_threshold": 0.99}}, "", "ask"),
        ({"policy": {"namespace_allow": ["shop"]}}, "", "notify"),
    ],
)
def test_mode_and_limits_are_those_of_the_live_run(
    stage: Stage, tmp_path: Path, meta: dict[str, Any], asked: str, route: str
) -> None:
    """As meta.yaml says, in mode auto without a word, and otherwise as the caller says."""
    case = copied("orders-worker", tmp_path, **meta)
    assert only(decide(stage, case, mode=asked))["route"] == route


def test_the_record_carries_the_live_runs_id(stage: Stage, tmp_path: Path) -> None:
    """So that a captured bundle gives the very same record."""
    case = copied("shop-web", tmp_path, incident_id="0123456789abcdef")
    assert only(decide(stage, case))["incident_id"] == "0123456789abcdef"


def with_history(case: Path, **history: Any) -> Path:
    """The case with another memory."""
    (case / "history.yaml").write_text(yaml.safe_dump(history))
    return case


TRIED = {"workload": "orders/Deployment/worker", "action": "restart_deployment", "problem": "transient_crash"}

JUDGED_WRONG = {
    **{"workload": "x/Deployment/y", "problem": "transient_crash", "decided": "restart_deployment"},
    **{"mark": {"right": False}, "ago": 60 * 30},
}
"""On another workload, where it was only proposed."""
JUDGED_RIGHT = {**JUDGED_WRONG, "mark": {"right": True}}
WRITTEN = {**TRIED, "workload": "x/Deployment/y", "automatic": True, "verdict": "RECOVERED"}


@pytest.mark.parametrize(
    ("history", "route"),
    [
        ({"incidents": [{**TRIED, "verdict": "NOT_RECOVERED", "ago": 100}]}, "notify"),
        ({"actions": [{**TRIED, "verdict": "NOT_RECOVERED", "ago": 100}]}, "notify"),
        ({"incidents": [{**TRIED, "verdict": "NOT_RECOVERED", "ago": 60 * 30}]}, "ask"),
        ({"incidents": [{**TRIED, "verdict": "RECOVERED", "ago": 60 * 30}]}, "act"),
        ({"actions": [{**TRIED, "workload": "orders/Deployment/other", "ago": 1}]}, "ask"),
        ({"actions": [{**WRITTEN, "ago": 70}] * 6}, "act"),
        ({"actions": [{**WRITTEN, "ago": 40}] * 6}, "ask"),
        ({"paused": "a migration runs"}, "notify"),
        ({"incidents": [JUDGED_WRONG]}, "ask"),
        ({"incidents": [JUDGED_WRONG, JUDGED_RIGHT, JUDGED_RIGHT]}, "act"),
    ],
    ids=[
        "tried",
        "written",
        "long-ago",
        "helped",
        "in-flight",
        "old-budget",
        "budget",
        "paused",
        "wrong",
        "right",
    ],
)
def test_nothing_is_remembered_but_the_history(
    stage: Stage, tmp_path: Path, history: dict[str, Any], route: str
) -> None:
    """An attempt forbids a second one, an old failure asks, budgets and writes in flight count, a pause holds; a
    decision for the same that was marked wrong asks until more were marked right.
    """
    case = with_history(copied("orders-worker", tmp_path), **history)
    assert only(decide(stage, case))["route"] == route
    assert only(decide(stage, CORPUS / "orders-worker"))["route"] == "act"


def test_a_revision_that_was_seen_healthy_proves_the_way_back(stage: Stage, tmp_path: Path) -> None:
    """One that was seen ill is no way back, however long it was current."""
    case = copied("search-indexer", tmp_path)
    place = {"workload": "search/Deployment/indexer", "revision": 1}
    assert "not proved" in str(only(decide(stage, case))["reasons"])
    with_history(case, revisions=[{**place, "minutes": 30, "ago": 25}])
    assert "seen ready for 30 minutes" in str(only(decide(stage, case))["reasons"])
    with_history(case, revisions=[{**place, "minutes": 30, "healthy": False}])
    assert only(decide(stage, case))["route"] == "notify"


def test_a_namespace_that_may_not_be_read_asks(stage: Stage, tmp_path: Path) -> None:
    """Its mode label could have narrowed the mode: a person decides, and the run goes on."""
    forbidden = only(decide(stage, copied("orders-worker", tmp_path / "a", forbidden=["namespaces"])))
    captured = ["Deployment", "ReplicaSet", "Pod", "Event", "Service"]
    unrecorded = only(decide(stage, copied("orders-worker", tmp_path / "b", captured=captured)))
    for decision in (forbidden, unrecorded):
        assert (decision["route"], decision["action"]["name"]) == ("ask", "restart_deployment")
        assert "evidence_incomplete: could not be read" in str(decision["blocked_by"])
        assert "namespace" in str(decision["blocked_by"])


def test_what_was_not_captured_is_a_failed_read(stage: Stage, tmp_path: Path) -> None:
    """Never "there is none": without the Services a dependency that was away cannot be ruled out."""
    case = copied("shop-web", tmp_path, captured=["Namespace", "Deployment", "ReplicaSet", "Pod", "Event"])
    decision = only(decide(stage, case))
    assert (decision["route"], decision["action"]["name"]) == ("ask", "rollback_deployment")
    assert decision["confidence"] < 0.8
    assert "could not be read: dependencies" in str(decision["blocked_by"])


def test_a_cluster_that_does_not_answer_is_explained(stage: Stage) -> None:
    """Without waiting for it."""
    decided = decide(stage, CORPUS / "edge-cache")
    assert {(d["route"], d["target"]) for d in decided.decisions} == {("notify", None)}


def test_alerts_that_came_together_make_one_incident_for_each_workload(stage: Stage) -> None:
    """Seven pods of three workloads; twelve pods of one in three bodies."""
    storm = decide(stage, CORPUS / "loans-scoring")
    assert sorted(d["target"]["name"] for d in storm.decisions) == ["archive", "offers", "scoring"]
    assert decide(stage, CORPUS / "fleet-sensors").incidents == 1


def test_two_alerts_with_other_labels_meet_at_their_workload(stage: Stage, tmp_path: Path) -> None:
    """Their labels make two runs; both name their target before one of them ends."""
    case = copied("mail-relay", tmp_path)
    body = json.loads((case / "alert.json").read_text())
    first = body["alerts"][0]
    about = {"alertname": "RelayDown", "namespace": "mail", "deployment": "relay", "severity": "warning"}
    body["alerts"] = [first, {**first, "labels": about, "fingerprint": "00000000000000aa"}]
    (case / "alert.json").write_text(json.dumps(body))
    decided = decide(stage, case)
    assert (decided.incidents, len(decided.decisions)) == (1, 1)


def test_healthy_pods_do_not_end_an_alert_that_is_not_about_them(stage: Stage) -> None:
    """Processor time does not show in their state."""
    assert only(decide(stage, CORPUS / "pricing-feed"))["problem"] != "recovered_by_itself"
    assert only(decide(stage, CORPUS / "profile-avatar"))["problem"] == "recovered_by_itself"


def test_what_is_passed_over_is_said(stage: Stage, tmp_path: Path) -> None:
    """Keys that nobody knows, and entries that are no alerts."""
    case = with_history(
        copied("shop-web", tmp_path, policy={"mood": 3}), incidents=[{**TRIED, "colour": 1}], moods=[]
    )
    body = json.loads((case / "alert.json").read_text())
    body["alerts"].append({"status": "perhaps"})
    (case / "alert.json").write_text(json.dumps(body))
    notes = decide(stage, case).notes
    assert [note for note in notes if "moods" in note]
    assert [note for note in notes if "colour" in note]
    assert [note for note in notes if "mood is not known" in note]
    assert [note for note in notes if "webhook body 1: alerts[1]" in note]


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("history.yaml", "incidents: [{problem: x}]", "history.yaml: incidents.0.workload: Field required"),
        ("history.yaml", "revisions: [{workload: web, revision: 1, minutes: 1}]", "namespace/Kind/name"),
        (
            "history.yaml",
            "revisions: [{workload: shop/Deployment/web, revision: 9, minutes: 1}]",
            "revision 9",
        ),
        (
            "history.yaml",
            "revisions: [{workload: shop/Deployment/w, revision: 1, minutes: 1}]",
            "no shop/Deployment/w",
        ),
        ("history.yaml", "incidents: [{id: a, workload: a/b/c}, {id: a, workload: a/b/c}]", "there twice"),
        ("history.yaml", "actions: [{workload: a/b/c, action: x, at: 2026-01-01T00:00:00}]", "time zone"),
        ("alert.json", '{"version": "3", "alerts": []}', "webhook body 1 would be refused"),
        ("meta.yaml", "now: 2026-03-05T06:17:00Z\npolicy: 7", "policy: must be a mapping"),
        ("meta.yaml", "now: 2026-03-05T06:17:00Z\nmode: sometimes", "meta.yaml: policy: mode"),
    ],
)
def test_a_bundle_that_is_wrong_is_refused_with_its_place(
    stage: Stage, tmp_path: Path, file: str, text: str, complaint: str
) -> None:
    """The file and what is wrong in it; never a stack trace."""
    case = copied("shop-web", tmp_path)
    (case / file).write_text(text)
    with pytest.raises((BundleError, Undecided)) as refused:
        decide(stage, case)
    assert complaint in str(refused.value)


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """On stderr, with exit status 2."""
    case = copied("shop-web", tmp_path)
    (case / "meta.yaml").unlink()
    ran = CliRunner().invoke(main, ["replay", str(case)])
    assert ran.exit_code == 2
    assert "meta.yaml: missing" in ran.stderr
    assert "Traceback" not in ran.output


def test_only_dry_runs_were_asked_of_the_cluster(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a case that asks and one that acts: reads, reviews and dry runs, and everything else is refused."""
    served: list[FrozenSandbox] = []
    stop = FrozenSandbox.stop

    def remember(self: FrozenSandbox) -> None:
        served.append(self)
        stop(self)

    monkeypatch.setattr(FrozenSandbox, "stop", remember)
    for name in ("shop-web", "orders-worker"):
        decide(stage, CORPUS / name)
    asked = [entry for sandbox in served for entry in sandbox.requests]
    reviews = [entry for entry in asked if "selfsubjectaccessreviews" in entry.path]
    assert reviews
    assert {e.method for e in asked if not e.dry_run and e not in reviews} == {"GET"}
    assert [entry for entry in asked if entry.dry_run]
