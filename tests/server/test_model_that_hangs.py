"""A model that does not answer holds up runs for as long as it may, and never the door through which alerts come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.faults import Scene
from tests.harness import Harness, alert, harness
from tests.served import until
from tools.adviser import Question, Reply
from tools.llm_usage import Usage

pytestmark = pytest.mark.timeout(300)
RUNS = 4
"""As many as the worker has threads."""


class Hanging:
    """Hears questions and says nothing until it is let go."""

    vendor = "hanging"
    up = True

    def __init__(self) -> None:
        self.usage = Usage()
        self.asked = threading.Semaphore(0)
        self.let_go = threading.Event()

    def ask(self, question: Question) -> Reply:
        self.asked.release()
        assert self.let_go.wait(120)
        return Reply(failure="it hung")

    def check(self) -> str:
        return "hangs"

    def close(self) -> None:
        self.let_go.set()


@contextmanager
def held_up(folder: Path) -> Iterator[tuple[Harness, Hanging]]:
    """An agent all of whose threads wait for the model."""
    model = Hanging()
    with harness(folder, model, MODE="auto") as agent:
        scenes = [Scene("transient", f"shop-{number}") for number in range(RUNS)]
        for scene in scenes:
            scene.prepare(agent.sandbox)
        agent.advance(1200, step=120)
        for scene in scenes:
            scene.strike(agent.sandbox, agent.clock)
        agent.sandbox.settle(170)
        for scene in scenes:
            agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        try:
            agent.agent.worker.start()
            for _ in scenes:
                assert model.asked.acquire(timeout=60)
            yield agent, model
        finally:
            model.let_go.set()


def test_alerts_are_answered_while_the_model_holds_every_run(tmp_path: Path) -> None:
    """202 and an incident, while nothing has let the model go; driven once it has."""
    with held_up(tmp_path) as (agent, model):
        (incident_id,) = agent.alert(
            alert("SomethingElse", starts_at=agent.clock.now().isoformat(), namespace="shop-0")
        )
        assert not model.let_go.is_set()
        assert agent.client.get("/livez").status_code == 200
        assert agent.client.get("/incidents").status_code == 200
        assert agent.incident(incident_id).status == "received"

        model.let_go.set()
        until(lambda: agent.incident(incident_id).status == "notified")
