"""Autonomy on the whole way: taken back by an outcome, shown, raised by a person alone."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graph.autonomy import take_back
from server.cli import main
from tests.harness import Harness, harness
from tests.server.copied_cases import copies
from tests.server.test_settings_in_force import bad_release
from tests.server.test_verdicts import image_of, waiting_rollback
from tests.server.ways import approve
from tests.server.ways import decision as decision_of
from tools.audit import SqlAudit
from tools.errors import StoreError
from tools.ledger import LedgerEntry
from tools.outbox import Message
from tools.records import ActionCall, Target
from tools.schema import marks

pytestmark = pytest.mark.timeout(300)
PAIR = {"action": "rollback_deployment", "problem": "bad_release"}


def rows(agent: Harness) -> list[dict[str, Any]]:
    return list(agent.client.get("/autonomy").get_json()["levels"])


def put(agent: Harness, **more: str) -> Any:
    body = {**PAIR, "level": "approve", "reason": "it proved itself", **more}
    return agent.client.post("/autonomy", json={name: value for name, value in body.items() if value})


def done(agent: Harness, key: str, verdict: str, incident_id: str) -> None:
    """A write of the ledger with its verdict, and what follows from it."""
    services = agent.agent.services
    services.ledger.claim(
        LedgerEntry(
            key=key,
            incident_id=incident_id,
            episode_id="e",
            call=ActionCall(name="rollback_deployment"),
            target=Target(kind="Deployment", namespace="shop", name="web", uid="u"),
            problem="bad_release",
            automatic=False,
            claimed_at=agent.clock.now(),
        )
    )
    services.ledger.set_verdict(key, verdict)
    take_back(services, key)


def lowerings(agent: Harness, incident_id: str) -> list[Message]:
    """Messages about a level that was lowered."""
    return [m for m in agent.agent.services.outbox.for_incident(incident_id) if m.kind == "autonomy"]


class Unwritable:
    """An outbox that takes nothing: the disk is full."""

    def queue(self, message: Message) -> None:
        raise StoreError("the disk is full")


def test_an_outcome_that_verification_finds_takes_the_level_back(tmp_path: Path) -> None:
    """A second rollback that did not help: told on the timeline, audited with its cause, and never raised by itself."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        done(agent, "elsewhere", "NOT_RECOVERED", incident_id)
        running = {pod["metadata"]["uid"] for pod in agent.pods("shop")}
        agent.sandbox.fault(
            "shop",
            "web",
            "crashloop",
            when=lambda pod, now: image_of(pod).endswith("1.0") and pod["metadata"]["uid"] not in running,
        )
        approve(agent)
        assert rows(agent)[0]["level"] == "auto"
        agent.advance(400)
        assert agent.incident(incident_id).verdict == "NOT_RECOVERED"

        (row,) = rows(agent)
        assert (row["level"], row["actor"], row["reason"]) == ("approve", "agent", "it did not help 2 times")
        told = [line.text for line in agent.agent.services.incidents.timeline(incident_id)]
        assert "rollback_deployment for bad_release is taken back to approve: it did not help 2 times" in told
        (entry,) = [e for e in SqlAudit(agent.agent.database).entries() if e.kind == "autonomy_set"]
        assert (entry.actor, entry.incident_id) == ("agent", incident_id)


def test_a_harmful_outcome_takes_the_level_back_by_itself(tmp_path: Path) -> None:
    """At once, one step for each; the same outcome, judged again after a crash, takes nothing more."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        done(agent, "k1", "REGRESSED", incident_id)
        (row,) = rows(agent)
        assert (row["level"], row["actor"], row["reason"]) == ("approve", "agent", "it made things worse")
        take_back(agent.agent.services, "k1")
        assert rows(agent) == [row]
        assert [m.key for m in lowerings(agent, incident_id)] == ["lowered:k1"]
        agent.clock.advance(1)
        done(agent, "k2", "REGRESSED", incident_id)
        assert rows(agent)[0]["level"] == "shadow"
        first, second = lowerings(agent, incident_id)
        assert (
            first.subject == "Nothing to do now: rollback_deployment for bad release is taken back to approve"
        )
        assert "Why: it made things worse." in first.body
        assert "a person is asked each time" in first.body
        assert "it is not done" in second.body


def test_no_level_is_lowered_that_nobody_is_told_of(tmp_path: Path) -> None:
    """What cannot be queued is judged again later: then the level stands, and there is one message."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        done(agent, "k1", "RECOVERED", incident_id)
        services = agent.agent.services
        services.ledger.set_verdict("k1", "REGRESSED")
        outbox: Any = Unwritable()
        with pytest.raises(StoreError):
            take_back(dataclasses.replace(services, outbox=outbox), "k1")
        assert rows(agent)[0]["level"] == "auto"
        take_back(services, "k1")
        assert rows(agent)[0]["level"] == "approve"
        assert len(lowerings(agent, incident_id)) == 1


