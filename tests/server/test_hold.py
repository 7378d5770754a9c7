"""The global hold on a live sandbox: too much at once is held before it is written to, and a person ends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.hold_watch import HoldWatch
from server.replay import replay_bundle
from tests.harness import Harness, alert, deployment, harness
from tests.server.ways import decision, patch, told, writes
from tools.resources import NAMESPACES, PODS
from tools.vitals import LiveVitals

pytestmark = pytest.mark.timeout(300)
FIVE = ("shop-a", "shop-b", "shop-c", "shop-d", "shop-e")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act, and one well workload in each of six namespaces."""
    with harness(tmp_path, MODE="auto", MEMORY="false") as running:
        for namespace in (*FIVE, "later"):
            running.sandbox.apply(deployment("web", namespace, replicas=2))
        running.advance(600, step=300)
        yield running


def fall_ill(agent: Harness, *namespaces: str) -> list[str]:
    """One pod in each of them is stuck for a quarter of an hour, then their alerts come in one body."""
    stuck = {namespace: agent.pods(namespace)[0]["metadata"]["name"] for namespace in namespaces}
    for namespace, pod in stuck.items():
        patch(agent, PODS, namespace, pod, {"metadata": {"labels": {"sim/fault": "notready"}}})
    agent.advance(900, step=300)
    at = agent.clock.now().isoformat()
    ids = agent.alert(
        *(alert("KubePodNotReady", starts_at=at, namespace=n, pod=pod) for n, pod in stuck.items())
    )
    agent.drive()
    return ids


def node_away(name: str) -> dict[str, Any]:
    """A node that has no kubelet any more, and no pods of ours."""
    ready = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"conditions": [ready]},
    }


def lift(agent: Harness, reason: str = "the registry is back") -> None:
    """A person lifts it."""
    answer = agent.client.post("/hold/lift", json={"reason": reason})
    assert answer.status_code == 200, answer.get_data(as_text=True)


def test_five_workloads_at_once_are_held_before_the_first_write(agent: Harness) -> None:
    """While they settle the outage shows itself as one: nothing is written, every one asks, and says why."""
    ids = fall_ill(agent, *FIVE)
    assert ("act", "settling") in {told(agent, each)[1:3] for each in ids}  # the first did not know of it yet
    agent.advance(120)

    assert writes(agent) == []
    assert {told(agent, each)[:3] for each in ids} == {("stuck_pod", "ask", "awaiting_approval")}
    assert all(any("global_hold" in why for why in decision(agent, each)["blocked_by"]) for each in ids)
    (hold,) = agent.client.get("/hold").get_json()["holds"]
    assert (hold["cause"], hold["latched"]) == ("correlated_failure", True)
    assert "workloads fell ill within 5 min" in hold["why"]


def test_a_storm_about_thirty_pods_of_one_workload_is_no_correlated_failure(agent: Harness) -> None:
    """Thirty alerts, one workload, one write: what counts is how many workloads are ill."""
    pods = [f"web-7d9c5b8f6d-{letter}{other}xyz" for letter in "bcdfg" for other in "hjklmn"]
    pod = agent.pods("shop-a")[0]["metadata"]["name"]
    patch(agent, PODS, "shop-a", pod, {"metadata": {"labels": {"sim/fault": "notready"}}})
    agent.advance(900, step=300)
    at = agent.clock.now().isoformat()
    agent.alert(
        *(alert("KubePodNotReady", starts_at=at, namespace="shop-a", pod=name) for name in [pod, *pods[:29]])
    )
    agent.advance(60)
    assert len(writes(agent)) == 1
    assert agent.client.get("/hold").get_json()["held"] is False


