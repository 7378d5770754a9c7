"""How the real process stops and starts: drained on SIGTERM, alone on its data folder, clear about what it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.agent_process import AgentProcess
from tests.chaos.disk import small_disk
from tests.chaos.faults import Scene
from tests.chaos.proxy import delay
from tests.chaos.standing import recovered_restart, recovered_rollback, standing
from tests.harness import alert, webhook_body
from tests.ports import free_port
from tools.sandbox import Sandbox

pytestmark = pytest.mark.timeout(600)


def test_a_run_that_is_drained_goes_on_after_the_restart(tmp_path: Path) -> None:
    """SIGTERM in the middle of one run and while another waits for a person: exit 0, then both end as usual."""
    release, crash = Scene("bad_release", "shop"), Scene("transient", "orders")
    with standing(tmp_path, release, crash) as stand:
        stand.agent.start()
        waiting = stand.alert(release)
        approval_id = stand.pending(waiting)
        stand.cluster.proxy.spoil(
            delay(0.5), path="/namespaces/orders/", when=lambda request: True, times=1000
        )
        running = stand.alert(crash)
        stand.agent.until(lambda: stand.record.node(running) == "gather_logs", "under way")

        assert stand.agent.terminate() == 0
        assert not stand.record.ended(running)
        assert [said for said in ("draining", "stopped") if f'"event": "{said}"' in stand.agent.log()] == [
            "draining",
            "stopped",
        ]

        stand.cluster.proxy.release()
        stand.agent.start()
        assert stand.approve(waiting) == approval_id
        stand.until_ended(waiting, running)
        assert stand.record.ending("shop") == recovered_rollback()
        assert stand.record.ending("orders") == recovered_restart()
        assert [len(stand.cluster.patches(name)) for name in ("shop", "orders")] == [1, 1]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An API server."""
    with Sandbox(nodes=1) as started:
        yield started


@pytest.fixture
def agent(tmp_path: Path, sandbox: Sandbox) -> Iterator[AgentProcess]:
    """An agent of that cluster, not started."""
    with AgentProcess(tmp_path / "agent", kubeconfig=sandbox.kubeconfig(tmp_path / "kubeconfig")) as process:
        yield process


def refusal(agent: AgentProcess) -> str:
    """Start it, and see it refuse; returns what it says on its way out."""
    agent.start(wait=False)
    assert agent.wait() == 2
    assert "Traceback" not in agent.log()
    return agent.log()


def test_a_second_process_on_the_same_data_is_refused(agent: AgentProcess, tmp_path: Path) -> None:
    """It names the folder and the process that has it; the first one goes on."""
    agent.start()
    with AgentProcess(tmp_path / "second", kubeconfig=agent.environ["KUBECONFIG"]) as second:
        second.environ["DATA_DIR"] = agent.environ["DATA_DIR"]
        said = refusal(second)
    assert f"the data folder {agent.data} is in use by process {agent.pid}" in said
    assert "set DATA_DIR to another folder" in said
    assert agent.get("/readyz").status == 200


def test_a_port_that_is_taken_is_named(agent: AgentProcess, sandbox: Sandbox) -> None:
    """It says that it cannot listen, and which settings to change."""
    agent.environ["PORT"] = sandbox.url.rpartition(":")[2]
    assert "Set HOST and PORT to an address that is free" in refusal(agent)


@pytest.mark.parametrize("file", ["sre-agent.db", "checkpoints.db"])
def test_a_damaged_database_is_named(file: str, agent: AgentProcess) -> None:
    """Which file it is and what to do; nothing is deleted."""
    agent.data.mkdir(parents=True)
    (agent.data / file).write_bytes(b"no database at all" * 1000)
    said = refusal(agent)
    assert str(agent.data / file) in said
    assert "restore a backup" in said
    assert (agent.data / file).read_bytes().startswith(b"no database")


def test_all_that_is_wrong_with_the_settings_is_listed(agent: AgentProcess, tmp_path: Path) -> None:
    """Unknown names, values out of range and a kubeconfig that is not there, in one go."""
    agent.environ |= {"VERIFY_WINDOW": "1", "PORT": "70000", "KUBECONFIG": str(tmp_path / "nowhere")}
    said = refusal(agent)
    for part in (
        "3 problem(s)",
        "VERIFY_WINDOW is not known",
        "PORT=70000",
        "there is no such file",
        "Mend:",
    ):
        assert part in said


@pytest.mark.parametrize(
    "text", ["{", "{}", json.dumps({"kind": "Config", "clusters": [], "current-context": "gone"})]
)
def test_a_broken_kubeconfig_is_refused(text: str, agent: AgentProcess, tmp_path: Path) -> None:
    """It names the file and says how to try one."""
    broken = tmp_path / "broken"
    broken.write_text(text)
    agent.environ["KUBECONFIG"] = str(broken)
    said = refusal(agent)
    assert f"The kubeconfig {broken} cannot be used" in said
    assert "kubectl" in said


def test_a_dead_server_is_no_reason_to_lose_alerts(agent: AgentProcess, sandbox: Sandbox) -> None:
    """With an API server that refuses connections it starts, accepts, keeps the incident and says what is down."""
    kubeconfig = Path(agent.environ["KUBECONFIG"])
    kubeconfig.write_text(kubeconfig.read_text().replace(sandbox.url, f"http://127.0.0.1:{free_port()}"))
    agent.start()
    body = webhook_body(
        alert("KubePodCrashLooping", starts_at="2026-01-05T12:00:00Z", namespace="shop", pod="web-1")
    )
    answer = agent.post("/webhook", body)
    assert answer.status == 202
    agent.until(lambda: agent.get("/health").body["down"] == ["k8s"], "seen to be down")
    incident = agent.get(f"/incidents/{answer.body['incidents'][0]}").body
    assert incident["status"] in ("received", "investigating")
    assert agent.terminate() == 0


def test_a_full_disk_loses_nothing(agent: AgentProcess) -> None:
    """Full: alerts are refused with 503, so that Alertmanager keeps them, and it says why. Free again: all is well."""
    body = webhook_body(
        alert("KubePodCrashLooping", starts_at="2026-01-05T12:00:00Z", namespace="shop", pod="web-1")
    )
    agent.data.mkdir(parents=True)
    with small_disk(agent.data) as disk:
        agent.start()
        disk.fill(agent.pid)
        refused = agent.post("/webhook", body)
        assert (refused.status, refused.refused) == (503, "store-unavailable")
        assert "Nothing of this body was stored" in refused.body["detail"]
        assert str(agent.data / "sre-agent.db") in refused.body["detail"]
        assert agent.get("/readyz").status == 503
        assert agent.get("/livez").status == 200

        disk.free(agent.pid)
        accepted = agent.post("/webhook", body)
        assert accepted.status == 202
        (incident_id,) = accepted.body["incidents"]
        agent.until(lambda: agent.get(f"/incidents/{incident_id}").body["status"] == "notified", "ended")
        assert agent.terminate() == 0
