"""A process that dies right after any of its writes: the next one goes on, and nothing is lost or done twice.

The kills of real processes are in `tests/chaos`. Here death is an exception that nothing catches, so that every
single write of a run is some process's last: to the record, to the checkpoints and to the API server.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graph.remediation import build

# isort: split
# After graph, which sets a switch that LangGraph reads when it is first imported.
from langgraph.checkpoint.sqlite import SqliteSaver

from server.runner import Runner
from tests.chaos.faults import Scene
from tests.harness import Harness, harness
from tools.audit import SqlAudit
from tools.migrations.run import upgrade

pytestmark = pytest.mark.timeout(300)
WRITES = {
    "incidents": (
        "claim_target",
        "save_evidence",
        "save_decision",
        "set_status",
        "set_action_taken",
        "save_verdict",
        "note",
        "end",
        "wake",
    ),
    "approvals": ("request", "replace"),
    "ledger": ("claim", "finish", "release", "set_verdict"),
    "outbox": ("queue",),
    "cluster": ("patch", "create"),
}
SHORT = {
    "MODE": "auto",
    "TEST_CLUSTER": "true",
    "SETTLE_SECONDS": "20",
    "VERIFY_DELAY_SECONDS": "1",
    "VERIFY_WINDOW_SECONDS": "10",
}


class Died(BaseException):
    """The process is gone."""


@dataclass
class Fate:
    """Decides who dies: while it is cruel, whoever does something that nobody did before it."""

    cruel: bool
    deaths: list[str] = field(default_factory=list)

    def strike(self, what: str) -> None:
        """Raises Died, the first time that it hears of this."""
        if self.cruel and what not in self.deaths:
            self.deaths.append(what)
            raise Died(what)


class Mortal:
    """A service whose caller may not survive a write."""

    def __init__(self, name: str, service: Any, fate: Fate) -> None:
        self._name = name
        self._service = service
        self._fate = fate

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._service, method)
        return self._mortal(method, found) if method in WRITES[self._name] else found

    def _mortal(self, method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **given: Any) -> Any:
            answer = call(*args, **given)
            told = args[1] if method in ("set_status", "note", "set_verdict") else ""
            dry = "dry run" if given.get("dry_run") else ""
            self._fate.strike(" ".join(filter(None, (f"{self._name}.{method}", told, dry))))
            return answer

        return write


class MortalSaver(SqliteSaver):
    """Checkpoints: before one is stored, the writes of the step before it are; after it, they are history."""

    fate: Fate

    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        step = f"checkpoint {metadata['step']}"
        self.fate.strike(f"before {step}")
        answer = super().put(config, checkpoint, metadata, new_versions)
        self.fate.strike(f"after {step}")
        return answer


def advance(agent: Harness, fate: Fate, until: Callable[[], object]) -> None:
    """Let time pass; whenever the process dies, the next one goes on with nothing but what is stored."""
    services = agent.agent.services
    by_name: dict[str, Any] = {name: Mortal(name, getattr(services, name), fate) for name in WRITES}
    saver = MortalSaver(agent.agent.checkpoints)
    saver.fate = fate
    graph, mortal = build(saver), dataclasses.replace(services, **by_name)
    for _ in range(500):
        agent.agent.runner = Runner(graph, mortal, agent.agent.settings.data_dir / "locks")
        try:
            while not until():
                agent.advance(2, step=2)
        except Died:
            continue
        return
    raise AssertionError(f"it never got there: {fate.deaths}")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as a first start leaves it: making one takes longer than a run."""
    folder = tmp_path_factory.mktemp("empty")
    upgrade(f"sqlite:///{folder / 'sre-agent.db'}")
    return folder


def run(empty: Path, folder: Path, scene: Scene, fate: Fate) -> dict[str, Any]:
    """A scene from its past to the end of its run, and a while longer; what came of it."""
    shutil.copytree(empty, folder / "data")
    with harness(folder, **SHORT) as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1000, step=200)
        scene.strike(agent.sandbox, agent.clock)
        agent.advance(150, step=50)
        (incident_id,) = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        get = agent.agent.services.incidents.get
        if scene.kind != "transient":
            advance(agent, fate, lambda: get(incident_id).status == "awaiting_approval")
            approve(agent)
        if scene.kind == "rollback_harms":
            advance(agent, fate, lambda: patches(agent))
            scene.break_older(agent.sandbox, agent.clock)
        advance(agent, fate, lambda: get(incident_id).ended_at)
        agent.advance(120, step=20)
        return outcome(agent, incident_id)


def approve(agent: Harness) -> None:
    """Yes to what waits, which is one approval."""
    (waiting,) = agent.client.get("/pending").get_json()["pending"]
    answer = agent.client.post(f"/approve/{waiting['id']}", json={"reason": "the diff is right"})
    assert answer.status_code == 200, answer.get_data(as_text=True)


def patches(agent: Harness) -> int:
    """Writes that the API server has carried out."""
    return sum(r.writes and r.method == "PATCH" for r in agent.sandbox.requests)


def outcome(agent: Harness, incident_id: str) -> dict[str, Any]:
    """Everything about a run that a death must not change."""
    services = agent.agent.services
    incident = services.incidents.get(incident_id)
    entries = services.ledger.for_incident(incident_id)
    audit = SqlAudit(agent.agent.database)
    return {
        "ended": (incident.status, incident.verdict, incident.action_taken),
        "due": services.incidents.due(agent.clock.now()),
        "patches": patches(agent),
        "events": sum(r.writes and r.method == "POST" for r in agent.sandbox.requests),
        "ledger": [(e.call.name, e.verdict, bool(e.receipt)) for e in entries],
        "messages": [m.kind for m in services.outbox.for_incident(incident_id)],
        "approvals": [a.state for a in services.approvals.for_incident(incident_id)],
        "audited": [entry.kind for entry in audit.entries()],
        "broken": audit.broken_at(),
    }


@pytest.mark.parametrize("kind", ["bad_release", "transient", "rollback_harms"])
def test_every_write_may_be_the_last_of_a_process(kind: Any, empty: Path, tmp_path: Path) -> None:
    """A run in which a process dies after each write for the first time ends as one that nothing befell."""
    scene, fate = Scene(kind, "shop"), Fate(cruel=True)

    undisturbed = run(empty, tmp_path / "undisturbed", scene, Fate(cruel=False))
    assert run(empty, tmp_path / "killed", scene, fate) == undisturbed

    assert len(fate.deaths) > 25
    assert {"ledger.claim", "cluster.patch", "ledger.finish", "incidents.end"} <= set(fate.deaths)
