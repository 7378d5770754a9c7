"""Clusters as nobody drew them: objects that vanish, go, lack what they should have, or are far too many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.faults import Scene
from tests.harness import Harness, alert, deployment, harness
from tests.server.ways import approve, fire, told, writes

pytestmark = pytest.mark.timeout(300)
GOOD, BAD = "registry.example/web:1.0", "registry.example/web:1.1"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """One that may act."""
    with harness(tmp_path, MODE="auto") as running:
        yield running


def ill(agent: Harness, kind: Any = "bad_release") -> str:
    """A workload of `shop` that was well and is ill, and its alerts; the incident's id."""
    scene = Scene(kind, "shop")
    scene.prepare(agent.sandbox)
    agent.advance(1200, step=240)
    scene.strike(agent.sandbox, agent.clock)
    agent.advance(170, step=10)
    incident_id, *_ = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
    agent.drive()
    return incident_id


def put(agent: Harness, kind: str, live: dict[str, Any]) -> None:
    """Somebody changes an object that is there."""
    live["metadata"].pop("resourceVersion", None)
    agent.sandbox.apply({"kind": kind, "apiVersion": "apps/v1", **live})


def test_what_has_vanished_is_explained(agent: Harness) -> None:
    """The alert names a pod, its workload and its namespace, and none of them is there any more."""
    incident_id = ill(agent)
    agent.sandbox.delete("Deployment", "shop", "web")
    agent.advance(60)
    later = fire(agent, "KubePodCrashLooping", namespace="shop", pod="cart-7c9f8d6b5-bxk2q")
    elsewhere = fire(agent, "KubePodCrashLooping", namespace="nowhere", pod="web-7c9f8d6b5-bxk2q")
    agent.advance(3700, step=300)
    assert told(agent, later)[1:3] == ("notify", "notified")
    assert told(agent, elsewhere)[1:3] == ("notify", "notified")
    assert told(agent, incident_id)[2] == "expired"
    assert writes(agent) == []


def delete_slowly(agent: Harness) -> None:
    """Somebody has asked for its end, and a finalizer holds it."""
    live = agent.sandbox.get("Deployment", "shop", "web")
    assert live is not None
    live["metadata"]["finalizers"] = ["example.com/held"]
    put(agent, "Deployment", live)
    agent.sandbox.delete("Deployment", "shop", "web")
    assert "deletionTimestamp" in (agent.sandbox.get("Deployment", "shop", "web") or {})["metadata"]


def test_how_a_pod_that_is_gone_was_found_is_told(agent: Harness) -> None:
    """Once, in the incident's timeline: a person should know before they believe it."""
    agent.sandbox.apply(deployment("web", image=GOOD))
    agent.advance(60)
    gone = agent.pods("shop")[0]["metadata"]["name"]
    agent.sandbox.delete("Pod", "shop", gone)
    agent.advance(60)
    incident_id = fire(agent, "KubePodCrashLooping", namespace="shop", pod=gone)
    lines = [e.text for e in agent.agent.services.incidents.timeline(incident_id) if e.kind == "target"]
    assert len(lines) == 1
    assert "an event says that Deployment web made pod" in lines[0]


def test_what_is_being_deleted_is_not_even_asked_about(agent: Harness) -> None:
    """A rollback would be in their way: refused by its dry run already, and explained."""
    scene = Scene("bad_release", "shop")
    scene.prepare(agent.sandbox)
    agent.advance(1200, step=240)
    scene.strike(agent.sandbox, agent.clock)
    agent.advance(170, step=10)
    fired = scene.alerts(agent.sandbox, agent.clock)
    delete_slowly(agent)
    incident_id, *_ = agent.alert(*fired)
    agent.advance(120, step=20)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    (message,) = agent.agent.services.outbox.for_incident(incident_id)
    assert "is being deleted" in message.body
    assert writes(agent) == []


@pytest.mark.parametrize("kind", ["bad_release", "transient"])
def test_what_is_deleted_meanwhile_is_not_written_to(agent: Harness, kind: str) -> None:
    """While the approval waits, or while it settles: everything is looked at again right before the write."""
    incident_id = ill(agent, kind)
    delete_slowly(agent)
    for waiting in agent.client.get("/pending").get_json()["pending"]:
        agent.client.post(f"/approve/{waiting['id']}", json={})
    agent.advance(300, step=20)
    assert told(agent, incident_id)[2] == "notified"
    assert writes(agent) == []


