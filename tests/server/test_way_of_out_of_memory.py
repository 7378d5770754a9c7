"""Kills for memory, from alert to verdict: a limit raised, a leak restarted once, a release gone back from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Harness, harness
from tests.server.ways import approve, decision, fire, limited, pending, told, writes
from tools.quantities import parse_quantity
from tools.resources import JsonObject

pytestmark = pytest.mark.timeout(300)
MIB = 2.0**20
RESTART = "PATCH /apis/apps/v1/namespaces/shop/deployments/web"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that may act, and three pods that have been well for an hour."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(limited())
        running.advance(3600, step=120)
        yield running


def killed_pod(agent: Harness) -> dict[str, str]:
    """Labels of the first pod whose container was killed for memory."""
    for pod in agent.pods("shop"):
        for status in pod["status"]["containerStatuses"]:
            states = [*status["state"].values(), *status["lastState"].values()]
            if any(state.get("reason") == "OOMKilled" for state in states):
                return {"pod": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    raise AssertionError("no container was killed for memory")


def alarm(agent: Harness) -> str:
    """The alert about it; the incident's id."""
    return fire(agent, "PodOOMKilled", namespace="shop", container="web", **killed_pod(agent))


def too_small(agent: Harness) -> str:
    """Every pod is killed five seconds after each start, while it has less than 150 MiB; the incident's id."""
    agent.sandbox.fault("shop", "web", "oom", after=5.0, when=lambda pod, now: memory_of(pod) < 150 * MIB)
    agent.advance(300, step=20)
    incident_id = alarm(agent)
    agent.advance(60)
    return incident_id


def memory_of(pod: JsonObject) -> float:
    """The limit of its first container."""
    return parse_quantity(pod["spec"]["containers"][0]["resources"]["limits"]["memory"])


def limits(agent: Harness) -> JsonObject:
    """What the template sets."""
    found = agent.sandbox.get("Deployment", "shop", "web")
    assert found
    resources: JsonObject = found["spec"]["template"]["spec"]["containers"][0]["resources"]
    return {kind: resources[kind]["memory"] for kind in ("limits", "requests")}


def test_a_limit_that_is_too_small_is_raised_after_approval(agent: Harness) -> None:
    """Killed within seconds, again and again: a person sees the computed limit, and it ends the kills."""
    incident_id = too_small(agent)
    assert told(agent, incident_id) == ("out_of_memory", "ask", "awaiting_approval", "")
    assert writes(agent) == []
    shown = pending(agent)["proposal"]["preview"]
    assert "-        memory: 128Mi" in shown["diff"]
    assert "+        memory: 192Mi" in shown["diff"]
    assert (shown["accepted"], len(shown["pods_replaced"])) == (True, 3)
    assert "Undone by setting 128Mi again" in shown["undo"]
    approve(agent)
    assert (writes(agent), limits(agent)) == ([RESTART], {"limits": "192Mi", "requests": "192Mi"})
    agent.advance(600, step=20)
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")


def test_a_limit_that_is_still_too_small_is_not_raised_again(agent: Harness) -> None:
    """Killed again under the new one: a person takes over, and nothing is asked for a second time that day."""
    agent.sandbox.fault("shop", "web", "oom", after=5.0)
    agent.advance(300, step=20)
    incident_id = alarm(agent)
    agent.advance(60)
    approve(agent)
    agent.advance(900, step=20)
    assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
    agent.advance(7 * 3600, step=300)
    again = fire(agent, "KubePodCrashLooping", namespace="shop", container="web", **killed_pod(agent))
    agent.advance(60)
    assert told(agent, again)[:2] == ("out_of_memory", "notify")
    assert any(line.startswith("memory_once:") for line in decision(agent, again)["blocked_by"])
    assert writes(agent) == [RESTART]


def test_a_limit_range_that_came_meanwhile_is_seen_before_the_write(agent: Harness) -> None:
    """It would have refused every new pod: what a person approved is not written, and the old pods stay."""
    incident_id = too_small(agent)
    waiting = pending(agent)
    spec = {"limits": [{"type": "Container", "max": {"memory": "160Mi"}}]}
    place = {"name": "small", "namespace": "shop"}
    agent.sandbox.apply({"apiVersion": "v1", "kind": "LimitRange", "metadata": place, "spec": spec})
    answer = agent.client.post(f"/approve/{waiting['id']}", json={"reason": "looks right"})
    assert answer.status_code in (409, 412)
    agent.advance(60)
    assert (writes(agent), limits(agent)) == ([], {"limits": "128Mi", "requests": "128Mi"})
    fresh = pending(agent)
    assert fresh["id"] != waiting["id"]
    assert fresh["proposal"]["call"]["args"]["limit"] == 160 * 2**20
    assert told(agent, incident_id)[2] == "awaiting_approval"


def test_a_quota_without_room_for_more_is_explained(agent: Harness) -> None:
    """Nobody is asked for what the pods could not be made with; the number and the command are told."""
    hard = {"limits.memory": f"{3 * 128}Mi"}
    agent.sandbox.apply(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "all", "namespace": "shop"},
            "spec": {"hard": hard},
        }
    )
    incident_id = too_small(agent)
    assert told(agent, incident_id) == ("out_of_memory", "notify", "notified", "")
    (message,) = agent.agent.services.outbox.for_incident(incident_id)
    assert "cannot be raised: ResourceQuota all bounds it" in message.body
    assert writes(agent) == []


def test_a_leak_is_restarted_once(agent: Harness) -> None:
    """All are near their limit after an hour, and one was killed: all are replaced, and are well."""
    agent.sandbox.load("shop", "web", memory=121 * MIB)
    first = sorted(p["metadata"]["name"] for p in agent.pods("shop"))[0]
    struck = agent.clock.now()
    agent.sandbox.fault(
        "shop",
        "web",
        "oom",
        after=3600.0,
        when=lambda pod, now: pod["metadata"]["name"] == first,
        created_before=struck,
    )
    agent.advance(20)
    incident_id = alarm(agent)
    assert told(agent, incident_id)[:3] == ("out_of_memory", "act", "settling")
    agent.advance(60)
    assert writes(agent) == [RESTART]
    agent.sandbox.load("shop", "web", memory=40 * MIB)
    agent.advance(1200, step=30)
    assert agent.incident(incident_id).status in ("recovered", "provisional")
    assert decision(agent, incident_id)["action"]["name"] == "restart_deployment"
    assert writes(agent) == [RESTART]


def test_siblings_with_room_are_not_restarted(agent: Harness) -> None:
    """One was killed after an hour, the others hold a third of their limit: explained."""
    agent.sandbox.load("shop", "web", memory=40 * MIB)
    first = sorted(p["metadata"]["name"] for p in agent.pods("shop"))[0]
    agent.sandbox.fault(
        "shop", "web", "oom", after=3600.0, when=lambda pod, now: pod["metadata"]["name"] == first
    )
    agent.advance(20)
    incident_id = alarm(agent)
    agent.advance(60)
    assert told(agent, incident_id)[:3] == ("out_of_memory", "notify", "notified")
    assert writes(agent) == []


def test_a_release_that_brought_it_is_gone_back_from_after_approval(agent: Harness) -> None:
    """From its start: the class is that of a bad release, and a person decides."""
    agent.sandbox.apply(limited(image="registry.example/web:1.1", fault="oom"))
    agent.advance(180, step=15)
    incident_id = alarm(agent)
    assert told(agent, incident_id)[:3] == ("bad_release", "ask", "awaiting_approval")
    approve(agent)
    agent.advance(400)
    assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