def test_a_person_lifts_it_and_things_go_on(agent: Harness) -> None:
    """It stays until then, however long nothing else happens; afterwards the next incident is acted on again."""
    ids = fall_ill(agent, *FIVE)
    agent.advance(1200, step=60)
    assert agent.client.get("/hold").get_json()["held"] is True
    assert writes(agent) == []

    lift(agent)
    (fresh,) = fall_ill(agent, "later")
    agent.advance(60)
    assert told(agent, fresh)[:3] == ("stuck_pod", "act", "verifying")
    assert len(writes(agent)) == 1
    assert agent.client.get("/health").get_json()["holds"] == []
    assert {told(agent, each)[2] for each in ids} == {"awaiting_approval"}


def test_a_person_may_act_in_spite_of_it_with_a_reason(agent: Harness) -> None:
    """Without one nothing is decided; with one exactly that write is made, and the record says in spite of what."""
    ids = fall_ill(agent, *FIVE)
    agent.advance(60)
    (mine,) = (a for a in agent.client.get("/pending").get_json()["pending"] if a["incident_id"] == ids[0])
    refused = agent.client.post(f"/approve/{mine['id']}")
    assert (refused.status_code, refused.get_json()["type"]) == (409, "/problems/global-hold")
    assert "approve again with a reason" in refused.get_json()["detail"]
    assert writes(agent) == []

    taken = agent.client.post(f"/approve/{mine['id']}", json={"reason": "only this one, I watch it"})
    assert taken.status_code == 200
    agent.drive()
    assert len(writes(agent)) == 1
    assert told(agent, ids[0])[2] == "verifying"
    assert agent.agent.services.approvals.get(mine["id"]).override_hold is True


def test_a_yes_from_before_the_hold_is_asked_for_again(agent: Harness) -> None:
    """Whoever approved did not know of it: the run asks anew, and shows the hold."""
    settings = {"metadata": {"labels": {"sre-agent/mode": "approve"}}}
    patch(agent, NAMESPACES, "", "shop-a", settings)
    (first,) = fall_ill(agent, "shop-a")
    (asked,) = agent.client.get("/pending").get_json()["pending"]
    assert agent.client.post(f"/approve/{asked['id']}").status_code == 200
    holds = agent.agent.services.holds
    assert holds is not None
    holds.engage("correlated_failure", "five workloads fell ill", at=agent.clock.now(), weight=5)
    agent.drive()

    assert writes(agent) == []
    (again,) = agent.client.get("/pending").get_json()["pending"]
    assert again["id"] != asked["id"]
    assert told(agent, first)[2] == "awaiting_approval"
    assert any("global_hold" in why for why in decision(agent, first)["blocked_by"])


def test_nodes_that_are_away_are_looked_for_right_before_the_write(agent: Harness) -> None:
    """Two of five nodes went while it settled: nobody else has looked, and nothing is written."""
    (incident_id,) = fall_ill(agent, "shop-a")
    assert told(agent, incident_id)[2] == "settling"
    for name in ("node-8", "node-9"):
        agent.sandbox.apply(node_away(name))
    agent.advance(120)
    assert writes(agent) == []
    (hold,) = agent.client.get("/hold").get_json()["holds"]
    assert (hold["cause"], "2 of 5 nodes are not Ready" in hold["why"]) == ("nodes_not_ready", True)
    assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")


def test_an_alert_about_the_cluster_itself_holds_while_it_fires(agent: Harness) -> None:
    """An upgrade is under way: nothing by itself until it is over, and then without anybody's doing."""
    at = agent.clock.now().isoformat()
    agent.alert(alert("KubeVersionMismatch", starts_at=at))
    (held,) = fall_ill(agent, "shop-a")
    assert told(agent, held)[1:3] == ("ask", "awaiting_approval")
    (hold,) = agent.client.get("/hold").get_json()["holds"]
    assert (hold["cause"], hold["latched"]) == ("cluster_alert", False)

    agent.alert(alert("KubeVersionMismatch", starts_at=at, status="resolved"))
    (free,) = fall_ill(agent, "later")
    agent.advance(60)
    assert told(agent, free)[1:3] == ("act", "verifying")
    assert agent.client.get("/hold").get_json()["lifted"][0]["lifted_by"] == "sre-agent"


