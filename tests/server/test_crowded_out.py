"""Between policy's look and the claim others may take the last room: then a person is asked, and nothing is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from graph.remediation import build
from server.runner import Runner
from tests.harness import deployment, harness
from tests.server.test_way_of_a_stuck_pod import stuck
from tests.server.ways import decision, told, writes
from tools.claim_room import Room
from tools.ledger import LedgerEntry, SqlLedger

pytestmark = pytest.mark.timeout(300)


class Meanwhile(SqlLedger):
    """Others claim as many writes as an hour may have, right before ours."""

    def claim(self, entry: LedgerEntry, room: Room | None = None) -> LedgerEntry | None:
        for n in range(6):
            super().claim(entry.model_copy(update={"key": f"other-{n}"}))
            super().set_verdict(f"other-{n}", "RECOVERED")
        return super().claim(entry, room)


def test_the_write_that_would_overdraw_the_budget_is_asked_for(tmp_path: Path) -> None:
    """It would have been the seventh of the hour."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(1200, step=60)
        name, incident_id = stuck(agent)
        assert told(agent, incident_id)[:3] == ("stuck_pod", "act", "settling")
        agent.clock.advance(60)
        services = replace(agent.agent.services, ledger=Meanwhile(agent.agent.database, agent.clock))
        graph = build(SqliteSaver(agent.agent.checkpoints))
        Runner(graph, services, tmp_path / "locks").step(incident_id)

        assert writes(agent) == []
        assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")
        words = "cluster_budget: 6 automatic writes were claimed meanwhile"
        assert words in decision(agent, incident_id)["blocked_by"]
        assert name in {pod["metadata"]["name"] for pod in agent.pods("shop")}
