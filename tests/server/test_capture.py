"""`sre-agent capture`: an incident of the record, or a cluster as it is now, on disk; refused where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from graph.keeping import webhook_body
from server.capturing import capture_now
from server.cli import main
from server.replay import replay_bundle
from tests.harness import Harness, alert, deployment, harness
from tests.harness import webhook_body as body_of
from tests.server.test_bundles import SECRETS, bad_release, image_error, out_of_memory, transient_crash
from tests.server.ways import decision, fire
from tools.bundle import Bundle
from tools.cluster import KubernetesCluster

pytestmark = pytest.mark.timeout(300)


def wholly_bad_release(agent: Harness) -> str:
    """No pod of the older revision is left: only the agent's own record knows that it was well."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%", "maxSurge": 0}}
    agent.sandbox.apply(deployment("web", strategy=strategy))
    agent.advance(1200, step=60)
    worse = deployment("web", image="registry.example/web:1.1", fault="crashloop", strategy=strategy)
    agent.sandbox.apply(worse)
    agent.advance(180, step=15)
    (incident_id,) = agent.alert(agent.crash_alert(agent.pods("shop")[0]))
    agent.drive()
    assert "was seen ready for" in str(decision(agent, incident_id)["reasons"])
    return incident_id


STRIKES = {
    "wholly bad release": wholly_bad_release,
    "bad release": bad_release,
    "transient crash": transient_crash,
    "image error": image_error,
    "out of memory": out_of_memory,
}


def run(agent: Harness, *arguments: object, **environ: str) -> Result:
    """The command, beside the agent and on its record."""
    settings = agent.agent.settings
    given = {"DATA_DIR": str(settings.data_dir), "KUBECONFIG": settings.kubeconfig, "MODE": settings.mode}
    return CliRunner().invoke(main, ["capture", *map(str, arguments)], env={**given, **environ})


def reader(agent: Harness) -> KubernetesCluster:
    """The cluster as the command reads it."""
    return KubernetesCluster.connect(str(agent.agent.settings.kubeconfig), sleep=lambda seconds: None)


def without_id(record: dict[str, Any]) -> dict[str, Any]:
    """The decision but for whose it is."""
    return {key: value for key, value in record.items() if key != "incident_id"}


