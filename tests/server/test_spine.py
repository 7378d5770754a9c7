"""The way of one incident through all real parts: webhook, graph, approval, write, verification, record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Harness, deployment, harness

pytestmark = pytest.mark.timeout(300)


def bad_release(agent: Harness, *, fault: str = "crashloop") -> str:
    """A release that breaks a workload which was healthy for twenty minutes; the incident's id."""
    agent.sandbox.apply(deployment("web"))
    agent.advance(1200, step=60)
    agent.sandbox.apply(deployment("web", image="registry.example/web:1.1", fault=fault))
    agent.advance(180, step=15)
    broken = [p for p in agent.pods("shop") if p["metadata"]["labels"].get("sim/fault")]
    (incident_id,) = agent.alert(agent.crash_alert(broken[0]))
    agent.drive()
    return incident_id


def approve_pending(agent: Harness) -> str:
    """Approve the one approval that waits, as any HTTP client would."""
    (pending,) = agent.client.get("/pending").get_json()["pending"]
    answer = agent.client.post(f"/approve/{pending['id']}", json={"reason": "looks right"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return str(pending["id"])


def test_bad_release_is_rolled_back_after_approval_and_recovers(tmp_path: Path) -> None:
    """A crashing release waits for a person, is rolled back, and is verified to have recovered."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = bad_release(agent)

        asked = agent.incident(incident_id)
        assert (asked.status, asked.problem, asked.route) == ("awaiting_approval", "bad_release", "ask")

        approve_pending(agent)
        agent.advance(400)

        ended = agent.incident(incident_id)
        assert (ended.status, ended.verdict) == ("recovered", "RECOVERED")
        images = {p["spec"]["containers"][0]["image"] for p in agent.pods("shop")}
        assert images == {"registry.example/web:1.0"}
