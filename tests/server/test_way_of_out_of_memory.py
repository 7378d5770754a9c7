"""Kills for memory, from alert to verdict: explained with a limit, a leak restarted once, a release gone back from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import Harness, harness
from tests.server.ways import approve, decision, fire, limited, told, writes

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


def test_a_limit_that_is_too_small_is_explained_with_a_number(agent: Harness) -> None:
    """Killed within seconds, again and again: no action, but the limit that would do and its command."""
    agent.sandbox.fault("shop", "web", "oom", after=5.0)
    agent.advance(300, step=20)
    incident_id = alarm(agent)
    agent.advance(60)
    assert told(agent, incident_id) == ("out_of_memory", "notify", "notified", "")
    assert writes(agent) == []
    (message,) = agent.agent.services.outbox.for_incident(incident_id)
    assert "kubectl set resources deployment/web -c web --limits=memory=192Mi" in message.body


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
