"""A narrow grant: given with an approval, used once, proved again, expired, revoked, shown and audited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graph.remediation import build as build_graph
from server.runner import Runner
from tests.harness import Harness, harness
from tests.server.app_stand import HTML, Stand, proposal, shown, stand
from tests.server.test_bundles import client_of_database, ill
from tests.server.ways import pending, told, writes
from tools.audit import SqlAudit
from tools.grants import Grant, SqlGrants
from tools.records import Target

pytestmark = pytest.mark.timeout(300)


def crash(agent: Harness) -> str:
    """The database is away for a minute and back; `web` goes on crashing until it is restarted. The incident's id."""
    back = agent.clock.now() + timedelta(seconds=60)
    agent.sandbox.fault("shop", "database", "notready", until=back)
    agent.sandbox.fault("shop", "web", "crashloop", created_before=back, after=0.3)
    agent.advance(240, step=20)
    fired = agent.crash_alert(ill(agent))
    (incident_id,) = agent.alert(fired)
    agent.drive()
    return incident_id


def resolve(agent: Harness, incident_id: str) -> None:
    """Its alerts resolve, and the fault is forgotten."""
    (alert,) = agent.agent.services.incidents.alerts(incident_id)
    body = {"labels": alert.labels, "annotations": {}, "generatorURL": "", "fingerprint": alert.fingerprint}
    now = agent.clock.now().isoformat()
    agent.alert({**body, "status": "resolved", "startsAt": alert.starts_at.isoformat(), "endsAt": now})
    agent.sandbox.clear_faults()


def grants(agent: Harness) -> list[dict[str, Any]]:
    """All of them, as the API tells them."""
    found: list[dict[str, Any]] = agent.client.get("/grants").get_json()["grants"]
    return found


@pytest.fixture
def restarted(tmp_path: Path) -> Iterator[tuple[Harness, str]]:
    """In mode approve: a restart that a person approved and granted once more, and that helped."""
    with harness(tmp_path, MODE="approve", SETTLE_SECONDS="0") as agent:
        agent.sandbox.apply(client_of_database())
        agent.advance(1200, step=60)
        incident_id = crash(agent)
        answer = agent.client.post(
            f"/approve/{pending(agent)['id']}", json={"grant": "once_more", "reason": "known, harmless"}
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)
        agent.drive()
        agent.advance(240, step=20)
        assert told(agent, incident_id) == ("transient_crash", "ask", "recovered", "RECOVERED")
        resolve(agent, incident_id)
        yield agent, incident_id


def test_it_acts_once_more_without_asking_and_then_asks_again(restarted: tuple[Harness, str]) -> None:
    """Within its time the same restart is proved and done in mode approve; the third time a person is told."""
    agent, first = restarted
    (grant,) = grants(agent)
    assert (grant["state"], grant["actor"], grant["incident_id"]) == ("open", "local", first)
    second = crash(agent)
    agent.advance(240, step=20)
    assert told(agent, second) == ("transient_crash", "act", "recovered", "RECOVERED")
    assert len([write for write in writes(agent) if write.startswith("PATCH")]) == 2
    (grant,) = grants(agent)
    assert (grant["state"], grant["used_in"]) == ("used", second)
    decided = agent.client.get(f"/incidents/{second}").get_json()["decision"]
    assert "restart_deployment of shop/Deployment/web for transient_crash, once more" in decided["granted"]
    lines = [line.text for line in agent.agent.services.incidents.timeline(second) if line.kind == "grant"]
    assert len(lines) == 1
    assert lines[0].startswith("used: restart_deployment")
    kinds = [entry["kind"] for entry in audit(agent)]
    assert (kinds.count("grant_given"), kinds.count("grant_used")) == (1, 1)
    resolve(agent, second)
    third = crash(agent)
    assert told(agent, third)[1] == "notify"
    assert len([write for write in writes(agent) if write.startswith("PATCH")]) == 2


def audit(agent: Harness) -> list[dict[str, Any]]:
    """The audit trail."""
    return [entry.model_dump() for entry in SqlAudit(agent.agent.database).entries()]


def test_a_revoked_one_is_none(restarted: tuple[Harness, str]) -> None:
    """Asked about again: what was tried in the last six hours is refused as ever. The page shows it until then."""
    agent, first = restarted
    (grant,) = grants(agent)
    browser = agent.agent.app.test_client()
    assert f'action="/grants/{grant["id"]}/revoke"' in browser.get("/pending", headers=HTML).get_data(
        as_text=True
    )
    revoked = agent.client.post(f"/grants/{grant['id']}/revoke", json={"reason": "a release comes"})
    assert revoked.get_json()["state"] == "revoked"
    assert agent.client.post(f"/grants/{grant['id']}/revoke").status_code == 409
    assert "Granted once more" not in browser.get("/pending", headers=HTML).get_data(as_text=True)
    assert "revoked: restart_deployment" in agent.agent.services.incidents.timeline(first)[-1].text
    second = crash(agent)
    assert told(agent, second)[1] == "notify"


