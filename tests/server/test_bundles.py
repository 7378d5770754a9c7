"""An incident of a live cluster, fetched as a bundle, is decided again as it was; and holds no secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli import main
from server.replay import replay_bundle
from tests.harness import Harness, alert, deployment, harness
from tests.server.ways import decision, fault_one, fire, limited
from tools.bundle_archive import opened
from tools.resources import JsonObject

pytestmark = pytest.mark.timeout(300)


def fetched(agent: Harness, incident_id: str, folder: Path) -> Path:
    """The archive that the route gives."""
    answer = agent.client.get(f"/incidents/{incident_id}/bundle")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "application/gzip"
    path = folder / "incident.tar.gz"
    path.write_bytes(answer.get_data())
    return path


SECRETS = {
    "variable": "hunter2-plain-words",
    "annotation": "annotated-by-mistake",
    "log": "logged-by-mistake",
    "event": "told-by-an-event",
    "url": "between-colon-and-at",
}
"""Planted where they are often found; none of them looks like a secret by itself."""


def client_of_database() -> list[JsonObject]:
    """A database, its Service, and a workload that finds it by a variable, secrets all around."""
    database = deployment("database", replicas=1)
    env = {
        "DATABASE_URL": f"postgres://app:{SECRETS['url']}@database.shop.svc:5432/orders",
        "GREETING": SECRETS["variable"],
    }
    client = deployment("web", env=env)
    client["spec"]["template"]["metadata"]["annotations"] = {
        "example.com/api-token": SECRETS["annotation"],
        "kubectl.kubernetes.io/last-applied-configuration": f'{{"value":"{SECRETS["variable"]}"}}',
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "database", "namespace": "shop"},
        "spec": {"selector": {"app": "database"}, "ports": [{"port": 5432}]},
    }
    return [service, database, client]


def ill(agent: Harness) -> JsonObject:
    """A pod of `web` that is not ready."""
    for pod in agent.sandbox.pods("shop", "web"):
        if not all(status["ready"] for status in pod["status"]["containerStatuses"]):
            return pod
    raise AssertionError("all pods are ready")


def bad_release(agent: Harness) -> str:
    """The newest revision crashes; the one before was seen healthy."""
    agent.sandbox.apply(client_of_database())
    agent.advance(1200, step=60)
    newest = client_of_database()[2]
    newest["spec"]["template"]["metadata"]["labels"]["sim/fault"] = "crashloop"
    agent.sandbox.apply(newest)
    agent.advance(180, step=15)
    broken = next(p for p in agent.pods("shop") if p["metadata"]["labels"].get("sim/fault"))
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.drive()
    return incident_id


def transient_crash(agent: Harness) -> str:
    """Its database was away and is back; it goes on crashing. The last time a restart helped."""
    for _ in range(2):
        agent.sandbox.apply(client_of_database())
        agent.advance(1200, step=60)
        back = agent.clock.now() + timedelta(seconds=60)
        lines = [f"password={SECRETS['log']}", "error: stale session, giving up"]
        agent.sandbox.fault("shop", "database", "notready", until=back)
        agent.sandbox.fault("shop", "web", "crashloop", created_before=back, log_lines=lines, after=0.3)
        agent.advance(240, step=20)
        pod = ill(agent)
        agent.sandbox.apply(event_about(agent, pod))
        fired = agent.crash_alert(pod)
        (incident_id,) = agent.alert(fired)
        agent.drive()
        if agent.incident(incident_id).previous_id:
            break
        agent.advance(900, step=30)
        agent.alert({**fired, "status": "resolved", "endsAt": agent.clock.now().isoformat()})
        agent.sandbox.clear_faults()
        agent.advance(7 * 3600, step=600)
    return incident_id


def event_about(agent: Harness, pod: JsonObject) -> JsonObject:
    """Somebody's event with a secret in it."""
    told, now = pod["metadata"], agent.clock.now().isoformat().replace("+00:00", "Z")
    involved = {"kind": "Pod", "namespace": told["namespace"], "name": told["name"], "uid": told["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{told['name']}.planted", "namespace": told["namespace"]},
        "involvedObject": involved,
        "type": "Warning",
        "reason": "FailedMount",
        "message": f"token: {SECRETS['event']}",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


def image_error(agent: Harness) -> str:
    """An image that cannot be pulled; the revision before still serves."""
    agent.sandbox.apply(deployment("web"))
    agent.advance(1200, step=60)
    agent.sandbox.apply(deployment("web", image="registry.example/web:1.O", fault="imagepull"))
    agent.advance(120, step=15)
    return fire(agent, "ImagePullBackOff", namespace="shop", pod=ill(agent)["metadata"]["name"])


def out_of_memory(agent: Harness) -> str:
    """Killed within seconds, again and again."""
    agent.sandbox.apply(limited())
    agent.advance(1200, step=60)
    agent.sandbox.fault("shop", "web", "oom", after=5.0)
    agent.advance(300, step=20)
    return fire(agent, "PodOOMKilled", namespace="shop", deployment="web")


def high_cpu(agent: Harness) -> str:
    """All replicas are near their limit."""
    agent.sandbox.apply(limited())
    agent.advance(1200, step=60)
    agent.sandbox.load("shop", "web", cores=1.45)
    agent.advance(60)
    return fire(agent, "HighCPUUsage", namespace="shop", deployment="web")


def stuck_pod(agent: Harness) -> str:
    """One of three is stuck."""
    agent.sandbox.apply(deployment("web"))
    agent.advance(1200, step=60)
    pod = fault_one(agent, "notready")
    agent.advance(600, step=30)
    return fire(agent, "KubePodNotReady", namespace="shop", pod=pod)


def node_not_ready(agent: Harness) -> str:
    """A node is away."""
    agent.sandbox.apply(deployment("web"))
    agent.advance(300, step=60)
    node = agent.sandbox.list("Node")[0]["metadata"]["name"]
    agent.sandbox.stop_node(node)
    agent.advance(400, step=20)
    return fire(agent, "KubeNodeNotReady", node=node)


def nothing_named(agent: Harness) -> str:
    """An alert whose object does not exist."""
    return fire(agent, "KubePodCrashLooping", namespace="shop", pod="long-gone-5f6d8c7b9d-x2k8p")


CASES: dict[str, tuple[Callable[[Harness], str], str, str]] = {
    "bad release": (bad_release, "bad_release", "rollback_deployment"),
    "transient crash": (transient_crash, "transient_crash", "restart_deployment"),
    "image error": (image_error, "image_name", "rollback_deployment"),
    "out of memory": (out_of_memory, "out_of_memory", "set_memory_limit"),
    "high cpu": (high_cpu, "high_cpu", "scale_deployment"),
    "stuck pod": (stuck_pod, "stuck_pod", "delete_pod"),
    "node": (node_not_ready, "node_not_ready", "cordon_node"),
    "nothing": (nothing_named, "unknown", ""),
}


@pytest.mark.parametrize("mode", ["auto", "approve"])
@pytest.mark.parametrize("case", CASES)
def test_a_fetched_bundle_is_decided_as_the_live_run_was(tmp_path: Path, case: str, mode: str) -> None:
    """The same record: route, object, action with its arguments, confidence, reasons and what stood in the way."""
    strike, problem, action = CASES[case]
    with harness(tmp_path, MODE=mode) as agent:
        incident_id = strike(agent)
        live = decision(agent, incident_id)
        path = fetched(agent, incident_id, tmp_path)
    assert (live["problem"], (live["action"] or {}).get("name", "")) == (problem, action)
    assert replay_bundle(path).decisions == (live,)


def test_no_secret_is_in_a_bundle(tmp_path: Path) -> None:
    """Planted in a variable, annotations, a log and an event: none is in any file, and the decision is the same."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = transient_crash(agent)
        live = decision(agent, incident_id)
        with opened(fetched(agent, incident_id, tmp_path)) as folder:
            texts = {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}
    whole = "\n".join(texts.values())
    assert [kind for kind, secret in SECRETS.items() if secret in whole] == []
    for what in ("GREETING", "example.com/api-token", "password=", "token: ", "DATABASE_URL"):
        assert what in whole
    assert "Last time here" in str(live["reasons"])


def test_a_bundle_is_small(tmp_path: Path) -> None:
    """A usual incident takes a few KiB of the record."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = bad_release(agent)
        assert fetched(agent, incident_id, tmp_path).stat().st_size < 12 * 1024


def test_what_is_not_kept_is_told(tmp_path: Path) -> None:
    """An unknown incident is 404; one that is not decided, or of which nothing is kept, is 410 and says why."""
    with harness(tmp_path) as agent:
        unknown = agent.client.get("/incidents/0000000000000000/bundle")
        assert (unknown.status_code, unknown.mimetype) == (404, "application/problem+json")
        (incident_id,) = agent.alert(alert("KubePodCrashLooping", starts_at=agent.clock.now().isoformat()))
        early = agent.client.get(f"/incidents/{incident_id}/bundle")
        assert (early.status_code, early.get_json()["type"]) == (410, "/problems/no-bundle")
        assert "not decided yet" in early.get_json()["detail"]
        agent.drive()
        assert agent.client.get(f"/incidents/{incident_id}/bundle").status_code == 200


def test_the_api_describes_the_route(tmp_path: Path) -> None:
    """With its media type and the answer for what was not kept."""
    with harness(tmp_path) as agent:
        paths = agent.client.get("/openapi.json").get_json()["paths"]
    described = paths["/incidents/{incident_id}/bundle"]["get"]["responses"]
    assert list(described["200"]["content"]) == ["application/gzip"]
    assert "410" in described


def test_the_command_writes_what_the_route_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the record alone, into a new folder; it overwrites nothing and says what is wrong."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = image_error(agent)
        live = decision(agent, incident_id)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    out = tmp_path / "case"
    wanted = ["capture", "--incident", incident_id, "--out", str(out)]
    ran = CliRunner().invoke(main, wanted)
    assert ran.exit_code == 0, ran.output
    assert replay_bundle(out).decisions == (live,)
    again = CliRunner().invoke(main, wanted)
    assert (again.exit_code, "nothing is overwritten" in again.stderr) == (2, True)
    unknown = CliRunner().invoke(main, ["capture", "--incident", "0" * 16, "--out", str(tmp_path / "other")])
    assert (unknown.exit_code, "there is no incident" in unknown.stderr) == (2, True)
    assert not (tmp_path / "other").exists()
