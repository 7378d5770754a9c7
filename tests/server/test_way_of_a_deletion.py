"""A Deployment that a person wants deleted: off by default; enabled, shown with all that goes, approved, verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, decision, pending, told, writes
from tools.rbac import covers, rules_for

pytestmark = pytest.mark.timeout(300)
NAME = "delete_deployment"


def ask(agent: Harness) -> Any:
    """What the server answers to somebody who wants `web` deleted."""
    body = {"namespace": "shop", "workload": "web", "reason": "replaced by front", "action": {"name": NAME}}
    return agent.client.post("/incidents", json=body)


def test_it_is_off_unless_it_is_enabled_by_name(tmp_path: Path) -> None:
    """422 that names the setting; the rights follow."""
    with harness(tmp_path) as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(30)
        answer = ask(agent)
        assert answer.status_code == 422
        assert "ENABLE_ACTIONS" in answer.get_json()["detail"]
        assert writes(agent) == []
    assert not covers(rules_for().executor, "delete", "apps", "deployments")
    assert covers(rules_for([NAME]).executor, "delete", "apps", "deployments")


def test_it_is_shown_with_all_that_goes_and_verified_as_gone(tmp_path: Path) -> None:
    """In mode auto too it asks; there is no way back, and that is said."""
    with harness(tmp_path, MODE="auto", ENABLE_ACTIONS=NAME) as agent:
        agent.sandbox.apply([deployment("web"), deployment("front")])
        agent.advance(120, step=30)
        answer = ask(agent)
        assert answer.status_code == 202, answer.get_data(as_text=True)
        agent.drive()
        incident_id = answer.get_json()["id"]
        assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
        assert any("off risk: always a person" in line for line in decision(agent, incident_id)["blocked_by"])
        preview = pending(agent)["proposal"]["preview"]
        assert len(preview["pods_replaced"]) == 3
        assert all(name.startswith("web-") for name in preview["pods_replaced"])
        assert "cannot be undone" in preview["undo"]
        assert "ReplicaSet web-" in preview["diff"]

        approve(agent)
        deletions = [r.path for r in agent.sandbox.requests if r.writes and r.method == "DELETE"]
        assert deletions == ["/apis/apps/v1/namespaces/shop/deployments/web"]
        agent.advance(300)
        assert told(agent, incident_id) == ("requested", "ask", "recovered", "RECOVERED")
        assert len(agent.pods("shop")) == 3
        assert agent.sandbox.get("Deployment", "shop", "front")


def test_what_is_made_again_is_not_recovered(tmp_path: Path) -> None:
    """Somebody, or a tool that keeps it as declared: not deleted a second time."""
    with harness(tmp_path, ENABLE_ACTIONS=NAME) as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(120, step=30)
        incident_id = ask(agent).get_json()["id"]
        agent.drive()
        approve(agent)
        agent.sandbox.apply(deployment("web"))
        agent.advance(120)
        assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
        assert agent.sandbox.get("Deployment", "shop", "web")


def test_what_is_scaled_to_zero_may_be_deleted(tmp_path: Path) -> None:
    """Nothing of it runs, so nothing is lost by that; a person is asked all the same."""
    with harness(tmp_path, ENABLE_ACTIONS=NAME) as agent:
        agent.sandbox.apply(deployment("web", replicas=0))
        agent.sandbox.settle(30)
        incident_id = ask(agent).get_json()["id"]
        agent.drive()
        assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
        assert pending(agent)["proposal"]["preview"]["pods_replaced"] == []
        approve(agent)
        agent.advance(300, step=30)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        assert agent.sandbox.get("Deployment", "shop", "web") is None
