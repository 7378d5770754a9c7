"""Approvals where two things happen at once: before the run has parked, across a restart, as the alert ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graph.remediation import build as build_graph
from server.bootstrap import build
from server.runner import Runner
from tests.harness import Harness, harness
from tests.server.app_stand import HTML
from tests.server.test_verdicts import NEW, OLD, waiting_rollback
from tests.server.ways import approve, limited, pending, told, writes
from tools.outbox import Message, SqlOutbox

pytestmark = pytest.mark.timeout(300)
WRITE = "PATCH /apis/apps/v1/namespaces/shop/deployments/web"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """A rollback that waits for a person."""
    with harness(tmp_path, MODE="approve", PUBLIC_URL="https://sre.example") as running:
        waiting_rollback(running)
        yield running
        running.agent.stop()


def incident_of(agent: Harness) -> str:
    """The incident that waits."""
    return str(pending(agent)["incident_id"])


def images(agent: Harness) -> set[str]:
    """What runs."""
    live = agent.sandbox.get("Deployment", "shop", "web")
    return {container["image"] for container in live["spec"]["template"]["spec"]["containers"]}


def start_anew(agent: Harness) -> None:
    """The process ends, and another one starts over the same record and cluster."""
    agent.agent.stop()
    settings, cluster = agent.agent.settings, agent.agent.services.cluster
    agent.agent = build(settings, clock=agent.clock, cluster=cluster)  # type: ignore[arg-type]
    agent.client = agent.agent.app.test_client()


@dataclass
class EagerPerson:
    """An outbox whose reader answers the message at once, while the run that sent it has not parked yet."""

    kept: SqlOutbox
    answer: Callable[[str], object]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kept, name)

    def queue(self, message: Message) -> bool:
        """Kept, then read."""
        new = self.kept.queue(message)
        if message.kind == "needs_approval":
            self.answer(message.approval_id)
        return new


def test_a_yes_before_the_run_has_parked_is_not_lost(tmp_path: Path) -> None:
    """It is there when the run comes to wait, and goes on without a second call."""
    with harness(tmp_path, MODE="approve") as agent:
        waiting_rollback(agent)
        agent.client.post(f"/reject/{pending(agent)['id']}")
        agent.drive()
        services = agent.agent.services

        def say_yes(approval_id: str) -> None:
            assert agent.client.post(f"/approve/{approval_id}").status_code == 200

        eager = EagerPerson(SqlOutbox(agent.agent.database), say_yes)
        runner = Runner(build_graph(InMemorySaver()), replace(services, outbox=eager), tmp_path / "locks")
        broken = next(p for p in agent.pods("shop") if p["spec"]["containers"][0]["image"] == NEW)
        (incident_id,) = agent.alert(agent.crash_alert(broken, name="KubePodNotReady"))
        runner.step(incident_id)
        assert agent.incident(incident_id).status == "verifying"
        assert writes(agent) == [WRITE]


def test_a_yes_survives_the_agent(agent: Harness) -> None:
    """Approved, and the process ends before the run has heard of it: the next one writes, once."""
    incident_id = incident_of(agent)
    answer = agent.client.post(f"/approve/{pending(agent)['id']}", json={"reason": "looks right"})
    assert answer.status_code == 200
    assert writes(agent) == []
    start_anew(agent)
    assert agent.client.get("/pending").get_json()["pending"] == []
    agent.drive()
    assert agent.incident(incident_id).status == "verifying"
    assert (writes(agent), images(agent)) == ([WRITE], {OLD})


def test_an_approval_that_waits_is_decided_after_a_restart(agent: Harness) -> None:
    """The page of another process shows the same digest, and takes the answer."""
    before = pending(agent)
    start_anew(agent)
    after = pending(agent)
    assert (after["id"], after["digest"]) == (before["id"], before["digest"])
    approve(agent)
    assert images(agent) == {OLD}


def test_the_report_names_who_approved_and_why(agent: Harness) -> None:
    """In text and HTML; a rejection names the one who said no."""
    incident_id = incident_of(agent)
    agent.client.post(f"/reject/{pending(agent)['id']}", json={"reason": "fixing forward"})
    agent.drive()
    assert told(agent, incident_id)[2] == "rejected"
    reports = [m for m in agent.agent.services.outbox.for_incident(incident_id) if "report" in m.key]
    for text in (reports[0].body, reports[0].html):
        assert "Rejected by local at " in text
        assert "UTC: fixing forward" in text


def test_by_mail_link_and_page_it_is_the_same_decision(agent: Harness) -> None:
    """The link of the message leads to a page that changes nothing however often it is fetched; its form decides."""
    incident_id = incident_of(agent)
    (asked,) = (
        m for m in agent.agent.services.outbox.for_incident(incident_id) if m.kind == "needs_approval"
    )
    place = f"/approve/{asked.approval_id}"
    app, scanner = agent.agent.app, agent.agent.app.test_client(use_cookies=False)
    for _ in range(3):
        assert scanner.get(place, headers=HTML).status_code == 200
    assert pending(agent)["id"] == asked.approval_id
    browser = app.test_client()
    page = browser.get(place, headers=HTML).get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {**HTML, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    answer = browser.post(place, data={"csrf_token": token, "reason": "by mail"}, headers=sent)
    assert answer.headers["Location"] == f"/incidents/{incident_id}?answered={asked.approval_id}"
    agent.drive()
    assert images(agent) == {OLD}
    assert agent.client.post(place).status_code == 409


def test_the_end_of_the_alert_withdraws_what_waits(agent: Harness) -> None:
    """A resolve ends the approval; its link says that there is nothing to do, and nothing is written."""
    incident_id, approval = incident_of(agent), pending(agent)["id"]
    (alert,) = agent.agent.services.incidents.alerts(incident_id)
    body = {"labels": alert.labels, "annotations": {}, "generatorURL": "", "fingerprint": alert.fingerprint}
    now = agent.clock.now().isoformat()
    agent.alert({**body, "status": "resolved", "startsAt": alert.starts_at.isoformat(), "endsAt": now})
    agent.drive()
    answer = agent.client.post(f"/approve/{approval}")
    assert answer.status_code == 409
    assert "There is nothing to do" in answer.get_json()["detail"]
    assert (told(agent, incident_id)[2], writes(agent)) == ("withdrawn", [])
    assert "rollback_deployment was withdrawn: its alerts resolved" in [
        line.text for line in agent.agent.services.incidents.timeline(incident_id)
    ]


def test_a_changed_target_is_proposed_afresh_under_another_id(agent: Harness) -> None:
    """412 for the old one, which leads to the fresh one; the old id never acts."""
    old = pending(agent)
    changed = limited(image=NEW)
    agent.sandbox.apply(changed)
    agent.advance(60, step=20)
    assert agent.client.post(f"/approve/{old['id']}").status_code == 412
    agent.drive()
    assert writes(agent) == []
    stale = agent.client.post(f"/approve/{old['id']}")
    assert stale.status_code == 412
    waiting = agent.client.get("/pending").get_json()["pending"]
    assert [each["id"] for each in waiting] != [old["id"]]
