"""Thirty different workloads fall ill at once: what is written is bounded, and what is told of one cause too."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.chores import chores
from tests.harness import Harness, alert, deployment, harness
from tests.server.ways import decision, patch, told, writes
from tools.outbox import Message
from tools.resources import PODS

pytestmark = [pytest.mark.chaos_long, pytest.mark.timeout(600)]
NAMESPACES = [f"team-{number}" for number in range(10)]
NAMES = ("api", "web", "worker")


class Keeper:
    """Somebody who keeps what comes."""

    name = "keeper"

    def __init__(self) -> None:
        self.got: list[Message] = []

    def wants(self, message: Message) -> bool:
        return True

    def send(self, message: Message) -> None:
        self.got.append(message)


def make_ill(agent: Harness) -> list[tuple[str, str]]:
    """Three workloads in each of ten namespaces, one pod of each stuck for a quarter of an hour; those pods."""
    agent.sandbox.apply([deployment(name, space, replicas=2) for space in NAMESPACES for name in NAMES])
    agent.advance(600, step=300)
    stuck = []
    for space in NAMESPACES:
        for name in NAMES:
            named = (pod["metadata"] for pod in agent.pods(space))
            pod = next(each["name"] for each in named if each["labels"]["app"] == name)
            patch(agent, PODS, space, pod, {"metadata": {"labels": {"sim/fault": "notready"}}})
            stuck.append((space, pod))
    agent.advance(900, step=300)
    return stuck


def tell(agent: Harness, stuck: list[tuple[str, str]]) -> list[str]:
    """Their alerts in one body; the incidents' ids."""
    at = agent.clock.now().isoformat()
    alerts = (alert("KubePodNotReady", starts_at=at, namespace=space, pod=pod) for space, pod in stuck)
    return agent.alert(*alerts)


@pytest.mark.parametrize(("settle", "most"), [("30", 0), ("0", 2)])
def test_thirty_workloads_at_once_are_held(
    tmp_path: Path, figures: Callable[[str], None], settle: str, most: int
) -> None:
    """Nothing is written where it settles first; where it does not, no more than may be in flight at once."""
    with harness(tmp_path, MODE="auto", MEMORY="false", SETTLE_SECONDS=settle) as agent:
        stuck = make_ill(agent)
        asked_before, began = len(agent.sandbox.requests), time.monotonic()
        ids = tell(agent, stuck)
        agent.drive()
        agent.advance(300, step=30)
        seconds, reads = time.monotonic() - began, len(agent.sandbox.requests) - asked_before

        assert len(set(ids)) == len(stuck) == 30
        (hold,) = agent.client.get("/hold").get_json()["holds"]
        assert (hold["cause"], hold["latched"]) == ("correlated_failure", True)
        assert len(writes(agent)) <= most, writes(agent)
        asked = [each for each in ids if told(agent, each)[1:3] == ("ask", "awaiting_approval")]
        held = [
            each
            for each in asked
            if any(why.startswith("global_hold") for why in decision(agent, each)["blocked_by"])
        ]
        assert len(asked) >= 30 - most
        assert len(held) >= len(asked) - 3  # so many are borne before it is one failure
        assert len(agent.client.get("/pending").get_json()["pending"]) == len(asked)
        told_figure = {
            "figure": "thirty workloads ill at once",
            "settle_seconds": float(settle),
            "writes": len(writes(agent)),
            "asked": len(asked),
            "of_these_for_the_hold": len(held),
            "requests_to_the_api_server": reads,
            "seconds": round(seconds, 1),
        }
        figures(json.dumps(told_figure))


def test_thirty_workloads_without_their_registry_make_two_messages(
    tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """The first at once and a letter, which tells of all others; nothing is written."""
    keeper = Keeper()
    with harness(tmp_path, MODE="auto", MEMORY="false") as agent:
        deliver = next(
            each for each in chores(agent.agent.services, [keeper], None) if each.name == "delivery"
        )
        for space in NAMESPACES:
            for name in NAMES:
                image = f"registry.example/{space}/{name}:1"
                agent.sandbox.apply(deployment(name, space, replicas=1, image=image, fault="registryout"))
        agent.advance(60, step=30)
        pods = [(space, pod["metadata"]["name"]) for space in NAMESPACES for pod in agent.pods(space)]
        ids = tell(agent, pods)
        for _ in range(24):
            agent.advance(5)
            deliver.run()

        assert [told(agent, each)[0] for each in ids] == ["registry_outage"] * 30
        assert writes(agent) == []
        first, letter = keeper.got
        assert sum(each in letter.body for each in ids) == 29
        assert first.incident_id in ids
        figure = {
            "figure": "messages of thirty workloads without their registry",
            "messages": len(keeper.got),
        }
        figures(json.dumps(figure))
