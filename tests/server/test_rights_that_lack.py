"""Rights that the manifest gives and the cluster does not: found before anybody is asked, and said."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, cast

import pytest

from graph.remediation import build

# isort: split
# After graph, which sets a switch that LangGraph reads when it is first imported.
from langgraph.checkpoint.sqlite import SqliteSaver

from server.runner import Runner
from tests.chaos.faults import Scene
from tests.harness import Harness, harness
from tests.server.ways import decision, told, writes
from tests.tools.shop import connect, grant
from tools.cluster import Cluster
from tools.errors import Forbidden
from tools.rbac import rules_for

pytestmark = pytest.mark.timeout(300)


def reading_only(agent: Harness, folder: Path) -> None:
    """From now on the agent's account may read what an investigation reads, and write nothing."""
    token = grant(agent.sandbox, "reader", rules_for().reader)
    services = dataclasses.replace(agent.agent.services, cluster=connect(agent.sandbox, folder, token))
    graph, locks = build(SqliteSaver(agent.agent.checkpoints)), agent.agent.settings.data_dir / "locks"
    agent.agent.runner = Runner(graph, services, locks)


@pytest.mark.parametrize("mode", ["approve", "auto"])
def test_what_the_account_may_not_do_is_not_asked_for(tmp_path: Path, mode: str) -> None:
    """Asked of the API server before a person is: explained, with the right that is missing and whom to ask for it."""
    scene = Scene("bad_release" if mode == "approve" else "transient", "shop")
    with harness(tmp_path, MODE=mode) as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1200, step=120)
        scene.strike(agent.sandbox, agent.clock)
        agent.advance(170, step=10)
        reading_only(agent, tmp_path)
        incident_id, *_ = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        agent.advance(120, step=20)

        assert told(agent, incident_id)[1:3] == ("notify", "notified")
        assert agent.agent.services.approvals.for_incident(incident_id) == []
        assert agent.agent.services.ledger.for_incident(incident_id) == []
        assert writes(agent) == []
        (message,) = agent.agent.services.outbox.for_incident(incident_id)
        assert "no_access: the agent's account may not patch deployments.apps in shop" in message.body
        assert "`kubectl -n shop create rolebinding sre-agent-executor" in message.body
        assert "whoever administers the cluster" in message.body


class Mute:
    """An API server at which nobody may ask what they may do."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    def allowed(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        raise Forbidden("selfsubjectaccessreviews is forbidden")


def test_what_cannot_be_told_asks(tmp_path: Path) -> None:
    """A review that is refused proves nothing, neither way: a person decides, in mode auto too."""
    scene = Scene("transient", "shop")
    with harness(tmp_path, MODE="auto") as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1200, step=120)
        scene.strike(agent.sandbox, agent.clock)
        agent.advance(170, step=10)
        mute = dataclasses.replace(
            agent.agent.services, cluster=cast(Cluster, Mute(agent.agent.services.cluster))
        )
        graph, locks = build(SqliteSaver(agent.agent.checkpoints)), agent.agent.settings.data_dir / "locks"
        agent.agent.runner = Runner(graph, mute, locks)
        incident_id, *_ = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        agent.advance(60, step=20)

        assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")
        assert any("no_access" in line for line in decision(agent, incident_id)["blocked_by"])
