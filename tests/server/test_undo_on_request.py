"""Undo on request: a proposal of its own, approved, written once and verified; refused where it cannot be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from graph.remediation import build as build_graph
from server.runner import Runner
from tests.harness import Harness, alert, harness
from tests.server.app_stand import HTML
from tests.server.test_verdicts import NEW, approve, waiting_rollback
from tests.server.ways import decision, fire, limited, pending, replicas, told, writes
from tools.claim_room import Room
from tools.errors import Refused
from tools.ledger import LedgerEntry, SqlLedger
from tools.records import ActionCall, Receipt, Target
from tools.undo_requests import UndoRequests

pytestmark = pytest.mark.timeout(300)
SCALE = "PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act by itself, and three pods that have been well for twenty minutes."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(limited())
        running.advance(300, step=60)
        yield running


@pytest.fixture
def scaled(agent: Harness) -> str:
    """An incident that was scaled from three to four, in vain; its id."""
    agent.sandbox.load("shop", "web", cores=7.5)
    agent.advance(60, step=20)
    incident_id = fire(agent, "HighCPUUsage", namespace="shop", deployment="web")
    agent.advance(400, step=20)
    assert (told(agent, incident_id)[2:], replicas(agent)) == (("escalated", "NOT_RECOVERED"), 4)
    return incident_id


def ask(agent: Harness, incident_id: str, status: int = 202) -> dict[str, Any]:
    """Ask for the undo; the answer's body."""
    answer = agent.client.post(f"/incidents/{incident_id}/undo", json={"reason": "no use"})
    assert answer.status_code == status, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def asked(agent: Harness, incident_id: str) -> str:
    """Ask for the undo, and drive until it waits for its approval; the id of its own incident."""
    own: str = ask(agent, incident_id)["id"]
    agent.drive()
    assert agent.incident(own).status == "awaiting_approval", agent.client.get(f"/incidents/{own}").get_json()
    return own


def lines(agent: Harness, incident_id: str) -> str:
    """The timeline as one text."""
    return "\n".join(line.text for line in agent.agent.services.incidents.timeline(incident_id))


def kind(problem: dict[str, Any]) -> str:
    """The last word of a problem's type."""
    return str(problem["type"]).rpartition("/")[2]


def test_what_did_not_help_is_taken_back_after_an_approval_of_its_own(agent: Harness, scaled: str) -> None:
    """Previewed and asked for in mode auto too; nothing is written before the yes; written once, then verified."""
    own = asked(agent, scaled)
    waiting = pending(agent)
    assert "-  replicas: 4" in waiting["proposal"]["preview"]["diff"]
    assert "+  replicas: 3" in waiting["proposal"]["preview"]["diff"]
    assert "undo_requested: a person asked" in decision(agent, own)["blocked_by"][0]
    assert writes(agent) == [SCALE]
    approve(agent)
    agent.advance(300, step=20)

    assert (replicas(agent), writes(agent)) == (3, [SCALE, SCALE])
    assert told(agent, own) == ("undo_requested", "ask", "recovered", "RECOVERED")
    (entry,) = agent.agent.services.ledger.for_incident(own)
    (first,) = agent.agent.services.ledger.for_incident(scaled)
    assert (entry.undo_of, entry.automatic, entry.verdict) == (first.key, False, "RECOVERED")
    assert f"it is incident {own}" in lines(agent, scaled)
    assert f"incident {own}, which was to take scale_deployment back, ended: recovered" in lines(
        agent, scaled
    )


def test_what_was_taken_back_is_not_taken_back_again(agent: Harness, scaled: str) -> None:
    """409 names when and by which incident; the page says so and has no button."""
    own = asked(agent, scaled)
    approve(agent)
    agent.advance(300, step=20)
    assert kind(ask(agent, own, 409)) == "nothing-done"  # an undo is not undone in its turn
    requests = UndoRequests(agent.agent.database, agent.clock)
    (first,) = agent.agent.services.ledger.for_incident(scaled)
    with pytest.raises(Refused, match="was taken back already"):  # asked in the very instant
        requests.open(first.key, actor="ana", reason="")
    refused = ask(agent, scaled, 409)
    assert kind(refused) == "undone"
    assert own in refused["detail"]
    browser = agent.agent.app.test_client()
    page = browser.get(f"/incidents/{scaled}", headers=HTML).get_data(as_text=True)
    assert f'action="/incidents/{scaled}/undo"' not in page
    assert own in page


