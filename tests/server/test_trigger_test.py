"""A test that a person starts: the whole way of an incident on the real workload, and nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph import dry_runs
from graph.state import Decision, Proposal
from server.metrics import Metrics
from tests.chaos.faults import Scene
from tests.harness import Harness, alert, deployment, harness
from tests.server.app_stand import APPROVER, HTML, PEOPLE, VIEWER, Browser
from tests.server.ways import approve, decision, told
from tools.holds import SqlHolds
from tools.manual_alerts import ManualAlerts
from tools.memory_queue import SqlMemoryQueue
from tools.records import Target
from tools.tallies import SqlTallies

pytestmark = pytest.mark.timeout(300)


def broken(agent: Harness, kind: str = "bad_release") -> Scene:
    """A workload that was well for twenty minutes and is struck then."""
    scene = Scene("transient" if kind == "transient" else "bad_release", "shop")
    scene.prepare(agent.sandbox)
    agent.advance(1200, step=60)
    scene.strike(agent.sandbox, agent.clock)
    agent.advance(180, step=15)
    return scene


def started(agent: Harness, **body: str) -> str:
    """A test that a person starts on `shop/web`; its incident's id."""
    answer = agent.client.post("/trigger-test", json={"namespace": "shop", "workload": "web", **body})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    assert answer.headers["Location"] == f"/incidents/{answer.get_json()['id']}"
    agent.drive()
    return str(answer.get_json()["id"])


def known(agent: Harness, incident_id: str) -> dict[str, Any]:
    """All that the API tells of it."""
    found: dict[str, Any] = agent.client.get(f"/incidents/{incident_id}").get_json()
    return found


def rehearsed(agent: Harness, incident_id: str) -> str:
    """What the timeline tells of the dry run."""
    (line,) = (line["text"] for line in known(agent, incident_id)["timeline"] if line["kind"] == "dry_run")
    return str(line)


def asked_of_cluster(agent: Harness) -> tuple[list[str], list[str]]:
    """What the agent has asked to write: for real, and as dry runs."""
    ours = [r for r in agent.sandbox.requests if r.query.get("fieldManager") == "sre-agent" or r.writes]
    real = [f"{r.method} {r.path}" for r in ours if r.writes]
    return real, [f"{r.method} {r.path}" for r in ours if r.dry_run]


def settle(agent: Harness) -> int:
    """The chore that resolves answered requests."""
    return ManualAlerts(agent.agent.database, agent.agent.inbox, agent.clock).settle()


def test_a_rollback_is_rehearsed_and_nothing_is_written(tmp_path: Path) -> None:
    """Found, decided, tried by dry run, told as a test everywhere; no approval, no claim, no write, no Event."""
    with harness(tmp_path, MODE="auto") as agent:
        broken(agent)
        incident_id = started(agent)
        assert told(agent, incident_id) == ("bad_release", "notify", "notified", "")
        would = "accepted. Were this no test, it would wait for a person's approval."
        assert rehearsed(agent, incident_id) == f"rollback_deployment to revision 1: {would}"
        assert asked_of_cluster(agent) == ([], ["PATCH /apis/apps/v1/namespaces/shop/deployments/web"])

        made = decision(agent, incident_id)
        assert "test_run: a test: every write is a dry run only" in made["blocked_by"]
        assert made["without_test"] == "ask"
        shown = known(agent, incident_id)
        assert (shown["test"], shown["approvals"], shown["receipts"]) == (True, [], [])
        (message,) = shown["messages"]
        assert message["subject"] == "Test: Nothing was done: shop/web: bad release"
        line = "Test: Nothing was done: rollback_deployment to revision 1 would wait for a person's approval."
        assert message["body"].strip().splitlines()[0] == f"{line} Its dry run was accepted."
        for path in ("/incidents", f"/incidents/{incident_id}"):
            page = agent.client.get(path, headers=HTML).get_data(as_text=True)
            assert '<span class="chip warn">test</span>' in page


def test_what_would_be_done_without_asking_is_not_done(tmp_path: Path) -> None:
    """A crash whose cause is over: mode auto would restart it. The test never does, however long it is waited."""
    with harness(tmp_path, MODE="auto") as agent:
        broken(agent, "transient")
        incident_id = started(agent)
        assert told(agent, incident_id)[:2] == ("transient_crash", "notify")
        assert rehearsed(agent, incident_id).endswith("Were this no test, it would be done without asking.")
        agent.advance(120, step=30)
        real, dry = asked_of_cluster(agent)
        assert (real, len(dry)) == ([], 1)


def test_a_dry_run_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Somebody took the workload away between reading and rehearsing: in the server's own words."""
    with harness(tmp_path, MODE="auto") as agent:
        scene = broken(agent)
        (incident_id,) = set(agent.alert(*scene.alerts(agent.sandbox, agent.clock)))
        agent.drive()
        (asked,) = agent.agent.services.approvals.for_incident(incident_id)
        would = Decision.model_validate(asked.shown["decision"]).model_copy(update={"without_test": "ask"})
        agent.sandbox.delete("Deployment", "shop", "web")
        proposal = Proposal.model_validate(asked.proposal)
        shown = dry_runs.rehearse(agent.agent.services, incident_id, would, proposal)
        assert shown == proposal
        assert "could not be asked: " in rehearsed(agent, incident_id)
        assert "not found" in rehearsed(agent, incident_id)


