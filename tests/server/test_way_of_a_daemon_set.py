"""A DaemonSet whose pods crash since a dependency was down, from alert to verdict; and one that its template broke."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, decision, fire, told, writes
from tests.tools.shop import of_kind

pytestmark = pytest.mark.timeout(300)
PATCH = "PATCH /apis/apps/v1/namespaces/shop/daemonsets/agent"


def daemon(**more: Any) -> dict[str, Any]:
    """One pod on each of three nodes."""
    return of_kind("DaemonSet", deployment("agent", **more))


def outage(agent: Harness, **strategy: Any) -> str:
    """The database was away for two minutes; the agents crash on, though it is back. The incident's id."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "database", "namespace": "shop"},
        "spec": {"selector": {"app": "database"}, "ports": [{"port": 5432}]},
    }
    made = daemon(env={"DATABASE_HOST": "database.shop.svc"}, **strategy)
    agent.sandbox.apply([service, deployment("database", replicas=1), made])
    agent.advance(1200, step=60)
    back = agent.clock.now() + timedelta(seconds=120)
    agent.sandbox.fault("shop", "database", "notready", until=back)
    agent.sandbox.fault("shop", "agent", "crashdead", created_before=back)
    agent.advance(300, step=30)
    pod = agent.sandbox.pods("shop", "agent")[0]["metadata"]["name"]
    return fire(agent, "KubePodCrashLooping", namespace="shop", pod=pod)


def test_a_restart_by_itself_mends_it(tmp_path: Path) -> None:
    """Once, after settling; RECOVERED when every node has a new pod that stays ready."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = outage(agent)
        before = {p["metadata"]["uid"] for p in agent.sandbox.pods("shop", "agent")}
        assert told(agent, incident_id)[:3] == ("transient_crash", "act", "settling")
        record = decision(agent, incident_id)
        assert record["target"]["kind"] == record["action"]["args"]["kind"] == "DaemonSet"
        agent.advance(500, step=10)
        assert told(agent, incident_id) == ("transient_crash", "act", "recovered", "RECOVERED")
        assert writes(agent) == [PATCH]
        after = agent.sandbox.pods("shop", "agent")
        assert before.isdisjoint(p["metadata"]["uid"] for p in after)
        assert len({p["spec"]["nodeName"] for p in after}) == 3


def test_one_that_is_replaced_by_hand_only_is_explained(tmp_path: Path) -> None:
    """OnDelete: the restart would change no pod, and that is said."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = outage(agent, updateStrategy={"type": "OnDelete"})
        assert told(agent, incident_id)[:2] == ("transient_crash", "notify")
        blocked = decision(agent, incident_id)["blocked_by"]
        assert [line.partition(":")[0] for line in blocked] == ["restart_without_effect"]
        assert writes(agent) == []


def test_a_release_that_breaks_is_rolled_back_after_approval(tmp_path: Path) -> None:
    """In one step: its controller replaces a pod that does not serve at once."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(daemon())
        agent.advance(1200, step=60)
        agent.sandbox.apply(daemon(image="registry.example/web:1.1", fault="crashdead"))
        agent.advance(180, step=15)
        broken = [p for p in agent.pods("shop") if p["metadata"]["labels"].get("sim/fault")]
        incident_id = fire(agent, "KubePodCrashLooping", namespace="shop", pod=broken[0]["metadata"]["name"])
        assert told(agent, incident_id)[:3] == ("bad_release", "ask", "awaiting_approval")
        approve(agent)
        agent.advance(400, step=10)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        assert writes(agent) == [PATCH]