def test_asked_twice_there_is_one_undo(agent: Harness, scaled: str) -> None:
    """The second request leads to the run of the first."""
    own = ask(agent, scaled)["id"]
    assert ask(agent, scaled)["id"] == own
    agent.drive()
    assert ask(agent, scaled)["id"] == own
    assert len(agent.client.get("/pending").get_json()["pending"]) == 1


def test_someone_elses_change_stops_it_before_it_is_asked_for(agent: Harness, scaled: str) -> None:
    """409, and no run is opened."""
    agent.sandbox.apply(limited(replicas=6))
    agent.advance(60)
    assert kind(ask(agent, scaled, 409)) == "superseded"
    assert agent.client.get("/pending").get_json()["pending"] == []
    assert replicas(agent) == 6


def test_someone_elses_change_stops_it_while_it_waits(agent: Harness, scaled: str) -> None:
    """On approval everything is read again: 412, nothing is written, and the run ends explained."""
    own = asked(agent, scaled)
    agent.sandbox.apply(limited(replicas=6))
    agent.advance(20)
    answer = agent.client.post(f"/approve/{pending(agent)['id']}")
    assert answer.status_code == 412
    assert "someone else changed it" in answer.get_json()["detail"]
    agent.drive()
    assert told(agent, own)[1:3] == ("notify", "notified")
    assert (replicas(agent), writes(agent)) == (6, [SCALE])


def test_it_is_refused_while_paused(agent: Harness, scaled: str) -> None:
    """409 says who paused; after resuming it can be asked for, and a pause then stops the approval."""
    agent.client.post("/pause", json={"reason": "migration"})
    assert kind(ask(agent, scaled, 409)) == "paused"
    agent.client.post("/resume")
    asked(agent, scaled)
    agent.client.post("/pause", json={"reason": "migration"})
    assert agent.client.post(f"/approve/{pending(agent)['id']}").status_code == 409
    assert writes(agent) == [SCALE]


def test_a_rejected_undo_writes_nothing_and_can_be_asked_for_again(agent: Harness, scaled: str) -> None:
    """A no is a no to this one proposal."""
    own = asked(agent, scaled)
    assert kind(ask(agent, own, 409)) == "running"
    agent.client.post(f"/reject/{pending(agent)['id']}", json={"reason": "load is coming"})
    agent.drive()
    assert (agent.incident(own).status, writes(agent)) == ("rejected", [SCALE])
    assert asked(agent, scaled) != own


def test_an_expired_undo_is_proved_and_proposed_anew(agent: Harness, scaled: str) -> None:
    """Renewing opens another run about the same write, though no alert is behind it."""
    own = asked(agent, scaled)
    approval = pending(agent)["id"]
    agent.advance(3700, step=300)
    assert agent.incident(own).status == "expired"
    renewed = agent.client.post(f"/approve/{approval}/renew")
    assert renewed.status_code == 202
    agent.drive()
    fresh = renewed.get_json()["incident"].rpartition("/")[2]
    assert fresh != own
    assert agent.incident(fresh).status == "awaiting_approval"


def test_what_did_nothing_or_has_no_inverse_says_so(agent: Harness) -> None:
    """409 in plain words, the action's own where it has some; 404 for an incident that does not exist."""
    incident_id = fire(agent, "HighCPUUsage", namespace="shop", deployment="web")
    assert kind(ask(agent, incident_id, 409)) == "nothing-done"
    target = agent.incident(incident_id).target
    assert target
    record_restart(agent, incident_id, target)
    refused = ask(agent, incident_id, 409)
    assert kind(refused) == "no-inverse"
    assert "A restart cannot be undone" in refused["detail"]
    ask(agent, "nope", 404)


