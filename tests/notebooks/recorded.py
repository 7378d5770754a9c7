"""A record with a few incidents in it, made by a whole agent on the sandbox."""

from __future__ import annotations

from pathlib import Path

from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, fire


def rolled_back(agent: Harness) -> str:
    """A bad release that a person lets the agent take back, and that recovers; the incident's id."""
    agent.sandbox.apply(deployment("web"))
    agent.advance(1200, step=60)
    agent.sandbox.apply(deployment("web", image="registry.example/web:1.1", fault="crashloop"))
    agent.advance(180, step=15)
    broken = [pod for pod in agent.pods("shop") if pod["metadata"]["labels"].get("sim/fault")]
    (incident_id,) = agent.alert(agent.crash_alert(broken[0]))
    agent.drive()
    approve(agent)
    agent.advance(400, step=20)
    assert agent.incident(incident_id).verdict == "RECOVERED"
    return incident_id


def explained(agent: Harness, name: str = "OrdersQueueGrows") -> str:
    """An alert that no playbook knows, about a healthy workload; the incident's id."""
    return fire(agent, name, namespace="shop", deployment="web")


def a_record(folder: Path) -> tuple[Path, str]:
    """The data folder that an agent has left, and the incident that it acted in; another one came later."""
    with harness(folder, MODE="auto") as agent:
        acted = rolled_back(agent)
        explained(agent)
    return folder / "data", acted
