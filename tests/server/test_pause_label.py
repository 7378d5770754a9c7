"""The kill switch by a label on the agent's own namespace: before the next write, whoever said yes to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.app_stand import HTML
from tests.server.ways import decision, fault_one, fire, patch, pending, told, writes
from tools.pause_label import PAUSED_LABEL
from tools.resources import NAMESPACES

pytestmark = pytest.mark.timeout(300)
OWN = "sre"


@contextmanager
def running(folder: Path, **environ: str) -> Iterator[Harness]:
    """An agent that knows its namespace, and two well pods elsewhere."""
    given = {"MODE": "auto", "MEMORY": "false", "POD_NAMESPACE": OWN, **environ}
    with harness(folder, **given) as agent:
        agent.sandbox.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OWN}})
        agent.sandbox.apply(deployment("web", replicas=2))
        agent.advance(600, step=300)
        yield agent


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """In mode auto."""
    with running(tmp_path) as made:
        yield made


def label(agent: Harness, value: str | None, namespace: str = OWN) -> None:
    """Somebody with kubectl."""
    body: dict[str, Any] = {"metadata": {"labels": {PAUSED_LABEL: value}}}
    patch(agent, NAMESPACES, "", namespace, body)


def stuck(agent: Harness) -> str:
    """A stuck pod, and the incident about it."""
    pod = fault_one(agent, "notready")
    agent.advance(900, step=300)
    return fire(agent, "KubePodNotReady", namespace="shop", pod=pod)


def test_it_stops_what_had_settled(agent: Harness) -> None:
    """In mid-incident, though nobody has looked at the label since the decision."""
    incident_id = stuck(agent)
    assert told(agent, incident_id)[1:3] == ("act", "settling")
    label(agent, "true")
    agent.advance(120)
    assert writes(agent) == []
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any(line.startswith("kill_switch: ") for line in decision(agent, incident_id)["blocked_by"])


def test_without_the_label_it_acts(agent: Harness) -> None:
    """Also with one that says false, and with one on another namespace."""
    label(agent, "false")
    label(agent, "true", namespace="shop")
    stuck(agent)
    agent.advance(40)
    assert len(writes(agent)) == 1


def test_a_word_that_is_not_false_pauses(agent: Harness) -> None:
    """Whoever threw it with another word meant it."""
    label(agent, "yes")
    stuck(agent)
    agent.advance(120)
    assert writes(agent) == []


def test_no_approval_gets_past_it_and_none_is_lost(tmp_path: Path) -> None:
    """409 while it is there; without it the same approval is taken."""
    with running(tmp_path, MODE="approve") as agent:
        stuck(agent)
        asked = pending(agent)["id"]
        label(agent, "true")
        refused = agent.client.post(f"/approve/{asked}", json={"reason": "I watch it"})
        assert (refused.status_code, writes(agent)) == (409, [])
        agent.agent.probes.refresh()
        again = agent.client.post(f"/approve/{asked}", json={"reason": "I watch it"})
        assert again.get_json()["type"] == "/problems/paused"
        assert f"kubectl label namespace {OWN} {PAUSED_LABEL}-" in again.get_json()["detail"]
        label(agent, None)
        agent.agent.probes.refresh()
        assert agent.client.post(f"/approve/{asked}", json={"reason": "I watch it"}).status_code == 200
        agent.drive()
        assert len(writes(agent)) == 1


def test_an_approval_from_before_it_is_not_written(tmp_path: Path) -> None:
    """Thrown between a yes and the write."""
    with running(tmp_path, MODE="approve") as agent:
        incident_id = stuck(agent)
        assert agent.client.post(f"/approve/{pending(agent)['id']}").status_code == 200
        label(agent, "true")
        agent.drive()
        assert writes(agent) == []
        assert told(agent, incident_id)[2] == "notified"


def test_it_shows_as_a_pause_does(agent: Harness) -> None:
    """On /health, on every page and in the metrics, with what ends it; resuming does not end it."""
    label(agent, "true")
    agent.agent.probes.refresh()
    health = agent.client.get("/health").get_json()
    assert (health["paused"], health["auto_action"]) == (True, False)
    assert health["services"]["pause_label"]["detail"] == f"{PAUSED_LABEL}=true"
    assert agent.client.post("/resume").get_json()["paused"] is True
    page = agent.client.get("/", headers=HTML).get_data(as_text=True)
    assert f"Paused by label {PAUSED_LABEL} of namespace {OWN}" in page
    assert "sre_agent_paused 1.0" in agent.client.get("/metrics").get_data(as_text=True)


def test_a_label_that_cannot_be_read_leaves_it_to_a_person(tmp_path: Path) -> None:
    """The namespace is gone, or the right to read it: nothing by itself, and a person may say yes."""
    with running(tmp_path, POD_NAMESPACE="nowhere") as agent:
        incident_id = stuck(agent)
        agent.advance(120)
        assert writes(agent) == []
        assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")
        assert any(
            line.startswith("kill_switch_unread: ") for line in decision(agent, incident_id)["blocked_by"]
        )
        agent.agent.probes.refresh()
        assert agent.client.get("/health").get_json()["services"]["pause_label"]["state"] == "down"
        assert agent.client.post(f"/approve/{pending(agent)['id']}").status_code == 200
        agent.drive()
        assert len(writes(agent)) == 1


def test_who_does_not_know_its_namespace_says_so(tmp_path: Path) -> None:
    """On a laptop there is none: named as absent, and nothing is blocked."""
    with running(tmp_path, POD_NAMESPACE="") as agent:
        assert agent.client.get("/health").get_json()["services"]["pause_label"]["state"] == "not_configured"
        stuck(agent)
        agent.advance(40)
        assert len(writes(agent)) == 1
