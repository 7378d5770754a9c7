"""Plays the demo: for a person at the browser, or by itself with one JSON line per incident."""

from __future__ import annotations

import json
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from server import logging, serving
from server.bootstrap import Agent, build
from server.demo.alerting import Alerting
from server.demo.scenes import Expected, Scene, break_older_revision, follow_up, mend, scenes
from server.settings import Settings
from tools.clock import ScaledClock
from tools.cluster import KubernetesCluster
from tools.incident_record import ENDED
from tools.incidents import Incident
from tools.sandbox import Sandbox
from tools.sightings import look

SPEED = 30.0
"""Sandbox seconds per second."""
HEALTHY_PAST_SECONDS = 900.0
SETTINGS = {
    "MODE": "auto",
    "SETTLE_SECONDS": "1",
    "APPROVAL_TTL_MINUTES": "1440",
    "VERIFY_DELAY_SECONDS": "5",
    "VERIFY_WINDOW_SECONDS": "30",
    "LOG_FORMAT": "console",
    "LOG_LEVEL": "ERROR",
}
SCENE_SECONDS = 90.0
"""Real seconds after which a scene has failed."""
PAUSE_SECONDS = 8.0
"""Real seconds between scenes when a person looks on."""


@dataclass
class Stage:
    """Everything that runs during a demo."""

    sandbox: Sandbox
    clock: ScaledClock
    agent: Agent
    alerting: Alerting
    address: str


def play(*, once: bool, as_json: bool, older_revision_breaks: bool, port: int) -> int:
    """The exit status: 0 when every incident ended as expected (or the person had enough)."""
    say = _say if not as_json else _silence
    with _stage(0 if once else port) as stage:
        say(f"The agent runs at {stage.address} on a sandbox cluster; time runs {SPEED:.0f} times as fast.")
        say("Settling (1 s) and verification (5 s and a 30 s window) are shortened for the demo.")
        if older_revision_breaks:
            break_older_revision(stage.sandbox, stage.clock)
        if once:
            return _play_once(stage, say, as_json)
        return _play_for_a_person(stage, say)


@contextmanager
def _stage(port: int) -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sre-agent-demo-")))
        logging.configure("ERROR", "console")
        clock = ScaledClock(SPEED)
        sandbox = stack.enter_context(Sandbox(clock=clock, nodes=3))
        for scene in scenes():
            scene.prepare(sandbox)
        kubeconfig = sandbox.kubeconfig(folder / "kubeconfig")
        environ = {
            **SETTINGS,
            "DATA_DIR": str(folder / "data"),
            "PORT": str(port),
            "KUBECONFIG": str(kubeconfig),
        }
        settings = Settings.load(environ, sandbox=True)
        agent = build(settings, clock=clock, cluster=KubernetesCluster.connect(str(kubeconfig)))
        stack.callback(agent.stop)
        _give_a_past(agent, sandbox, clock)
        server = serving.listen(agent)
        stack.callback(server.close)
        threading.Thread(target=server.run, name="web", daemon=True).start()
        address = serving.address(server)
        agent.start()
        alerting = Alerting(sandbox, clock, f"{address}/webhook")
        alerting.start()
        stack.callback(alerting.stop)
        yield Stage(sandbox, clock, agent, alerting, address)


