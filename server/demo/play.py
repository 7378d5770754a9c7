"""Plays the demo: for a person at the browser, or by itself with one JSON line per incident."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import click

from server.demo.scenes import Expected, Scene, break_older_revision, follow_up, scenes
from server.demo.stage import SPEED, Stage, stage, until
from server.demo.visitor import Visitor
from tools.incidents import Incident

SCENE_SECONDS = 90.0
"""Real seconds after which a scene has failed, or the next one begins beside it when a person looks on."""
PAUSE_SECONDS = 8.0
"""Real seconds between scenes when a person looks on, and until somebody mends what waits for an approval."""
SAME_SCENE = timedelta(hours=1)
Say = Callable[[str], None]


def play(*, once: bool, as_json: bool, older_revision_breaks: bool, port: int) -> int:
    """The exit status: 0 when every incident ended as expected (or the person had enough)."""
    say = _say if not as_json else _silence
    with stage(0 if once else port) as running:
        say(f"The agent runs at {running.address} on a sandbox cluster; time runs {SPEED:.0f} times as fast.")
        say("Settling (1 s) and verification (5 s and a 30 s window) are shortened for the demo.")
        if older_revision_breaks:
            break_older_revision(running.sandbox, running.clock)
        if once:
            return _play_once(running, say, as_json)
        return _play_for_a_person(running, say)


def _play_once(running: Stage, say: Say, as_json: bool) -> int:
    failures, visitor = 0, Visitor(running.address)
    for scene in scenes():
        say(f"\n{scene.title}")
        ended = _play_scene(running, visitor, scene)
        wanted = [*scene.expected, *map(follow_up, ended[len(scene.expected) :] if scene.lingers else [])]
        for incident, expected in zip(ended, wanted, strict=False):
            surprise = _surprise(running, visitor, incident, expected)
            failures += bool(surprise)
            _show(incident, surprise, say, as_json)
        failures += _miscounted(running, scene, len(ended), len(wanted))
        running.remember()
    say("\nEvery incident ended as expected." if not failures else f"\n{failures} ended otherwise.")
    return 1 if failures else 0


def _play_scene(running: Stage, visitor: Visitor, scene: Scene) -> list[Incident]:
    began = running.clock.now()
    running.strike(scene)
    if scene.person != "none" and until(lambda: bool(visitor.pending(scene.place)), SCENE_SECONDS):
        for approval_id in visitor.pending(scene.place) if scene.person == "approve" else ():
            visitor.approve(approval_id)
        if scene.mend:
            scene.mend(running.sandbox)
    until(lambda: len(visitor.ended(scene.place, began)) >= len(scene.expected), SCENE_SECONDS)
    time.sleep(scene.lingers / SPEED)
    return _incidents(running, visitor, scene, began)


def _incidents(running: Stage, visitor: Visitor, scene: Scene, began: datetime) -> list[Incident]:
    return [running.agent.services.incidents.get(row["id"]) for row in visitor.ended(scene.place, began)]


def _surprise(running: Stage, visitor: Visitor, incident: Incident, expected: Expected) -> str:
    """What is not as expected, or an empty string."""
    found = (incident.status, incident.problem, incident.route, incident.action, incident.verdict)
    if found != (expected.status, expected.problem, expected.route, expected.action, expected.verdict):
        return str(expected)
    known = visitor.incident(incident.id)
    if expected.says and not any(expected.says in message["body"] for message in known["messages"]):
        return f"a message that says {expected.says}"
    if expected.remembers and not _remembers(running, incident, known["decision"]["reasons"]):
        return f"a decision that cites an earlier incident: {known['decision']['reasons']}"
    return ""


def _remembers(running: Stage, incident: Incident, reasons: list[str]) -> bool:
    """A reason names an incident that the record has for the same workload."""
    similar = running.agent.services.incidents.similar(incident.target, incident.problem)
    earlier = [one.incident_id for one in similar if one.same_workload and one.incident_id != incident.id]
    return any(one in reason for one in earlier for reason in reasons)


def _miscounted(running: Stage, scene: Scene, incidents: int, wanted: int) -> bool:
    """Too many or too few incidents or writes: thirty pods are one incident, a restart is never repeated."""
    lately = running.agent.services.ledger.since(running.clock.now() - SAME_SCENE)
    writes = sum((entry.target.namespace or entry.target.name) == scene.place for entry in lately)
    if (incidents, writes) == (wanted, scene.writes()):
        return False
    said = f"{incidents} incidents and {writes} writes, expected {wanted} and {scene.writes()}"
    click.echo(f"{scene.place}: {said}", err=True)
    return True


def _play_for_a_person(running: Stage, say: Say) -> int:
    say(f"Open {running.address}: incidents come in now. What waits for you is at {running.address}/pending")
    say("and named below; read the change that it shows, and approve or reject it. Ctrl-C ends the demo.")
    say(f"For the notebooks: DATA_DIR = {str(running.agent.settings.data_dir)!r} while it runs.")
    try:
        for scene in scenes():
            say(f"\n{scene.place}: {scene.title}")
            _accompany(running, Visitor(running.address), scene, say)
            running.remember()
            time.sleep(PAUSE_SECONDS)
        say("\nAll scenes have been played; the agent goes on. Ask it something at the address above.")
        threading.Event().wait()
    except KeyboardInterrupt:
        say("\nStopped.")
    return 0


def _accompany(running: Stage, visitor: Visitor, scene: Scene, say: Say) -> None:
    """Say what waits and how it ended. A person who takes longer is not waited for: the approval stays."""
    began = running.clock.now()
    running.strike(scene)
    if scene.person != "none":
        _wait_for_the_person(running, visitor, scene, say)
    until(lambda: bool(visitor.ended(scene.place, began)), SCENE_SECONDS)
    for incident in _incidents(running, visitor, scene, began):
        say(f"  {incident.status}: {incident.summary}")
        say(f"  {running.address}/incidents/{incident.id}")


def _wait_for_the_person(running: Stage, visitor: Visitor, scene: Scene, say: Say) -> None:
    if not until(lambda: bool(visitor.pending(scene.place)), SCENE_SECONDS):
        return
    for approval_id in visitor.pending(scene.place):
        say(f"  waits for you: {running.address}/approve/{approval_id}")
    patience = PAUSE_SECONDS if scene.mend else SCENE_SECONDS
    decided = until(lambda: not visitor.pending(scene.place), patience)
    if scene.mend and not decided:
        say("  somebody else mends it meanwhile")
        scene.mend(running.sandbox)


def _show(incident: Incident, surprise: str, say: Say, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_line(incident)))
    if surprise:
        click.echo(f"{incident.id} did not end as expected: {surprise}", err=True)
    mark = "as expected" if not surprise else "NOT as expected"
    outcome = " ".join(filter(None, (incident.status, incident.verdict)))
    say(f"  {outcome}: {incident.summary} [{mark}]")


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


def _say(text: str) -> None:
    click.echo(text)


def _silence(text: str) -> None:
    """JSON lines only."""
