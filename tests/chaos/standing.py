"""A cluster with faults, an agent in front of it and its record, all ready to be maltreated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.chaos.agent_process import AgentProcess
from tests.chaos.cluster import ChaosCluster, chaos_cluster
from tests.chaos.faults import Scene
from tests.chaos.kills import Killer
from tests.chaos.record import Ending, Record
from tests.harness import webhook_body

LIMITS = """\
verify_poll_seconds: 1
verify_timeout_seconds: 60
cluster_writes_per_hour: 100000
cluster_writes_per_day: 100000
namespace_writes_per_hour: 100000
namespace_writes_per_day: 100000
hold_window_seconds: 0
"""
SETTINGS = {
    "MODE": "auto",
    "TEST_CLUSTER": "true",
    "SETTLE_SECONDS": "1",
    "VERIFY_DELAY_SECONDS": "1",
    "VERIFY_WINDOW_SECONDS": "2",
}


@dataclass
class Standing:
    """Everything that a chaos test holds in its hands."""

    cluster: ChaosCluster
    agent: AgentProcess
    record: Record
    killer: Killer

    def alert(self, scene: Scene, *, times: int = 1) -> str:
        """Send the alerts of a scene to the running agent; returns the id of the incident."""
        body = webhook_body(*scene.alerts(self.cluster.sandbox, self.cluster.clock))
        ids: set[str] = set()
        for _ in range(times):
            answer = self.agent.post("/webhook", body)
            assert answer.status == 202, answer
            ids.update(answer.body["incidents"])
        (incident_id,) = ids
        return incident_id

    def pending(self, incident_id: str) -> str:
        """Wait for the approval of this run; returns its id."""
        self.agent.until(lambda: self._pending(incident_id), "asked for approval")
        return str(self._pending(incident_id)[0]["id"])

    def asks(self, incident_id: str) -> bool:
        """A person has to decide on this run now."""
        return bool(self._pending(incident_id))

    def approve(self, incident_id: str) -> str:
        """Approve what waits for this run, over HTTP; returns the approval's id."""
        approval_id = self.pending(incident_id)
        answer = self.agent.post(f"/approve/{approval_id}", {"reason": "the diff is right"})
        assert answer.status == 200, answer
        return approval_id

    def until_ended(self, *incident_ids: str) -> None:
        """Let the agent drive these runs to their end."""
        self.killer.run()
        self.agent.until(lambda: all(map(self.record.ended, incident_ids)), f"ended: {incident_ids}")

    def events(self, scene: Scene) -> list[str]:
        """Reasons of the Events that the agent has left in the namespace."""
        found = self.cluster.sandbox.list("Event", scene.namespace)
        return sorted(str(e["reason"]) for e in found if str(e["reason"]).startswith("SreAgent"))

    def generation(self, scene: Scene) -> int:
        """How often the Deployment's spec has been changed, its creation included."""
        found = self.cluster.sandbox.get("Deployment", scene.namespace, scene.name)
        assert found is not None
        return int(found["metadata"]["generation"])

    def _pending(self, incident_id: str) -> list[dict[str, Any]]:
        rows = self.agent.get("/pending").body["pending"]
        return [row for row in rows if row["incident_id"] == incident_id]


@contextmanager
def standing(folder: Path, *scenes: Scene, **environ: str) -> Iterator[Standing]:
    """Begin; the agent is not started yet, but it has seen the past of the cluster."""
    data = folder / "agent" / "data"
    policy = folder / "policy.yaml"
    policy.write_text(LIMITS)
    settings = SETTINGS | {"POLICY_FILE": str(policy)} | environ
    with (
        chaos_cluster(folder / "cluster", scenes, data) as cluster,
        AgentProcess(folder / "agent", kubeconfig=cluster.kubeconfig, **settings) as agent,
        Record(data) as record,
    ):
        yield Standing(cluster, agent, record, Killer(agent, cluster, record))


def recovered_rollback(outcome: str = "done") -> Ending:
    """How a bad release ends that a person has approved the rollback of."""
    return Ending(
        statuses=("recovered",),
        problem="bad_release",
        route="ask",
        action_taken="rollback_deployment",
        verdict="RECOVERED",
        writes=(("rollback_deployment", outcome, "RECOVERED"),),
        messages=("needs_approval", "acted"),
        approvals=("approved",),
    )


def recovered_restart(outcome: str = "done") -> Ending:
    """How a crash ends whose cause is over."""
    return Ending(
        statuses=("recovered",),
        problem="transient_crash",
        route="act",
        action_taken="restart_deployment",
        verdict="RECOVERED",
        writes=(("restart_deployment", outcome, "RECOVERED"),),
        messages=("acted",),
        approvals=(),
    )


def approved_restart() -> Ending:
    """The same where a person was asked, since a hold was in force."""
    messages = ("needs_approval", "acted")
    return replace(recovered_restart(), route="ask", messages=messages, approvals=("approved",))