def test_a_pause_stops_it(restarted: tuple[Harness, str]) -> None:
    """A grant lifts no kill switch, and is not used up by what is not done."""
    agent, _ = restarted
    agent.client.post("/pause", json={"reason": "migration"})
    second = crash(agent)
    agent.advance(60, step=20)
    assert told(agent, second)[1] == "notify"
    assert grants(agent)[0]["state"] == "open"


@dataclass
class RevokedMeanwhile:
    """Grants of which one is revoked in the instant before it is taken."""

    kept: SqlGrants

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kept, name)

    def take(self, grant_id: str, *, key: str, incident_id: str, at: datetime) -> bool:
        """Somebody is quicker."""
        assert self.kept.revoke(grant_id, actor="ana", reason="", at=at)
        return self.kept.take(grant_id, key=key, incident_id=incident_id, at=at)


def test_revoked_in_the_last_instant_nothing_is_written(
    restarted: tuple[Harness, str], tmp_path: Path
) -> None:
    """Between the proof and the write: the use is counted before anything is sent, or nothing is."""
    agent, _ = restarted
    grants = RevokedMeanwhile(SqlGrants(agent.agent.database))
    services = replace(agent.agent.services, grants=grants)
    agent.agent.runner = Runner(build_graph(InMemorySaver()), services, tmp_path / "locks")
    before = writes(agent)
    second = crash(agent)
    agent.advance(60, step=20)
    assert (told(agent, second)[2], writes(agent)) == ("notified", before)
    lines = [line.text for line in agent.agent.services.incidents.timeline(second)]
    assert "the grant for it was used or revoked meanwhile" in lines


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Stand]:
    """A loopback server."""
    with stand(tmp_path) as made:
        yield made


def restart(**changes: Any) -> dict[str, Any]:
    """A proposal of a restart."""
    call = {"name": "restart_deployment", "args": {"namespace": "shop", "name": "web"}}
    return proposal(call=call, risk="medium", problem="transient_crash", health_proof="", **changes)


def test_it_can_be_given_with_a_restart_only(server: Stand) -> None:
    """422 for a rollback and for another word; nothing is decided; the page offers it where it can be given."""
    server.approval("a1", "i1")
    server.approval("a2", "i2", proposal=restart())
    client = server.client()
    assert client.post("/approve/a1", json={"grant": "once_more"}).status_code == 422
    assert client.post("/approve/a2", json={"grant": "forever"}).status_code == 422
    assert [server.approvals.get(each).state for each in ("a1", "a2")] == ["pending", "pending"]
    assert 'name="grant"' not in client.get("/approve/a1", headers=HTML).get_data(as_text=True)
    assert 'name="grant"' in client.get("/approve/a2", headers=HTML).get_data(as_text=True)
    assert client.post("/reject/a2", json={"grant": "once_more"}).status_code == 422


def test_it_is_bound_expires_and_is_taken_once(server: Stand) -> None:
    """Another action, object or class does not fit; one write takes it, asked again it has it still; then nobody."""
    server.approval("a2", "i2", proposal=restart(), shown=shown())
    server.incident("i3")
    server.incident("i4")
    kept = SqlGrants(server.database)
    now = server.clock.now()
    grant = Grant(
        id="g1",
        approval_id="a2",
        incident_id="i2",
        action="restart_deployment",
        target=Target(kind="Deployment", namespace="shop", name="web", uid="u1"),
        problem="transient_crash",
        actor="ana",
        given_at=now,
        expires_at=now + timedelta(minutes=30),
    )
    assert server.approvals.decide("a2", "approved", at=now, actor="ana", grant=grant)
    assert not server.approvals.decide("a2", "approved", at=now, grant=grant)
    wanted: dict[str, Any] = {"now": now, "key": "k1", "incident_id": "i3"}
    assert kept.fitting("restart_deployment", "u1", "transient_crash", **wanted) == grant
    for other in (
        ("delete_pod", "u1", "transient_crash"),
        ("restart_deployment", "u2", "transient_crash"),
        ("restart_deployment", "u1", "out_of_memory"),
    ):
        assert kept.fitting(*other, **wanted) is None
    assert (
        kept.fitting("restart_deployment", "u1", "transient_crash", now=now, key="k0", incident_id="i2")
        is None
    )
    late = now + timedelta(minutes=30)
    assert (
        kept.fitting("restart_deployment", "u1", "transient_crash", now=late, key="k1", incident_id="i3")
        is None
    )
    assert not kept.take("g1", key="k1", incident_id="i3", at=late)
    assert kept.take("g1", key="k1", incident_id="i3", at=now)
    assert kept.take("g1", key="k1", incident_id="i3", at=late)
    assert not kept.take("g1", key="k2", incident_id="i4", at=now)
    assert (
        kept.fitting("restart_deployment", "u1", "transient_crash", now=late, key="k1", incident_id="i3")
        is not None
    )
    assert (
        kept.fitting("restart_deployment", "u1", "transient_crash", now=now, key="k2", incident_id="i4")
        is None
    )
    assert not kept.revoke("g1", actor="ana", reason="", at=now)
    assert server.client().post("/grants/nope/revoke").status_code == 404