def test_an_owner_of_another_kind_since_it_was_proposed(agent: Harness) -> None:
    """A controller of another kind has adopted the ReplicaSets while the approval waited: 412, nothing written."""
    incident_id = ill(agent)
    (pending,) = agent.client.get("/pending").get_json()["pending"]
    for replicaset in agent.sandbox.list("ReplicaSet", "shop"):
        owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "uid-rollout"}
        replicaset["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
        put(agent, "ReplicaSet", replicaset)
    answer = agent.client.post(f"/approve/{pending['id']}", json={})
    assert answer.status_code == 412, answer.get_data(as_text=True)
    agent.advance(120, step=20)
    assert told(agent, incident_id)[2] in ("notified", "awaiting_approval")
    assert writes(agent) == []


def test_objects_without_a_status(agent: Harness) -> None:
    """The controllers have not come to them yet: nothing to prove anything by, and no crash."""
    agent.sandbox.apply(deployment("other", image=GOOD))
    agent.advance(30)
    agent.sandbox.pause_controllers()
    agent.sandbox.apply(deployment("web", image=GOOD))
    bare = {"name": "bare", "namespace": "shop"}
    container = {"name": "web", "image": GOOD}
    agent.sandbox.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": bare, "spec": {"containers": [container]}}
    )
    for labels in ({"deployment": "web"}, {"pod": "bare"}, {"node": "node-1"}):
        incident_id = fire(agent, "KubePodNotReady", namespace="shop", **labels)
        agent.drive()
        assert told(agent, incident_id)[1:3] == ("notify", "notified"), labels
    assert writes(agent) == []


def test_ten_thousand_pods_beside_it_cost_nothing(agent: Harness) -> None:
    """Reads are of the workload's own pods by its selector; what else runs in the namespace is not listed."""
    agent.sandbox.apply(deployment("web", image=GOOD))
    agent.advance(60)
    first = cost(agent)
    crowd(agent, 10_000, {"app": "crowd"})
    assert cost(agent) == first


def test_ten_thousand_pods_of_its_own_are_read_in_pages(agent: Harness) -> None:
    """A workload of that size is read whole, in few requests, and kept small: no fact for each of them."""
    agent.sandbox.apply(deployment("web", image=GOOD))
    agent.advance(60)
    few = cost(agent)
    crowd(agent, 10_000, {"app": "web"})
    many = cost(agent)
    assert many - few <= 3 * 10_000 // 500 + 3
    evidence = agent.agent.services.incidents.evidence(newest(agent))
    assert evidence is not None
    assert len(evidence.model_dump_json()) < 200_000


def cost(agent: Harness) -> int:
    """How many requests one look at `web` makes."""
    before = len(agent.sandbox.requests)
    incident_id = fire(agent, "KubeDeploymentReplicasMismatch", namespace="shop", deployment="web")
    agent.drive()
    assert told(agent, incident_id)[2] == "notified"
    made = len(agent.sandbox.requests) - before
    resolved = alert(
        "KubeDeploymentReplicasMismatch",
        status="resolved",
        starts_at=agent.clock.now().isoformat(),
        namespace="shop",
        deployment="web",
    )
    agent.alert(resolved)
    agent.clock.advance(60)
    return made


def newest(agent: Harness) -> str:
    rows = agent.client.get("/incidents", headers={"Accept": "application/json"}).get_json()["incidents"]
    return str(rows[0]["id"])


def crowd(agent: Harness, count: int, labels: dict[str, str]) -> None:
    """So many bare pods that nothing drives."""
    agent.sandbox.pause_controllers()
    spec = {"containers": [{"name": "web", "image": GOOD}]}
    agent.sandbox.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"crowd-{number}", "namespace": "shop", "labels": labels},
                "spec": spec,
            }
            for number in range(count)
        ]
    )


def test_two_workloads_of_one_selector_do_not_speak_for_each_other(agent: Harness) -> None:
    """Pods belong to whom their owner references name: the neighbour's crashes are not this one's."""
    neighbour = deployment("neighbour", image=BAD, fault="crashloop")
    for made in (deployment("web", image=GOOD), neighbour):
        made["spec"]["selector"] = {"matchLabels": {"team": "shop"}}
        made["spec"]["template"]["metadata"]["labels"]["team"] = "shop"
        agent.sandbox.apply(made)
    agent.advance(900, step=60)
    incident_id = fire(agent, "KubeDeploymentReplicasMismatch", namespace="shop", deployment="web")
    agent.advance(60)
    problem, route, status, _ = told(agent, incident_id)
    assert (problem, route, status) == ("recovered_by_itself", "notify", "notified")
    assert writes(agent) == []


def test_without_a_history_there_is_no_way_back(agent: Harness) -> None:
    """revisionHistoryLimit 0: what ran before is gone, so that the release is explained and nothing proposed."""
    made = deployment("web", image=GOOD, revisionHistoryLimit=0)
    agent.sandbox.apply(made)
    agent.advance(1200, step=240)
    agent.sandbox.apply(
        deployment("web", image=BAD, fault="crashloop", revisionHistoryLimit=0, strategy={"type": "Recreate"})
    )
    agent.advance(170, step=10)
    broken = agent.pods("shop")[0]
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.advance(120, step=20)
    assert len(agent.sandbox.list("ReplicaSet", "shop")) == 1
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert writes(agent) == []


@pytest.mark.parametrize("minutes", [-5, 5])
@pytest.mark.parametrize("kind", ["bad_release", "transient"])
def test_clocks_that_differ_by_minutes(tmp_path: Path, minutes: int, kind: str) -> None:
    """The agent's is ahead or behind: the same decision, one write, the same verdict."""
    with harness(tmp_path, ahead=minutes * 60.0, MODE="auto") as agent:
        incident_id = ill(agent, kind)
        if kind == "bad_release":
            approve(agent)
        agent.advance(500, step=10)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        assert len(writes(agent)) == 1
