"""Thirty different workloads fall ill at once: held before the writes, and what is written by then is bounded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import Harness, alert, deployment, harness
from tests.server.ways import decision, patch, told, writes
from tools.resources import PODS

pytestmark = [pytest.mark.chaos_long, pytest.mark.timeout(600)]
NAMESPACES = [f"team-{number}" for number in range(10)]
NAMES = ("api", "web", "worker")


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