def test_an_api_that_fails_holds_until_it_is_well_again(agent: Harness) -> None:
    """What it answers may be half of the truth: what had settled asks, and a minute later nothing holds any more."""
    (incident_id,) = fall_ill(agent, "shop-a")
    assert told(agent, incident_id)[2] == "settling"
    agent.advance(20)
    vitals = agent.agent.services.vitals
    assert isinstance(vitals, LiveVitals)
    for _ in range(40):
        vitals.pulse.record(0.1, True)
    agent.advance(15)
    assert (writes(agent), told(agent, incident_id)[1:3]) == ([], ("ask", "awaiting_approval"))
    (hold,) = agent.client.get("/hold").get_json()["holds"]
    assert (hold["cause"], hold["latched"]) == ("api_unwell", False)

    agent.advance(60)
    (free,) = fall_ill(agent, "later")
    agent.advance(60)
    assert told(agent, free)[1:3] == ("act", "verifying")
    assert agent.client.get("/hold").get_json()["held"] is False


def test_a_hold_is_told_once(agent: Harness) -> None:
    """By the chore, in one message however long it lasts, and a process that starts anew does not repeat it."""
    services = agent.agent.services
    fall_ill(agent, *FIVE)
    for _ in range(2):
        watch = HoldWatch(services)
        for _ in range(3):
            watch.look()
            agent.advance(60)
    told_of = [message.subject for message in services.outbox.for_incident("")]
    assert told_of == ["Act now: global hold: correlated failure"]


def test_a_bundle_of_what_was_held_is_decided_as_it_was(agent: Harness, tmp_path: Path) -> None:
    """The hold goes with it: replayed alone, one of five ill workloads asks again, and for the same reason."""
    ids = fall_ill(agent, *FIVE)
    held = next(each for each in ids if told(agent, each)[1] == "ask")
    answer = agent.client.get(f"/incidents/{held}/bundle")
    assert answer.status_code == 200
    archive = tmp_path / "held.tar.gz"
    archive.write_bytes(answer.get_data())
    assert replay_bundle(archive).decisions == (decision(agent, held),)


def test_a_hold_that_shows_itself_only_at_the_write_is_in_the_bundle(agent: Harness, tmp_path: Path) -> None:
    """It is what decided in the end: replayed, the incident asks for the same reason."""
    (incident_id,) = fall_ill(agent, "shop-a")
    assert told(agent, incident_id)[1:3] == ("act", "settling")
    for name in ("node-8", "node-9"):
        agent.sandbox.apply(node_away(name))
    agent.advance(120)
    assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")
    archive = tmp_path / "late.tar.gz"
    archive.write_bytes(agent.client.get(f"/incidents/{incident_id}/bundle").get_data())
    (again,) = replay_bundle(archive).decisions
    assert (again["route"], again["action"]["name"]) == ("ask", "delete_pod")
    assert any("2 of 5 nodes are not Ready" in why for why in again["blocked_by"])


def test_a_yes_in_spite_of_one_cause_is_none_in_spite_of_another(agent: Harness) -> None:
    """Asked again, and told of the other one."""
    (first,) = fall_ill(agent, "shop-a")
    holds = agent.agent.services.holds
    assert holds is not None
    holds.engage("monitoring_stale", "Prometheus is blind", at=agent.clock.now())
    patch(agent, NAMESPACES, "", "shop-a", {"metadata": {"labels": {"sre-agent/mode": "approve"}}})
    agent.advance(60)
    (asked,) = agent.client.get("/pending").get_json()["pending"]
    holds.engage("monitoring_stale", "Prometheus is blind", at=agent.clock.now())
    assert agent.client.post(f"/approve/{asked['id']}", json={"reason": "go"}).status_code == 200
    holds.engage("correlated_failure", "five workloads fell ill", at=agent.clock.now(), weight=5)
    agent.drive()
    assert writes(agent) == []
    assert any("five workloads" in why for why in decision(agent, first)["blocked_by"])
