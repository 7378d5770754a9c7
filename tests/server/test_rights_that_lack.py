"""Rights that the manifest gives and the cluster does not: found before anybody is asked, and said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from graph.remediation import build

# isort: split
# After graph, which sets a switch that LangGraph reads when it is first imported.
from langgraph.checkpoint.sqlite import SqliteSaver

from server.runner import Runner
from tests.chaos.faults import Scene
from tests.harness import Harness, harness
from tests.server.ways import told, writes
from tests.tools.shop import connect, grant
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
    """The dry run is refused: explained with the server's words, which name the account and the right."""
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
        assert 'cannot patch resource "deployments"' in message.body
        assert "system:serviceaccount:shop:reader" in message.body