def test_two_failed_outcomes_take_it_back_and_a_person_starts_it_anew(tmp_path: Path) -> None:
    """What came before a person set it does not count again."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        done(agent, "k1", "NOT_RECOVERED", incident_id)
        done(agent, "k2", "RECOVERED", incident_id)
        assert rows(agent)[0]["level"] == "auto"
        done(agent, "k3", "NOT_RECOVERED", incident_id)
        assert rows(agent)[0]["level"] == "approve"
        agent.clock.advance(1)
        assert put(agent, level="auto").status_code == 200
        agent.clock.advance(1)
        done(agent, "k4", "NOT_RECOVERED", incident_id)
        assert (rows(agent)[0]["level"], rows(agent)[0]["actor"]) == ("auto", "local")


def test_levels_are_shown_with_what_speaks_for_them(tmp_path: Path) -> None:
    """As JSON, as a page and on the command line; a step up that was earned is said and not taken."""
    with harness(tmp_path, MODE="auto") as agent:
        assert rows(agent) == []
        incident_id = waiting_rollback(agent)
        assert put(agent).status_code == 200
        agent.clock.advance(1)
        for number in range(5):
            done(agent, f"k{number}", "RECOVERED", incident_id)
        agent.client.post(f"/incidents/{incident_id}/mark", json={"mark": "right"})
        assert rows(agent)[0]["wanting"] == "for auto: 15 more cases in which people agree"
        copies(agent, incident_id, 15, marks)
        (row,) = rows(agent)
        assert (row["level"], row["tally"]["helped"], row["tally"]["agreed"]) == ("approve", 5, 16)
        assert row["earned"]["level"] == "auto"
        page = agent.client.get("/autonomy", headers={"Accept": "text/html"}).get_data(as_text=True)
        assert "rollback_deployment" in page
        assert "it helped 5 times and failed never" in page
    printed = CliRunner().invoke(
        main, ["policy", "levels", "--json"], env={"DATA_DIR": str(tmp_path / "data")}
    )
    assert [(each["action"], each["level"]) for each in json.loads(printed.output)] == [
        (PAIR["action"], "approve")
    ]
    text = CliRunner().invoke(main, ["policy", "levels"], env={"DATA_DIR": str(tmp_path / "data")}).output
    assert text.startswith("rollback_deployment for bad_release: approve")


def test_an_admin_sets_a_level_with_a_reason_and_it_is_audited(tmp_path: Path) -> None:
    """It is in the way of the next decision."""
    with harness(tmp_path, MODE="auto") as agent:
        assert put(agent, level="shadow", reason="not in December").status_code == 200
        incident_id = bad_release(agent)
        decision = decision_of(agent, incident_id)
        assert decision["route"] == "notify"
        words = "rollback_deployment for bad_release may go as far as shadow (not in December)"
        assert f"autonomy_level: {words}" in decision["blocked_by"]
        (entry,) = [e for e in SqlAudit(agent.agent.database).entries() if e.kind == "autonomy_set"]
        assert (entry.actor, entry.detail["level"]) == ("local", "shadow")
        assert rows(agent)[0]["reason"] == "not in December"
        assert agent.agent.services.readings is not None
        kept = agent.agent.services.readings.of(incident_id).bundle
        assert kept is not None
        assert kept.meta.policy["autonomy"] == [{**PAIR, "level": "shadow"}]


@pytest.mark.parametrize(
    ("more", "status", "kind"),
    [
        ({"level": "full"}, 422, "bad-level"),
        ({"action": "reboot"}, 422, "bad-action"),
        ({"problem": "everything"}, 422, "bad-problem"),
        ({"reason": ""}, 422, "no-reason"),
        ({"level": "auto"}, 409, "above-the-ceiling"),
    ],
)
def test_what_cannot_be_set_is_refused(agent: Harness, more: dict[str, str], status: int, kind: str) -> None:
    """Unknown names, no reason, more than POLICY_FILE allows; nothing stands then."""
    answer = put(agent, **more)
    assert (answer.status_code, answer.get_json()["type"]) == (status, f"/problems/{kind}")
    assert agent.agent.services.autonomy is not None
    assert agent.agent.services.autonomy.all() == []


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One whose policy file keeps rollbacks at approve."""
    folder = tmp_path_factory.mktemp("agent")
    (folder / "policy.yaml").write_text("autonomy: [{action: rollback_deployment, level: approve}]")
    with harness(folder, MODE="auto", POLICY_FILE=str(folder / "policy.yaml"), MEMORY="false") as made:
        yield made
