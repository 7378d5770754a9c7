"""Each of the six verdicts, reached by what really happens to a Deployment on the sandbox after a write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import writes

pytestmark = pytest.mark.timeout(300)
OLD, NEW = "registry.example/web:1.0", "registry.example/web:1.1"


def waiting_rollback(agent: Harness, *, lives: float = 2.0, replicas: int = 3, **spec: object) -> str:
    """A bad release of a workload with a healthy past, waiting for approval; the incident's id."""
    agent.sandbox.apply(deployment("web", image=OLD, replicas=replicas, **spec))
    agent.advance(1200, step=60)
    agent.sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: image_of(pod) == NEW, after=lives)
    agent.sandbox.apply(deployment("web", image=NEW, replicas=replicas, **spec))
    agent.advance(lives + 40, step=10)
    broken = next(p for p in agent.pods("shop") if image_of(p) == NEW)
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.drive()
    assert agent.incident(incident_id).status == "awaiting_approval", agent.incident(incident_id)
    return incident_id


def image_of(pod: dict[str, object]) -> str:
    """Image of the pod's first container."""
    return str(pod["spec"]["containers"][0]["image"])  # type: ignore[index]


def approve(agent: Harness) -> None:
    """Approve what waits and drive until the write is done."""
    (pending,) = agent.client.get("/pending").get_json()["pending"]
    assert agent.client.post(f"/approve/{pending['id']}").status_code == 200
    agent.drive()


def verdict(agent: Harness, incident_id: str) -> tuple[str, str]:
    """Status and verdict."""
    incident = agent.incident(incident_id)
    return incident.status, incident.verdict


def test_recovered_only_after_the_whole_window(tmp_path: Path) -> None:
    """Rolled out is not recovered: the verdict comes when the stability window has held to its end."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        approve(agent)
        agent.advance(100)
        assert verdict(agent, incident_id) == ("verifying", "")
        agent.advance(150)

        assert verdict(agent, incident_id) == ("recovered", "RECOVERED")


def test_not_recovered_when_the_older_revision_breaks_too(tmp_path: Path) -> None:
    """The older revision was healthy, but what is made of it anew crashes; what ran goes on."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        running = {pod["metadata"]["uid"] for pod in agent.pods("shop")}
        agent.sandbox.fault(
            "shop",
            "web",
            "crashloop",
            when=lambda pod, now: image_of(pod) == OLD and pod["metadata"]["uid"] not in running,
        )
        approve(agent)
        agent.advance(300)

        assert verdict(agent, incident_id) == ("escalated", "NOT_RECOVERED")


def test_not_recovered_though_the_alert_resolved(tmp_path: Path) -> None:
    """The pod that it named was replaced, so the alert is quiet; the pods in its place crash all the same."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        broken = next(p for p in agent.pods("shop") if image_of(p) == NEW)
        running = {pod["metadata"]["uid"] for pod in agent.pods("shop")}
        agent.sandbox.fault(
            "shop", "web", "crashloop", when=lambda pod, now: pod["metadata"]["uid"] not in running
        )
        approve(agent)
        agent.advance(20)
        assert broken["metadata"]["uid"] not in {pod["metadata"]["uid"] for pod in agent.pods("shop")}
        agent.alert(agent.crash_alert(broken, status="resolved"))
        agent.advance(300)

        assert verdict(agent, incident_id) == ("escalated", "NOT_RECOVERED")


def test_regressed_is_undone_by_itself(tmp_path: Path) -> None:
    """Fewer pods are available than before, by our change: the recorded inverse is written, then escalated."""
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(deployment("web", image=OLD, replicas=4))
        agent.advance(1200, step=60)
        # one of the new pods stays well, so that something is there to be lost
        agent.sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: is_unlucky(agent, pod))
        agent.sandbox.apply(deployment("web", image=NEW, replicas=4))
        agent.advance(240, step=15)
        broken = next(p for p in agent.pods("shop") if is_unlucky(agent, p))
        (incident_id,) = agent.alert(agent.crash_alert(broken))
        agent.drive()
        before = agent.sandbox.get("Deployment", "shop", "web")
        assert before["status"].get("availableReplicas", 0) >= 1
        agent.sandbox.fault("shop", "web", "crashloop", when=lambda pod, now: image_of(pod) == OLD)
        approve(agent)
        agent.advance(400)

        assert verdict(agent, incident_id) == ("escalated", "REGRESSED")
        live = agent.sandbox.get("Deployment", "shop", "web")
        assert live["spec"]["template"]["spec"]["containers"][0]["image"] == NEW
        entries = agent.agent.services.ledger.for_incident(incident_id)
        assert [bool(entry.undo_of) for entry in entries] == [False, True]


def is_unlucky(agent: Harness, pod: dict[str, object]) -> bool:
    """All new pods but the first by name."""
    if image_of(pod) != NEW:
        return False
    new = sorted(p["metadata"]["name"] for p in agent.pods("shop") if image_of(p) == NEW)
    return bool(pod["metadata"]["name"] != new[0])  # type: ignore[index]


def test_superseded_when_somebody_else_changes_the_template(tmp_path: Path) -> None:
    """Another release during verification: no success is claimed and nothing is undone."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        approve(agent)
        agent.advance(40)
        agent.sandbox.apply(deployment("web", image="registry.example/web:1.2"))
        agent.advance(60)

        assert verdict(agent, incident_id) == ("escalated", "SUPERSEDED")
        live = agent.sandbox.get("Deployment", "shop", "web")
        assert live["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.2")


