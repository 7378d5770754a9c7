"""The agent reads under one account and writes under another; neither can do what the other one does."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from graph.remediation import build

# isort: split
# After graph, which sets a switch that LangGraph reads when it is first imported.
from langgraph.checkpoint.sqlite import SqliteSaver

from server.runner import Runner
from tests.chaos.faults import Scene
from tests.harness import deployment, harness
from tests.server.ways import approve, told
from tests.tools.shop import connect
from tools.errors import Forbidden
from tools.rbac import ACCOUNT, READER, render
from tools.resources import DEPLOYMENTS
from tools.two_accounts import TwoAccounts

pytestmark = pytest.mark.timeout(300)


def test_a_whole_run_reads_under_one_account_and_writes_under_another(tmp_path: Path) -> None:
    """With the generated rights of two accounts a bad release is proved, rolled back and verified."""
    scene = Scene("bad_release", "shop")
    with harness(tmp_path, MODE="approve") as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1200, step=120)
        scene.strike(agent.sandbox, agent.clock)
        agent.advance(170, step=10)
        agent.sandbox.apply(
            [
                item
                for item in yaml.safe_load_all(render(two_accounts=True, write_namespaces=["shop"]))
                if item
            ]
        )
        reader, executor = (
            connect(agent.sandbox, tmp_path, agent.sandbox.token(ACCOUNT, name)) for name in (READER, ACCOUNT)
        )
        services = dataclasses.replace(agent.agent.services, cluster=TwoAccounts(reader, executor))
        graph, locks = build(SqliteSaver(agent.agent.checkpoints)), agent.agent.settings.data_dir / "locks"
        agent.agent.runner = Runner(graph, services, locks)
        before = len(agent.sandbox.requests)
        incident_id, *_ = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        agent.advance(60, step=20)
        approve(agent)
        agent.advance(400, step=10)

        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        made = [r for r in agent.sandbox.requests[before:] if f":{ACCOUNT}:" in r.user]
        readers = {r.method for r in made if r.user.endswith(f":{READER}")}
        writers = {r.method for r in made if r.user.endswith(f":{ACCOUNT}")}
        assert readers == {"GET"}
        assert writers == {"PATCH", "POST"}
        with pytest.raises(Forbidden):
            executor.get(DEPLOYMENTS, "shop", "web")
        with pytest.raises(Forbidden):
            reader.patch(DEPLOYMENTS, "shop", "web", {}, patch_type="merge", dry_run=True)


def test_health_says_when_one_account_does_both(tmp_path: Path) -> None:
    """And that two part them."""
    for name in ("one", "two"):
        tmp_path.joinpath(name).mkdir()
    with harness(tmp_path / "one") as agent:
        assert "one account reads and writes" in agent.client.get("/health").get_json()["accounts"]
    token = tmp_path / "token"
    token.write_text("t")
    with harness(tmp_path / "two", READER_TOKEN_FILE=str(token)) as agent:
        agent.sandbox.apply(deployment("web"))
        assert agent.client.get("/health").get_json()["accounts"] == "one account reads, another one writes"
        assert isinstance(agent.agent.services.cluster, TwoAccounts)