def _give_a_past(agent: Agent, sandbox: Sandbox, clock: ScaledClock) -> None:
    """Let every workload be seen healthy for a quarter of an hour of the sandbox's time."""
    _until(lambda: all(_is_ready(d) for d in sandbox.list("Deployment")), SCENE_SECONDS)
    for _ in range(int(HEALTHY_PAST_SECONDS // 60)):
        look(agent.services.cluster, agent.services.revisions, clock)
        clock.skip(60)
    look(agent.services.cluster, agent.services.revisions, clock)


def _play_once(stage: Stage, say: Callable[[str], None], as_json: bool) -> int:
    failures = 0
    for scene in scenes():
        say(f"\n{scene.title}")
        ended = list(_play_scene(stage, scene))
        wanted = [*scene.expected, *map(follow_up, ended[len(scene.expected) :] if scene.lingers else [])]
        for incident, expected in zip(ended, wanted, strict=False):
            failures += not _matches(incident, expected)
            _show(incident, expected, say, as_json)
        failures += _miscounted(stage, scene, len(ended), len(wanted))
    say("\nEvery incident ended as expected." if not failures else f"\n{failures} ended otherwise.")
    return 1 if failures else 0


def _miscounted(stage: Stage, scene: Scene, incidents: int, wanted: int) -> bool:
    """Too many or too few incidents or writes: thirty pods are one incident, a restart is never repeated."""
    ledger = stage.agent.services.ledger
    writes = len(ledger.since(stage.clock.now() - timedelta(hours=1), namespace=scene.namespace))
    if (incidents, writes) == (wanted, scene.writes()):
        return False
    said = f"{incidents} incidents and {writes} writes, expected {wanted} and {scene.writes()}"
    click.echo(f"{scene.namespace}: {said}", err=True)
    return True


def _play_for_a_person(stage: Stage, say: Callable[[str], None]) -> int:
    say(f"Open {stage.address}: incidents come in now; approve what waits under {stage.address}/pending.")
    say("Ctrl-C ends the demo.")
    try:
        for scene in scenes():
            say(f"  {scene.namespace}: {scene.title}")
            scene.strike(stage.sandbox, stage.clock)
            _watch(stage, scene, say)
        say("All scenes have been played; the agent goes on.")
        threading.Event().wait()
    except KeyboardInterrupt:
        say("\nStopped.")
    return 0


def _watch(stage: Stage, scene: Scene, say: Callable[[str], None]) -> None:
    _until(lambda: bool(_ended(stage, scene)), SCENE_SECONDS)
    for incident in _ended(stage, scene):
        say(f"    {incident.status}: {incident.summary}")
    time.sleep(PAUSE_SECONDS)


def _play_scene(stage: Stage, scene: Scene) -> Iterator[Incident]:
    scene.strike(stage.sandbox, stage.clock)
    if scene.person == "approve":
        _approve(stage, scene)
    if scene.person == "fix_it_meanwhile":
        _until(lambda: bool(_pending(stage, scene)), SCENE_SECONDS)
        mend(stage.sandbox, scene.namespace)
    _until(lambda: len(_ended(stage, scene)) >= len(scene.expected), SCENE_SECONDS)
    time.sleep(scene.lingers / SPEED)
    yield from _ended(stage, scene)


def _approve(stage: Stage, scene: Scene) -> None:
    """The scripted person: a client of `POST /approve/<id>` like any other."""
    if _until(lambda: bool(_pending(stage, scene)), SCENE_SECONDS):
        for approval_id in _pending(stage, scene):
            _post(f"{stage.address}/approve/{approval_id}", {"reason": "the diff is what I want"})


def _pending(stage: Stage, scene: Scene) -> list[str]:
    waiting = stage.agent.services.approvals.pending()
    return [a.id for a in waiting if a.proposal["target"]["namespace"] == scene.namespace]


def _ended(stage: Stage, scene: Scene) -> list[Incident]:
    with urllib.request.urlopen(
        f"{stage.address}/incidents?namespace={scene.namespace}", timeout=10
    ) as answer:
        rows = json.load(answer)["incidents"]
    ended = [row["id"] for row in rows if row["status"] in ENDED - {"merged"}]
    return [stage.agent.services.incidents.get(incident_id) for incident_id in reversed(ended)]


def _post(url: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        click.echo(f"{url}: {error.code} {error.read().decode()}", err=True)


def _matches(incident: Incident, expected: Expected) -> bool:
    found = (incident.status, incident.problem, incident.route, incident.action, incident.verdict)
    return found == (expected.status, expected.problem, expected.route, expected.action, expected.verdict)


def _show(incident: Incident, expected: Expected, say: Callable[[str], None], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_line(incident)))
    mark = "as expected" if _matches(incident, expected) else f"NOT as expected: {expected}"
    say(f"  {incident.status} {incident.verdict}: {incident.summary} [{mark}]")


def _line(incident: Incident) -> dict[str, Any]:
    ended = incident.ended_at or incident.updated_at
    return {
        "incident_id": incident.id,
        "status": incident.status,
        "alert_name": incident.alert_name,
        "target": incident.target.short() if incident.target else None,
        "problem": incident.problem,
        "route": incident.route,
        "action": incident.action or None,
        "confidence": incident.confidence,
        "verdict": incident.verdict or None,
        "seconds": round((ended - incident.began_at).total_seconds(), 1),
    }


def _is_ready(deployment: dict[str, Any]) -> bool:
    return bool(deployment.get("status", {}).get("availableReplicas", 0) >= deployment["spec"]["replicas"])


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until it holds; False when the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def _say(text: str) -> None:
    click.echo(text)


def _silence(text: str) -> None:
    """JSON lines only."""
