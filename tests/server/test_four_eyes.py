"""Four eyes by policy: two people, told by their tokens; one yes is kept and shown, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread

import pytest

from graph.policy import PolicySettings
from server.reminders import remind
from server.settings import Settings, SettingsError
from tests.harness import Harness, harness
from tests.server.app_stand import ADMIN, APPROVER, HTML, PEOPLE, VIEWER, Stand, stand
from tests.server.test_verdicts import waiting_rollback
from tests.server.ways import writes

ANA, OTTO, VERA = ({"Authorization": f"Bearer {token}"} for token in (APPROVER, ADMIN, VIEWER))
TWO = PolicySettings(four_eyes=("rollback",))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A server with tokens, where two people have to approve the rollback that waits."""
    with stand(tmp_path, people=True) as made:
        made.policy = TWO
        made.approval()
        yield made


def test_two_people_approve_and_then_it_is_decided(server: Stand) -> None:
    """202 and pending after the first, no run is woken; the second decides; both are on record with their reasons."""
    client = server.client()
    first = client.post("/approve/a1", headers=ANA, json={"reason": "looks right"})
    assert first.status_code == 202
    assert first.json is not None
    assert (first.json["approved"], first.json["state"], first.json["first_actor"]) == (
        "one of two",
        "pending",
        "ana",
    )
    assert server.woken == []
    page = client.get("/approve/a1", headers={**HTML, **VERA}).get_data(as_text=True)
    assert "one of two" in page
    assert "ana approved it at" in page
    assert "looks right" in page
    assert client.post("/approve/a1", headers=OTTO, json={"reason": "agreed"}).status_code == 200
    approval = server.approvals.get("a1")
    told = (approval.state, approval.first_actor, approval.first_reason, approval.actor, approval.reason)
    assert told == ("approved", "ana", "looks right", "otto", "agreed")
    assert server.woken == ["i1"]
    assert server.proofs == ["a1", "a1"]
    lines = [line.text for line in server.incidents.timeline("i1")]
    assert lines == [
        "one of two: ana approved rollback_deployment: looks right",
        "otto approved rollback_deployment: agreed",
    ]


def test_the_same_person_twice_is_one(server: Stand) -> None:
    """409 in words; another name in the body makes nobody another."""
    client = server.client()
    assert client.post("/approve/a1", headers=ANA).status_code == 202
    for body in ({}, {"actor": "otto"}):
        again = client.post("/approve/a1", headers=ANA, json=body)
        assert again.status_code == 409
        assert again.json is not None
        assert again.json["type"].endswith("/second-person-needed")
        assert "one of two" in again.json["detail"]
    assert server.approvals.get("a1").state == "pending"
    assert client.post("/approve/a1", headers=VERA).status_code == 403


def test_one_person_may_reject_and_one_yes_expires(server: Stand) -> None:
    """A no needs no second; a yes that stays alone expires with its approval."""
    client = server.client()
    server.approval("a2", "i2")
    assert client.post("/approve/a1", headers=ANA).status_code == 202
    assert client.post("/reject/a1", headers=ANA, json={"reason": "thought again"}).status_code == 200
    assert client.post("/approve/a2", headers=ANA).status_code == 202
    server.clock.advance(3600)
    assert client.post("/approve/a2", headers=OTTO).status_code == 410