def test_a_workload_that_is_well_is_told_so(tmp_path: Path) -> None:
    """Nothing to rehearse, and resolved once its run has ended; then a new test is a run of its own."""
    with harness(tmp_path) as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(120, step=30)
        first = started(agent)
        assert told(agent, first)[:2] == ("recovered_by_itself", "notify")
        (message,) = known(agent, first)["messages"]
        assert message["subject"].startswith("Test: Nothing to do: ")
        assert settle(agent) == 1
        assert [each["status"] for each in known(agent, first)["alerts"]] == ["resolved"]
        second = started(agent)
        assert second != first
        assert known(agent, second)["previous_id"] == ""
        assert asked_of_cluster(agent) == ([], [])


def test_what_cannot_be_tested_is_told(tmp_path: Path) -> None:
    """404 for a workload that is not there, 422 for fields; nothing is opened."""
    with harness(tmp_path) as agent:
        for body, status in (
            ({"namespace": "shop", "workload": "wbe"}, 404),
            ({"namespace": "shop"}, 422),
            ({"namespace": "shop", "workload": "web", "kind": "Secret"}, 422),
        ):
            answer = agent.client.post("/trigger-test", json=body)
            assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert agent.client.get("/incidents").get_json()["incidents"] == []


def test_it_needs_an_approver(tmp_path: Path) -> None:
    """A viewer is 403; a browser with the right role is led to the incident."""
    (tmp_path / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    tokens = {"AUTH_TOKENS_FILE": str(tmp_path / "people.yaml"), "WEBHOOK_TOKEN": "hook-token-0123456789"}
    with harness(tmp_path, **tokens) as agent:
        agent.sandbox.apply(deployment("web"))
        body = {"namespace": "shop", "workload": "web"}
        for token, status in ((VIEWER, 403), (APPROVER, 202)):
            header = {"Authorization": f"Bearer {token}"}
            assert agent.client.post("/trigger-test", json=body, headers=header).status_code == status


def test_a_browser_is_led_to_its_test(tmp_path: Path) -> None:
    """303 from the form beside the one that opens incidents."""
    with harness(tmp_path) as agent:
        agent.sandbox.apply(deployment("web"))
        browser = Browser(agent.agent.app.test_client())
        assert 'formaction="/trigger-test"' in browser.get("/incidents").get_data(as_text=True)
        form = {"namespace": "shop", "workload": "web", "csrf_token": browser.token("/incidents")}
        answer = browser.post("/trigger-test", form)
        assert answer.status_code == 303
        assert "SreAgentTest" in browser.get(answer.headers["Location"]).get_data(as_text=True)


def test_while_paused_it_still_looks(tmp_path: Path) -> None:
    """The kill switch is named, and what it would come to meanwhile."""
    with harness(tmp_path, MODE="auto") as agent:
        broken(agent)
        assert agent.client.post("/pause", json={"reason": "a migration runs"}).status_code == 200
        incident_id = started(agent)
        rules = [line.partition(":")[0] for line in decision(agent, incident_id)["blocked_by"]]
        assert rules[:2] == ["kill_switch", "test_run"]
        assert rehearsed(agent, incident_id).endswith("Were this no test, it would not be done.")
        assert asked_of_cluster(agent)[0] == []


@pytest.mark.parametrize("test_first", [True, False])
def test_a_real_incident_beside_it_goes_on_undisturbed(tmp_path: Path, test_first: bool) -> None:
    """Neither joins the other, whichever comes first: the real one is approved, acts and recovers."""
    with harness(tmp_path, MODE="auto") as agent:
        scene = broken(agent)
        test_id = started(agent) if test_first else ""
        (real_id,) = set(agent.alert(*scene.alerts(agent.sandbox, agent.clock)))
        agent.drive()
        test_id = test_id or started(agent)
        assert real_id != test_id
        assert told(agent, real_id)[:3] == ("bad_release", "ask", "awaiting_approval")
        assert told(agent, test_id)[:3] == ("bad_release", "notify", "notified")
        assert agent.incident(real_id).episode_id != agent.incident(test_id).episode_id

        settle(agent)
        assert agent.incident(real_id).status == "awaiting_approval"
        approve(agent)
        agent.advance(400)
        assert told(agent, real_id)[2:] == ("recovered", "RECOVERED")
        assert (agent.incident(real_id).previous_id, agent.incident(test_id).previous_id) == ("", "")


def test_a_test_teaches_and_counts_nothing(tmp_path: Path) -> None:
    """Not in the memory's queue, not among similar incidents, not among what has ended; nobody's approval."""
    with harness(tmp_path, MODE="auto") as agent:
        broken(agent)
        incident_id = started(agent)
        target = agent.incident(incident_id).target
        assert isinstance(target, Target)
        services, database = agent.agent.services, agent.agent.database
        assert services.incidents.similar(target, "bad_release") == []
        assert services.incidents.known([incident_id], target) == []
        assert SqlMemoryQueue(database).waiting(limit=10) == []
        counted = SqlTallies(database).count()
        assert (counted.ended, counted.decisions, counted.blocked) == ((), (), ())
        metrics = Metrics()
        metrics.follow(SqlTallies(database), services.controls, SqlHolds(database), agent.clock)
        assert "sre_agent_incidents_total{" not in metrics.text().decode()


def test_a_rule_that_is_merely_named_so_is_no_test(tmp_path: Path) -> None:
    """Without the labels of a request it is an alert like any other: it waits for a person."""
    with harness(tmp_path, MODE="auto") as agent:
        broken(agent)
        now = agent.clock.now().isoformat()
        (incident_id,) = agent.alert(alert("SreAgentTest", starts_at=now, namespace="shop", deployment="web"))
        agent.drive()
        assert agent.incident(incident_id).status == "awaiting_approval"
        assert known(agent, incident_id)["test"] is False