def record_restart(agent: Harness, incident_id: str, target: Target) -> None:
    """The ledger says that the incident restarted its workload."""
    call = ActionCall(name="restart_deployment")
    now, ledger = agent.clock.now(), agent.agent.services.ledger
    entry = LedgerEntry(
        key="k1",
        incident_id=incident_id,
        episode_id="",
        call=call,
        target=target,
        problem="transient_crash",
        automatic=True,
        claimed_at=now,
    )
    ledger.claim(entry)
    ledger.finish("k1", Receipt(key="k1", call=call, target=target, sent_at=now, outcome="done"))


def test_a_rollback_is_taken_back_to_the_very_template_before(tmp_path: Path) -> None:
    """It goes forward again though the way there was high risk and tried already; the page says what is not proved."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        approve(agent)
        agent.advance(300)
        assert agent.incident(incident_id).verdict == "RECOVERED"
        agent.sandbox.clear_faults()
        asked(agent, incident_id)
        waiting = pending(agent)
        assert NEW in waiting["proposal"]["preview"]["diff"]
        browser = agent.agent.app.test_client()
        page = browser.get(f"/approve/{waiting['id']}", headers=HTML).get_data(as_text=True)
        assert "health of the revision to go back to is not proved" in page
        approve(agent)
        agent.advance(300)
        live = agent.sandbox.get("Deployment", "shop", "web")
        assert live["spec"]["template"]["spec"]["containers"][0]["image"] == NEW


def test_the_page_and_the_message_of_a_failed_action_offer_it(agent: Harness, scaled: str) -> None:
    """A button that posts and leads to the undo's own incident; the mail names the way."""
    browser = agent.agent.app.test_client()
    page = browser.get(f"/incidents/{scaled}", headers=HTML).get_data(as_text=True)
    assert f'action="/incidents/{scaled}/undo"' in page
    (report,) = (m for m in agent.agent.services.outbox.for_incident(scaled) if m.kind == "escalated")
    for text in (report.body, report.html):
        assert "scale_deployment from 4 to 3 replicas" in text
        assert f"POST /incidents/{scaled}/undo" in text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {**HTML, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    answer = browser.post(f"/incidents/{scaled}/undo", data={"csrf_token": token}, headers=sent)
    assert answer.status_code == 303
    own = answer.headers["Location"].rpartition("/")[2]
    assert agent.incident(own).previous_id == scaled


class Meanwhile(SqlLedger):
    """Another run claims a write on the same object, right before ours."""

    other = ""
    """Its incident."""

    def claim(self, entry: LedgerEntry, room: Room | None = None) -> LedgerEntry | None:
        super().claim(entry.model_copy(update={"key": "k-other", "incident_id": self.other, "undo_of": ""}))
        return super().claim(entry, room)


def test_it_is_not_written_beside_a_write_that_was_begun_meanwhile(
    agent: Harness, scaled: str, tmp_path: Path
) -> None:
    """Between policy's look and the claim: asked for by a person or not, one write on an object at a time."""
    own = asked(agent, scaled)
    assert agent.client.post(f"/approve/{pending(agent)['id']}").status_code == 200
    started = agent.clock.now().isoformat()
    (other,) = agent.alert(alert("KubePodNotReady", starts_at=started, namespace="shop", deployment="db"))
    ledger = Meanwhile(agent.agent.database, agent.clock)
    ledger.other = other
    services = replace(agent.agent.services, ledger=ledger)
    graph = build_graph(SqliteSaver(agent.agent.checkpoints))
    Runner(graph, services, tmp_path / "locks").step(own)
    assert (agent.incident(own).status, writes(agent)) == ("notified", [SCALE])
    assert "another write on this workload was begun meanwhile" in lines(agent, own)


def test_alerts_of_the_workload_go_their_own_way_meanwhile(agent: Harness, scaled: str) -> None:
    """Neither joins the undo nor is held up by it; the undo teaches no later incident."""
    own = asked(agent, scaled)
    other = fire(agent, "KubePodCrashLooping", namespace="shop", deployment="web")
    assert other != own
    assert agent.incident(other).merged_into == ""
    assert agent.agent.services.incidents.alerts(own) == []
    target = agent.incident(scaled).target
    similar = agent.agent.services.incidents.similar(target, "undo_requested")
    assert own not in [each.incident_id for each in similar]