def test_both_at_once_are_one_and_two(server: Stand) -> None:
    """Two people press at the same instant: one yes is the first, the other decides, none is lost."""
    barrier, client, found = Barrier(2), server.app(), []
    server.during_proof = lambda: barrier.wait(20)

    def press(headers: dict[str, str]) -> None:
        found.append(client.test_client(use_cookies=False).post("/approve/a1", headers=headers).status_code)

    threads = [Thread(target=press, args=(headers,)) for headers in (ANA, OTTO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [200, 202]
    approval = server.approvals.get("a1")
    assert (approval.state, {approval.first_actor, approval.actor}) == ("approved", {"ana", "otto"})


def test_one_person_twice_at_once_is_one(server: Stand) -> None:
    """A double click gives one yes and one refusal."""
    barrier, app, found = Barrier(2), server.app(), []
    server.during_proof = lambda: barrier.wait(20)

    def press() -> None:
        found.append(app.test_client(use_cookies=False).post("/approve/a1", headers=ANA).status_code)

    threads = [Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [202, 409]
    assert server.approvals.get("a1").state == "pending"


def test_without_tokens_nobody_can_be_told_from_anybody(tmp_path: Path) -> None:
    """409 says what to set; rejecting works."""
    with stand(tmp_path) as server:
        server.policy = TWO
        server.approval()
        answer = server.client().post("/approve/a1")
        assert answer.status_code == 409
        assert answer.json is not None
        assert "AUTH_TOKENS_FILE" in answer.json["detail"]
        assert server.client().post("/reject/a1").status_code == 200


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ("", "without AUTH_TOKENS_FILE nobody can be told"),
        ("- {name: ana, role: approver, token: ana-token-0123456789}\n", "has fewer"),
    ],
)
def test_a_start_that_could_never_have_two_is_refused(tmp_path: Path, people: str, says: str) -> None:
    """Said at once, not when an approval waits."""
    (tmp_path / "policy.yaml").write_text("four_eyes: [rollback]\n", encoding="utf-8")
    given = {"DATA_DIR": str(tmp_path), "POLICY_FILE": str(tmp_path / "policy.yaml")}
    if people:
        (tmp_path / "people.yaml").write_text(people, encoding="utf-8")
        given["AUTH_TOKENS_FILE"] = str(tmp_path / "people.yaml")
    with pytest.raises(SettingsError, match=says):
        Settings.load(given)
    (tmp_path / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    assert Settings.load({**given, "AUTH_TOKENS_FILE": str(tmp_path / "people.yaml")}).policy().four_eyes


def test_mail_says_that_two_are_needed_and_who_was_first(tmp_path: Path) -> None:
    """The message that asks, and the reminder at half of the time, in text and HTML."""
    with wanting_two(tmp_path) as agent:
        waiting_rollback(agent)
        services = agent.agent.services
        (waiting,) = services.approvals.pending()
        sent = services.outbox.for_incident(waiting.incident_id)
        (asked,) = (message for message in sent if message.kind == "needs_approval")
        assert services.approvals.first(waiting.id, at=agent.clock.now(), actor="ana")
        agent.clock.advance(1801)
        assert remind(services.approvals, services.outbox, agent.clock) == 1
        sent = services.outbox.for_incident(waiting.incident_id)
        (reminder,) = (message for message in sent if message.kind == "reminder")
    for text in (asked.body, asked.html):
        assert "two different people have to approve it" in text
    for text in (reminder.body, reminder.html):
        assert "ana has approved it: one of two" in text
        assert "nobody has answered" not in text


@contextmanager
def wanting_two(folder: Path) -> Iterator[Harness]:
    """An agent whose policy file wants two people for a rollback."""
    (folder / "policy.yaml").write_text("four_eyes: [rollback]\n", encoding="utf-8")
    (folder / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    files = {"POLICY_FILE": str(folder / "policy.yaml"), "AUTH_TOKENS_FILE": str(folder / "people.yaml")}
    with harness(folder, MODE="auto", **files) as agent:
        yield agent


def test_one_yes_from_before_the_policy_is_not_enough(tmp_path: Path) -> None:
    """Whoever approved alone before two were wanted has not approved for two: nothing is written."""
    with wanting_two(tmp_path) as agent:
        incident_id = waiting_rollback(agent)
        services = agent.agent.services
        (waiting,) = services.approvals.pending()
        services.approvals.decide(waiting.id, "approved", at=agent.clock.now(), actor="ana")
        agent.drive()
        assert agent.incident(incident_id).status == "notified"
        assert writes(agent) == []
        lines = [line.text for line in services.incidents.timeline(incident_id)]
        assert any("two people have to approve rollback_deployment, and one did" in line for line in lines)
