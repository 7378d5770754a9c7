"""Workloads with a past that takes a quarter of an hour, on a node of their own, and an agent that saw all of it.

Begun when the run begins, so that the other tests pass the time; nothing that those do to nodes reaches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.controlplane import commands, stages
from tests.controlplane.api import Json
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload, deployment, is_ready
from tests.e2e.agent import PlaneAgent
from tests.e2e.releases import GOOD
from tools.revisions import SqlRevisions

NODE = "node-of-old-hands"
TAINT = "sim/old-hands"
PROOF = timedelta(minutes=10)
"""What the agent wants to have seen (graph/returns.py); here in words of its documentation, not of its code."""


@dataclass(frozen=True)
class OldHands:
    """Each in a namespace of its own."""

    agent: PlaneAgent
    proved: Workload
    """Well all the time."""
    unproved: Workload
    """One of its pods has not been ready since the beginning: neither well nor ill."""
    stuck: Workload
    """Well all the time."""
    needy: Workload
    """Well all the time; it needs the Service `database`."""
    database: Workload

    @classmethod
    def begin(cls, agent: PlaneAgent, plane: ControlPlane) -> OldHands:
        """Start them all, then the agent."""
        _make_node(plane)
        needing = plane.new_namespace("needy")
        one = cls(
            agent=agent,
            proved=Workload(plane, plane.new_namespace("proved"), "web"),
            unproved=Workload(plane, plane.new_namespace("unproved"), "web"),
            stuck=Workload(plane, plane.new_namespace("stuck"), "web"),
            needy=Workload(plane, needing, "web"),
            database=Workload(plane, needing, "database"),
        )
        for each in (one.proved, one.unproved, one.stuck, one.database):
            _create(each)
        spec = {"selector": {"app": "database"}, "ports": [{"port": 5432}]}
        service = {"metadata": {"name": "database"}, "spec": spec}
        plane.api.post(f"/api/v1/namespaces/{needing}/services", service)
        _create(one.needy, DATABASE_HOST=f"database.{needing}.svc")
        for each in (one.proved, one.unproved, one.stuck, one.database, one.needy):
            each.wait_until_healthy()
        label(one.unproved, one.unproved.pods()[0], "notready")
        plane.eventually(lambda: not all(map(is_ready, one.unproved.pods())), what="a pod that is not ready")
        agent.start()
        return one

    def wait_for_proof(self) -> None:
        """Until the agent's own ledger has seen the healthy ones for ten minutes on end."""
        uids = [each.read()["metadata"]["uid"] for each in (self.proved, self.stuck, self.needy)]

        def proved() -> bool:
            return all(self._seen(uid) >= PROOF for uid in uids)

        self.agent.eventually(proved, "ten minutes of sightings", 1200)

    def _seen(self, uid: str) -> timedelta:
        rows = self.agent.reads(lambda database: SqlRevisions(database).seen(uid))
        return timedelta(seconds=max((row.healthy_seconds for row in rows), default=0.0))


def label(web: Workload, pod: Json, fault: str | None) -> None:
    """Put a fault on a running pod, or take it off."""
    path = f"/api/v1/namespaces/{web.namespace}/pods/{pod['metadata']['name']}"
    web.plane.api.patch(path, {"metadata": {"labels": {"sim/fault": fault}}}, "merge")


def back_off(web: Workload, pod: Json, began: str = "") -> None:
    """Report a pod as a kubelet does that has given its container six tries and waits for five minutes now.

    `began`: when the last of them did, three seconds ago unless it is said.
    """
    path = f"/api/v1/namespaces/{web.namespace}/pods/{pod['metadata']['name']}"
    web.plane.api.patch(path, {"metadata": {"annotations": {stages.LONG_BACK_OFF: "300"}}}, "merge")
    now = datetime.now(UTC)
    (status,) = pod["status"]["containerStatuses"]
    ended = {"exitCode": 1, "reason": "Error", "containerID": status["containerID"]}
    ended |= {"startedAt": began or _text(now - timedelta(seconds=3)), "finishedAt": _text(now)}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=web"}
    crashed: Json = {"ready": False, "started": False, "restartCount": 6}
    crashed |= {"state": {"waiting": waiting, "running": None}, "lastState": {"terminated": ended}}
    unready = [
        {"type": kind, "status": "False", "reason": "ContainersNotReady", "lastTransitionTime": _text(now)}
        for kind in ("Ready", "ContainersReady")
    ]
    change = {"conditions": unready, "containerStatuses": [status | crashed]}
    web.plane.api.patch(f"{path}/status", {"status": change})


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _make_node(plane: ControlPlane) -> None:
    labels = {commands.MANAGED: "fake", "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}
    spec = {"taints": [{"key": TAINT, "effect": "NoSchedule"}]}
    plane.api.post("/api/v1/nodes", {"metadata": {"name": NODE, "labels": labels}, "spec": spec})


def _create(web: Workload, **env: str) -> None:
    wanted: dict[str, Any] = deployment(web.name, image=GOOD)
    pods = wanted["spec"]["template"]["spec"]
    pods["nodeSelector"] = {"kubernetes.io/hostname": NODE}
    pods["tolerations"] = [{"key": TAINT, "operator": "Exists"}]
    pods["containers"][0]["env"] = [{"name": name, "value": value} for name, value in env.items()]
    web.plane.api.post(web.path.rpartition("/")[0], wanted)
