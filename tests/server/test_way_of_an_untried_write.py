"""A write that the API server cannot try: asked of a person who is told so, neither done alone nor given up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import deployment, harness
from tests.server.ways import approve, decision, fault_one, fire, pending, told, writes

pytestmark = pytest.mark.timeout(300)
HOOK = 'admission webhook "quota.example.com" does not support dry run'


def test_what_would_be_done_alone_is_asked_for_and_then_done(tmp_path: Path) -> None:
    """In mode auto: the attempt of a dry run says that nobody knows, so a person decides; the write follows a yes."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(1200, step=120)
        name = fault_one(agent, "notready")
        agent.advance(900, step=120)
        agent.sandbox.webhook("pods/eviction")
        incident_id = fire(agent, "KubePodNotReady", namespace="shop", pod=name)
        assert told(agent, incident_id)[:3] == ("stuck_pod", "act", "settling")
        agent.advance(60, step=30)

        assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")
        assert writes(agent) == []
        assert any(HOOK in line for line in decision(agent, incident_id)["blocked_by"])
        waiting = pending(agent)
        assert HOOK in waiting["proposal"]["preview"]["untried"]
        page = agent.agent.app.test_client().get(f"/approve/{waiting['id']}", headers={"Accept": "text/html"})
        assert "not known" in page.get_data(as_text=True)
        approve(agent)
        assert writes(agent) == [f"POST /api/v1/namespaces/shop/pods/{name}/eviction"]
        agent.advance(300, step=30)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")


def test_a_yes_to_what_was_tried_is_none_to_what_cannot_be_tried_any_more(tmp_path: Path) -> None:
    """The webhook came between the question and the answer: it is asked again, and says so."""
    with harness(tmp_path, ENABLE_ACTIONS="delete_deployment") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.sandbox.settle(60)
        body = {"namespace": "shop", "workload": "web", "action": {"name": "delete_deployment"}}
        incident_id = agent.client.post("/incidents", json=body).get_json()["id"]
        agent.drive()
        first = pending(agent)
        assert first["proposal"]["preview"]["untried"] == ""
        agent.sandbox.webhook("deployments")
        approve(agent)
        again = pending(agent)
        assert again["id"] != first["id"]
        assert HOOK in again["proposal"]["preview"]["untried"]
        assert agent.sandbox.get("Deployment", "shop", "web")
        approve(agent)
        agent.advance(300, step=30)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        assert agent.sandbox.get("Deployment", "shop", "web") is None
