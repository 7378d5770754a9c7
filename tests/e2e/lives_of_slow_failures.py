"""The verdict that takes long: what lived long before it failed may fail again after any window.

The fixed times of a test cluster shrink with its window of six seconds, to a twentieth: a life of 21 s is a slow one,
45 s are the longest window. The kubelet's report of the crash is ours; how long the container had run is true.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime, timedelta

from tests.controlplane.api import Json
from tests.controlplane.workloads import container, is_ready
from tests.e2e.chorus import Life, Until
from tests.e2e.lives import label
from tests.e2e.old_hands import back_off
from tests.e2e.releases import GOOD
from tests.e2e.stage import Stage

WINDOW = {"VERIFY_DELAY_SECONDS": "2", "VERIFY_WINDOW_SECONDS": "6"}
SLOW = timedelta(seconds=23)


def what_lasts(stage: Stage) -> Life:
    """PROVISIONAL, and RECOVERED once it has lived for twice as long again."""
    incident = yield from _provisional(stage)
    yield stage.ended(incident, "RECOVERED", after="PROVISIONAL")
    assert _following(stage, incident) == []


def what_comes_back(stage: Stage) -> Life:
    """PROVISIONAL, and NOT_RECOVERED once it has failed again: a linked incident goes on, and nothing is undone."""
    incident = yield from _provisional(stage)
    for pod in stage.web.pods():
        label(stage, pod, "crashloop")
    yield stage.ended(incident, "NOT_RECOVERED", after="PROVISIONAL")
    yield Until(lambda: _following(stage, incident), lambda: "an incident that goes on")
    entries = [entry for entry in stage.agent.ledger() if entry.incident_id == incident]
    assert [(entry.call.name, entry.verdict) for entry in entries] == [
        ("restart_deployment", "NOT_RECOVERED")
    ]


def _provisional(stage: Stage) -> Generator[Until, None, str]:
    """Crashed after a long life, restarted as a person asks, and well so far; the incident's id."""
    stage.web.create(image=GOOD)
    yield stage.well()
    yield Until(lambda: all(_ran(pod) >= SLOW for pod in stage.web.pods()), lambda: "long lives")
    for pod in stage.web.pods():
        back_off(stage.web, pod, container(pod)["state"]["running"]["startedAt"])
    yield Until(lambda: not any(map(is_ready, stage.web.pods())), lambda: "crashed pods")
    incident = stage.asked_for("restart_deployment", "Deployment", "web")
    yield from stage.approved(incident, "restart_deployment")
    yield stage.ended(incident, "PROVISIONAL")
    return incident


def _ran(pod: Json) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(container(pod)["state"]["running"]["startedAt"])


def _following(stage: Stage, incident_id: str) -> list[str]:
    rows = stage.board.incidents.values()
    return [row["id"] for row in rows if row.get("previous_id") == incident_id]


SLOW_FAILURES: Mapping[str, Callable[[Stage], Life]] = {
    "PROVISIONAL, then RECOVERED": what_lasts,
    "PROVISIONAL, then NOT_RECOVERED": what_comes_back,
}