@pytest.mark.parametrize("strike", STRIKES)
def test_a_live_cluster_is_captured_as_the_agent_decides_it(tmp_path: Path, strike: str) -> None:
    """At the same instant for the same alerts: the replay's record is the live one's, but for its id."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = STRIKES[strike](agent)
        live = decision(agent, incident_id)
        body = webhook_body(agent.agent.services.incidents.alerts(incident_id))
        before = len(agent.sandbox.requests)
        bundle = capture_now(agent.agent.settings, reader(agent), body, agent.clock)
        asked = agent.sandbox.requests[before:]
    bundle.write(tmp_path / "case")
    (replayed,) = replay_bundle(tmp_path / "case").decisions
    assert without_id(replayed) == without_id(live)
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert {request.method for request in asked if request.path != reviews} == {"GET"}


def test_an_incident_of_the_record_is_captured(tmp_path: Path) -> None:
    """As the route gives it, while the agent works; it replays to the same record, and holds no secret."""
    with harness(tmp_path, MODE="approve") as agent:
        incident_id = bad_release(agent)
        live = decision(agent, incident_id)
        ran = run(agent, "--incident", incident_id, "--out", tmp_path / "case")
    assert ran.exit_code == 0, ran.output
    assert f"sre-agent replay {tmp_path / 'case'}" in ran.stdout
    assert replay_bundle(tmp_path / "case").decisions == (live,)
    texts = "".join(path.read_text() for path in (tmp_path / "case").rglob("*") if path.is_file())
    assert [kind for kind, secret in SECRETS.items() if secret in texts] == []


@pytest.mark.parametrize("way", ["--workload", "--alert"])
def test_a_cluster_is_captured_without_a_record(tmp_path: Path, way: str) -> None:
    """For a named workload, or for the body of an alert; no agent has to have been there."""
    with harness(tmp_path) as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(60)
        about = alert("KubePodCrashLooping", starts_at=agent.clock.now().isoformat(), namespace="shop")
        about["labels"]["deployment"] = "web"
        (tmp_path / "alert.json").write_text(json.dumps(body_of(about)))
        named = "shop/Deployment/web" if way == "--workload" else tmp_path / "alert.json"
        ran = run(agent, way, named, "--out", tmp_path / "case", DATA_DIR=str(tmp_path / "nobody"))
    assert ran.exit_code == 0, ran.output
    loaded = Bundle.load(tmp_path / "case")
    assert {"Deployment", "ReplicaSet", "Pod"} <= {obj["kind"] for obj in loaded.objects}
    assert (loaded.meta.mode, loaded.meta.incident_id) == ("approve", None)
    (replayed,) = replay_bundle(tmp_path / "case").decisions
    assert replayed["target"] == {"kind": "Deployment", "namespace": "shop", "name": "web"}
    assert not (tmp_path / "nobody").exists()


def refused(ran: Result, words: str) -> None:
    """Exit status 2, one line that says this, no traceback."""
    assert (ran.exit_code, "Traceback" in ran.output) == (2, False), ran.output
    assert words in ran.stderr


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither a folder with something in it nor a file; it is told before anything is read."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("mine")
    with harness(tmp_path) as agent:
        before = len(agent.sandbox.requests)
        for out in ("file", "full"):
            ran = run(agent, "--workload", "shop/Deployment/web", "--out", tmp_path / out)
            refused(ran, "nothing is overwritten")
        assert len(agent.sandbox.requests) == before
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["note"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "one of --incident, --alert and --workload"),
        (["--incident", "a", "--workload", "shop/Deployment/web"], "one of --incident"),
        (["--incident", "0000000000000000"], "there is no incident 0000000000000000"),
        (["--workload", "web"], "write namespace/Kind/name"),
        (["--workload", "shop/Deployment/web"], "not found"),
        (["--workload", "shop/Secret/web"], "not a kind that can be looked at"),
        (["--alert", "broken.json"], "cannot be read as JSON"),
        (["--alert", "list.json"], "must be one JSON object"),
        (["--alert", "empty.json"], "no alert in it"),
        (["--alert", "other.json"], "webhook body"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_captured_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    """And leaves no folder behind."""
    monkeypatch.chdir(tmp_path)
    texts = {"broken": "{", "list": "[]", "empty": json.dumps(body_of()), "other": '{"version": "3"}'}
    for name, text in texts.items():
        (tmp_path / f"{name}.json").write_text(text)
    with harness(tmp_path) as agent:
        refused(run(agent, *arguments, "--out", "case"), words)
    assert not (tmp_path / "case").exists()


def test_a_cluster_that_does_not_answer_is_told(tmp_path: Path) -> None:
    """Rather than captured as one that holds nothing."""
    with harness(tmp_path) as agent:
        agent.sandbox.stop()
        ran = run(agent, "--workload", "shop/Deployment/web", "--out", tmp_path / "case")
    refused(ran, "no connection to the API server")
    assert not (tmp_path / "case").exists()


def test_alerts_about_several_workloads_are_several_bundles(tmp_path: Path) -> None:
    """One at a time."""
    with harness(tmp_path) as agent:
        agent.sandbox.apply([deployment("web"), deployment("api")])
        agent.advance(60)
        now = agent.clock.now().isoformat()
        about = [alert("X", starts_at=now, namespace="shop", deployment=name) for name in ("web", "api")]
        (tmp_path / "alert.json").write_text(json.dumps(body_of(*about)))
        ran = run(agent, "--alert", tmp_path / "alert.json", "--out", tmp_path / "case")
    refused(ran, "about 2 workloads")


def test_a_merged_incident_names_the_one_that_it_joined(tmp_path: Path) -> None:
    """What it read is kept there."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "scaler", "namespace": "shop"},
        "spec": {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 5},
    }
    with harness(tmp_path) as agent:
        older = wholly_bad_release(agent)
        agent.sandbox.apply(scaler)
        younger = fire(agent, "ScalerAtItsEnd", namespace="shop", horizontalpodautoscaler="scaler")
        assert agent.incident(younger).merged_into == older
        ran = run(agent, "--incident", younger, "--out", tmp_path / "case")
    refused(ran, f"merged into {older}")
