"""An agent that remembers: the second incident knows the first, whoever has the memory, and goes on without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Harness, deployment, harness
from tests.tiny_model import tiny_model
from tools.errors import TransientError

pytestmark = pytest.mark.timeout(300)


def breaks(agent: Harness, name: str, version: str, *, namespace: str = "shop") -> str:
    """A release that breaks a workload which was well before; the incident's id."""
    agent.sandbox.apply(
        deployment(name, namespace, image=f"registry.example/{name}:{version}", fault="crashloop")
    )
    agent.advance(60, step=15)
    broken = next(p for p in agent.pods(namespace) if p["metadata"]["labels"].get("sim/fault"))
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.drive()
    return incident_id


def unpullable(agent: Harness, name: str, namespace: str) -> str:
    """An image that is not there; the incident's id."""
    agent.sandbox.apply(deployment(name, namespace, fault="imagepull"))
    agent.advance(30, step=15)
    (incident_id,) = agent.alert(agent.crash_alert(agent.pods(namespace)[0], name="ImagePullBackOff"))
    agent.drive()
    return incident_id


def healthy(agent: Harness, name: str, *, namespace: str = "shop") -> None:
    """A workload that is well."""
    agent.sandbox.apply(deployment(name, namespace, image=f"registry.example/{name}:1.0"))


def approve(agent: Harness, incident_id: str) -> None:
    """Say yes to what waits for this incident, and let it be verified."""
    (pending,) = (
        p
        for p in agent.client.get("/pending").get_json()["pending"]
        if agent.agent.services.approvals.get(p["id"]).incident_id == incident_id
    )
    assert agent.client.post(f"/approve/{pending['id']}").status_code == 200
    agent.advance(200, step=10)
    assert agent.incident(incident_id).status == "recovered"


def test_the_second_incident_cites_the_first_and_a_third_elsewhere_finds_it_by_its_proof(
    tmp_path: Path,
) -> None:
    """On the same workload it counts, and the part shows it; elsewhere it is shown and counts for nothing."""
    with harness(tmp_path, adviser=None) as agent:
        memory = agent.agent.memory
        assert memory is not None
        healthy(agent, "web")
        healthy(agent, "cart", namespace="billing")
        agent.advance(1200, step=60)
        first = breaks(agent, "web", "1.1")
        assert agent.incident(first).status == "awaiting_approval"
        assert memory.keep_up() == 0
        assert memory.standing() == "at rest", "loaded although there is no past"
        approve(agent, first)
        assert memory.keep_up() == 1

        third = breaks(agent, "cart", "2.1", namespace="billing")
        shown = agent.agent.services.approvals.for_incident(third)[0].shown
        assert [(s["incident_id"], s["matched"], s["verdict"]) for s in shown["similar"]] == [
            (first, "the same proof", "RECOVERED")
        ]
        assert shown["decision"]["confidence_parts"]["history"] == 0

        agent.clock.advance(7 * 3600)  # past the hours in which nothing is tried twice
        agent.advance(700, step=60)
        second = breaks(agent, "web", "1.2")
        decision = agent.client.get(f"/incidents/{second}").get_json()["decision"]
        assert decision["confidence_parts"]["history"] == 0.05
        assert f"Last time here: incident {first}: rollback_deployment, RECOVERED" in decision["reasons"]
        (asked,) = (m for m in agent.agent.services.outbox.for_incident(second) if m.kind == "needs_approval")
        assert f"Before: incident {first}: rollback_deployment, RECOVERED" in asked.body


def test_a_memory_that_cannot_be_used_is_missed_and_the_incident_goes_on(tmp_path: Path) -> None:
    """It says so on its timeline, in its message and on /health, with what mends it; the ledger's own past is there."""
    (tmp_path / "file").write_text("")
    with harness(tmp_path, adviser=None, QDRANT_PATH=str(tmp_path / "file" / "qdrant")) as agent:
        assert agent.agent.memory is not None
        first = unpullable(agent, "web", "shop")
        agent.agent.memory._queue.place([first], "kept")
        second = unpullable(agent, "api", "billing")
        assert agent.incident(second).status == "notified"
        told = agent.client.get(f"/incidents/{second}").get_json()
        (gap,) = (line["text"] for line in told["timeline"] if line["kind"] == "memory")
        assert "set QDRANT_PATH to a folder that this user may write" in gap
        assert f"incident {first}: no action, no verdict [the same problem]" in told["messages"][0]["body"]
        assert "memory: the memory at" in told["messages"][0]["body"]
        with pytest.raises(TransientError, match="QDRANT_PATH"):
            agent.agent.memory.keep_up()
        agent.agent.probes.refresh()
        assert agent.agent.probes().services["memory"].state == "down"


def test_two_agents_on_one_folder_the_second_goes_on_without_and_says_so(tmp_path: Path) -> None:
    """Who came first keeps it; the other's incidents end as usual, name what they lacked, and what mends it.

    The first has a model, whose vectors come with the documents.
    """
    shared, ours, theirs = str(tmp_path / "qdrant"), tmp_path / "first", tmp_path / "second"
    model = tiny_model(tmp_path / "model")
    ours.mkdir()
    theirs.mkdir()
    with (
        harness(ours, adviser=None, QDRANT_PATH=shared, MEMORY_MODEL_FOLDER=str(model)) as first,
        harness(theirs, adviser=None, QDRANT_PATH=shared) as second,
    ):
        assert first.agent.memory is not None
        assert second.agent.memory is not None
        unpullable(first, "web", "shop")
        assert first.agent.memory.keep_up() == 1
        assert first.agent.memory._memory.catch_up(0) == 0

        earlier = unpullable(second, "web", "shop")
        with pytest.raises(TransientError, match="another process"):
            second.agent.memory.keep_up()
        second.agent.memory._queue.place([earlier], "kept")
        later = unpullable(second, "api", "billing")
        told = second.client.get(f"/incidents/{later}").get_json()
        assert told["status"] == "notified"
        (gap,) = (line["text"] for line in told["timeline"] if line["kind"] == "memory")
        assert "another process" in gap
        assert "QDRANT_PATH" in gap

        again = unpullable(first, "api", "billing")
        assert first.incident(again).status == "notified"
        assert first.agent.memory.keep_up() == 1


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    """Then nothing is missing and nothing is said."""
    with harness(tmp_path, adviser=None, MEMORY="false") as agent:
        assert agent.agent.memory is None
        assert agent.agent.services.memory is None
        assert agent.agent.probes().services["memory"].state == "not_configured"