def test_superseded_when_a_reverter_puts_back_what_git_holds(tmp_path: Path) -> None:
    """A GitOps tool that left no mark on the workload: drift is seen, not fought, and nothing is written again."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        approve(agent)
        for _ in range(30):
            agent.advance(5)
            agent.sandbox.apply(deployment("web", image=NEW))

        assert verdict(agent, incident_id) == ("escalated", "SUPERSEDED")
        assert len(writes(agent)) == 1
        live = agent.sandbox.get("Deployment", "shop", "web")
        assert live["spec"]["template"]["spec"]["containers"][0]["image"] == NEW


def test_superseded_when_a_reverter_takes_the_restart_away(tmp_path: Path) -> None:
    """Git holds no such annotation: the pods are replaced again, which is named as drift and not written over."""
    made = deployment("web")
    with harness(tmp_path, MODE="auto") as agent:
        agent.sandbox.apply(made)
        agent.advance(700, step=70)
        wish = {
            "namespace": "shop",
            "workload": "web",
            "action": {"name": "restart_deployment"},
        }
        incident_id = agent.client.post("/incidents", json=wish).get_json()["id"]
        agent.drive()
        approve(agent)
        agent.advance(30)
        for _ in range(10):
            agent.sandbox.apply(made)
            agent.advance(10)

        assert verdict(agent, incident_id) == ("escalated", "SUPERSEDED")
        assert len(writes(agent)) == 1
        lines = agent.agent.services.incidents.timeline(incident_id)
        assert any("drift: something put back the template" in line.text for line in lines)


def test_superseded_when_somebody_deletes_the_workload(tmp_path: Path) -> None:
    """Gone during verification: known for certain, so the run does not wait until its time is over."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        approve(agent)
        agent.advance(40)
        agent.sandbox.delete("Deployment", "shop", "web")
        agent.advance(60)

        assert verdict(agent, incident_id) == ("escalated", "SUPERSEDED")


def test_inconclusive_when_it_cannot_be_read_to_the_end(tmp_path: Path) -> None:
    """An API that does not answer during verification is never success: time runs out as INCONCLUSIVE."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent)
        approve(agent)
        agent.sandbox.stop()
        for _ in range(24):
            agent.clock.advance(60)
            agent.drive()

        assert verdict(agent, incident_id) == ("inconclusive", "INCONCLUSIVE")


def test_provisional_when_it_used_to_live_long_before_it_failed(tmp_path: Path) -> None:
    """A container that lived eight minutes before it crashed may crash again after any window."""
    with harness(tmp_path, MODE="auto") as agent:
        incident_id = waiting_rollback(agent, lives=480.0)
        approve(agent)
        agent.advance(1200, step=60)

        assert verdict(agent, incident_id) == ("provisional", "PROVISIONAL")
