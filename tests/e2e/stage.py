"""Where lives of incidents are played: one agent, one namespace each, and what a person and Alertmanager do to them."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from tests.controlplane.metrics import FakeMetrics
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload, is_ready
from tests.e2e.agent import PlaneAgent
from tests.e2e.chorus import PATIENCE, Until
from tools.cluster import Cluster
from tools.incident_record import ENDED


@dataclass
class Board:
    """What the agent says of all its incidents, asked once a round."""

    agent: PlaneAgent
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)

    def look(self) -> None:
        """Ask anew."""
        rows = self.agent.get("/incidents?limit=200").body["incidents"]
        self.incidents = {row["id"]: row for row in rows}
        pending = self.agent.get("/pending").body["pending"]
        self.waiting = {row["incident_id"]: row for row in pending}


@dataclass(frozen=True)
class Stage:
    """One namespace of the control plane, before the agent of a board."""

    plane: ControlPlane
    board: Board
    namespace: str
    admin: Cluster
    within: float = PATIENCE
    """Seconds that a verdict may take."""
    metrics: FakeMetrics | None = None
    """Who tells what pods use; None: nobody."""

    @property
    def agent(self) -> PlaneAgent:
        return self.board.agent

    @property
    def web(self) -> Workload:
        return Workload(self.plane, self.namespace, "web")

    def pass_time(self, seconds: float) -> None:
        """As the contract's stages do."""
        time.sleep(seconds)

    def well(self, web: Workload | None = None) -> Until:
        """Until every pod of a Deployment is ready."""
        one = web or self.web
        return Until(
            lambda: one.is_healthy() and all(map(is_ready, one.pods())), lambda: f"health of {one.name}"
        )

    def busy(self, cores: float) -> None:
        """All ready pods of the namespace together use so much from now on."""
        assert self.metrics
        self.metrics.load(self.namespace, cores)

    def asked_for(self, action: str, kind: str, workload: str, **args: Any) -> str:
        """A person asks for an action by name; the id of the incident in which it is proposed."""
        namespace = "" if kind == "Node" else self.namespace
        wish: dict[str, Any] = {"name": action, "args": args} if args else {"name": action}
        named = {"namespace": namespace, "kind": kind, "workload": workload}
        answer = self.agent.post("/incidents", {**named, "reason": "this test needs it", "action": wish})
        assert answer.status == 202, answer
        return str(answer.body["id"])

    def approval(self, incident_id: str) -> Generator[Until, None, dict[str, Any]]:
        """The approval that it waits for."""
        yield Until(lambda: self._asks(incident_id), lambda: f"asked: {self.agent.told(incident_id)}")
        return self.board.waiting[incident_id]

    def approved(self, incident_id: str, action: str) -> Generator[Until, None, dict[str, Any]]:
        """A person approves the action that is shown, after a dry run; the proposal."""
        waiting = yield from self.approval(incident_id)
        proposal: dict[str, Any] = waiting["proposal"]
        assert (proposal["call"]["name"], proposal["preview"]["dry_run"]) == (action, "accepted"), proposal
        answer = self.agent.approve(waiting["id"])
        assert answer.status == 200, answer
        return proposal

    def ended(self, incident_id: str, verdict: str, *, after: str = "") -> Until:
        """Until it has this verdict; another end is an error, unless it is the one that it has first."""

        def there() -> bool:
            row = self.board.incidents.get(incident_id, {})
            assert row.get("verdict") in ("", None, after, verdict), self.agent.told(incident_id)
            assert row.get("verdict") or row.get("status") not in ENDED, self.agent.told(incident_id)
            return row.get("verdict") == verdict

        return Until(there, lambda: f"{verdict}: {self.agent.told(incident_id)}", self.within)

    def _asks(self, incident_id: str) -> bool:
        row = self.board.incidents.get(incident_id, {})
        assert row.get("status") not in ENDED, f"it ended without asking: {self.agent.told(incident_id)}"
        return incident_id in self.board.waiting
