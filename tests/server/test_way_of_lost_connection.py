"""Pods that have not reconnected, from alert to verdict: asked, approved, restarted, well."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.harness import deployment, harness
from tests.server.ways import approve, fire, told

pytestmark = pytest.mark.timeout(300)


def test_a_restart_is_asked_for_and_mends_it(tmp_path: Path) -> None:
    """The database was away for two minutes; what needs it runs on without it until it is made anew."""
    with harness(tmp_path, MODE="auto") as agent:
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "database", "namespace": "shop"},
            "spec": {"selector": {"app": "database"}, "ports": [{"port": 5432}]},
        }
        web = deployment("web", env={"DATABASE_HOST": "database.shop.svc"})
        agent.sandbox.apply([service, deployment("database", replicas=1), web])
        agent.advance(1200, step=60)
        back = agent.clock.now() + timedelta(seconds=120)
        agent.sandbox.fault("shop", "database", "notready", until=back)
        agent.sandbox.fault("shop", "web", "notready", created_before=back)
        agent.advance(600, step=30)
        name = agent.sandbox.pods("shop", "web")[0]["metadata"]["name"]
        incident_id = fire(agent, "KubePodNotReady", namespace="shop", pod=name)
        assert told(agent, incident_id)[:3] == ("lost_connection", "ask", "awaiting_approval")

        approve(agent)
        agent.advance(300)
        assert told(agent, incident_id) == ("lost_connection", "ask", "recovered", "RECOVERED")
