"""A volume that fills, from alert to verdict: asked for, grown, watched; and every reason not to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.harness import Harness, harness
from tests.server.ways import approve, decision, fire, pending, told, writes
from tests.tools.sandbox.test_volumes import claim
from tools.sandbox.prometheus import PrometheusServer, Spoilt

pytestmark = pytest.mark.timeout(300)
GI = 1024.0**3
EXPAND = "PATCH /api/v1/namespaces/shop/persistentvolumeclaims/data"
LABELS = {"namespace": "shop", "persistentvolumeclaim": "data"}
HOURS = 6 * 3600.0


@contextmanager
def agent_with(folder: Path, how: str = "") -> Iterator[tuple[Harness, PrometheusServer]]:
    """An agent in mode auto, a Prometheus, and a claim of 10Gi."""
    with PrometheusServer() as server, harness(folder, MODE="auto", PROMETHEUS_URL=server.url) as agent:
        claim(agent.sandbox, how)
        agent.advance(60)
        yield agent, server


def full(server: PrometheusServer, used: float, *, before: float, inodes: float = 0.1) -> None:
    """So many Gi of 9.8 are used, and were six hours before."""
    server.hold("used_bytes", (LABELS, [(HOURS, before * GI), (0, used * GI)]))
    server.hold("capacity_bytes", (LABELS, [(0, 9.8 * GI)]))
    server.hold("stats_inodes_used", (LABELS, [(0, inodes * 1000)]))
    server.hold("stats_inodes{", (LABELS, [(0, 1000)]))


def filling(agent: Harness) -> str:
    """The alert of kube-prometheus; the incident's id."""
    return fire(agent, "KubePersistentVolumeFillingUp", node="node-1", **LABELS)


def size(agent: Harness) -> str:
    found = agent.sandbox.get("PersistentVolumeClaim", "shop", "data")
    assert found
    return str(found["spec"]["resources"]["requests"]["storage"])


def test_a_volume_that_fills_grows_after_approval(tmp_path: Path) -> None:
    """By a fifth; RECOVERED when it has its new size, not when it was asked for."""
    with agent_with(tmp_path) as (agent, server):
        full(server, 9.1, before=8.0)
        incident_id = filling(agent)
        assert told(agent, incident_id)[:3] == ("volume_filling", "ask", "awaiting_approval")
        shown = pending(agent)["proposal"]["preview"]
        assert "-  storage: 10Gi\n+  storage: 12Gi" in shown["diff"]
        assert "never shrinks" in shown["undo"]
        assert (writes(agent), size(agent)) == ([], "10Gi")
        approve(agent)
        assert (writes(agent), size(agent)) == ([EXPAND], "12Gi")
        agent.advance(300)
        assert told(agent, incident_id) == ("volume_filling", "ask", "recovered", "RECOVERED")


@pytest.mark.parametrize(
    ("how", "outcome"),
    [("pending", ("escalated", "NOT_RECOVERED")), ("never", ("inconclusive", "INCONCLUSIVE"))],
)
def test_a_volume_that_does_not_grow_is_not_called_recovered(
    tmp_path: Path, how: str, outcome: tuple[str, str]
) -> None:
    """Its file system waits for a pod to start again; or nothing ever happens."""
    with agent_with(tmp_path, how) as (agent, server):
        full(server, 9.7, before=9.7)
        incident_id = filling(agent)
        approve(agent)
        agent.advance(1200, step=20)
        assert told(agent, incident_id)[2:] == outcome


def test_inodes_that_run_out_are_no_reason_to_grow(tmp_path: Path) -> None:
    """The look-alike: half of its bytes are free."""
    with agent_with(tmp_path) as (agent, server):
        full(server, 4.0, before=3.9, inodes=0.99)
        incident_id = filling(agent)
        assert told(agent, incident_id)[:3] == ("volume_filling", "notify", "notified")
        assert any("out of inodes" in line for line in decision(agent, incident_id)["reasons"])


def test_a_class_that_does_not_let_it_grow_is_explained(tmp_path: Path) -> None:
    """A new claim and a copy are a person's work."""
    with agent_with(tmp_path) as (agent, server):
        full(server, 9.7, before=9.0)
        agent.sandbox.apply(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": "fast"},
                "provisioner": "sim.example.org/volumes",
            }
        )
        incident_id = filling(agent)
        assert told(agent, incident_id)[:3] == ("volume_filling", "notify", "notified")
        assert any("does not let it grow" in line for line in decision(agent, incident_id)["reasons"])


def test_what_nobody_tells_is_not_proved_by_an_alert(tmp_path: Path) -> None:
    """Without a Prometheus, or with one that does not answer, nothing is proposed."""
    with agent_with(tmp_path) as (agent, server):
        server.spoilt = Spoilt(status=500)
        incident_id = filling(agent)
        assert told(agent, incident_id)[1:3] == ("notify", "notified")
        assert writes(agent) == []


def test_a_volume_that_is_far_from_full_is_left_alone(tmp_path: Path) -> None:
    """Whatever the alert says."""
    with agent_with(tmp_path) as (agent, server):
        full(server, 5.0, before=4.0)
        incident_id = filling(agent)
        assert told(agent, incident_id)[1:3] == ("notify", "notified")


def test_no_volume_grows_beyond_the_cap(tmp_path: Path) -> None:
    """Asking for more than policy's most is refused: it would never shrink again."""
    folder = tmp_path / "policy.yaml"
    folder.write_text("most_volume_gib: 11\n")
    with (
        PrometheusServer() as server,
        harness(tmp_path, MODE="auto", PROMETHEUS_URL=server.url, POLICY_FILE=str(folder)) as agent,
    ):
        claim(agent.sandbox)
        agent.advance(60)
        full(server, 9.7, before=9.0)
        incident_id = filling(agent)
        assert told(agent, incident_id)[1:3] == ("notify", "notified")
        assert any("volume_limit" in line for line in decision(agent, incident_id)["blocked_by"])


def test_whoever_asks_gets_a_fifth_more(tmp_path: Path) -> None:
    """Where nobody tells how full it is, a person may know; the size is computed, and no other is taken."""
    with agent_with(tmp_path) as (agent, _):
        wish = {"namespace": "shop", "kind": "PersistentVolumeClaim", "workload": "data"}
        sized = {"name": "expand_pvc", "args": {"to_size": "100Gi"}}
        assert agent.client.post("/incidents", json={**wish, "action": sized}).status_code in (400, 422)
        answer = agent.client.post("/incidents", json={**wish, "action": {"name": "expand_pvc"}})
        assert answer.status_code == 202, answer.get_data(as_text=True)
        agent.drive()
        approve(agent)
        agent.advance(300)
        assert (size(agent), told(agent, answer.get_json()["id"])[2:]) == ("12Gi", ("recovered", "RECOVERED"))
