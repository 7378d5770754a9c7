"""Whole incidents with a model over real HTTP: it agrees, declines, is down, slow, limited or cut off; they go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, harness
from tests.server.test_spine import approve_pending, bad_release
from tests.tools.groq_server import (
    BIG,
    KEY,
    SMALL,
    Answering,
    GroqServer,
    argue_for_worst,
    chooses,
    cut_off,
    groq_server,
    hang,
    refused,
)
from tools.adviser import Question
from tools.clock import ManualClock
from tools.llm import GroqLLM, Limits

pytestmark = pytest.mark.timeout(300)


@dataclass
class Advised:
    """An agent with a broken release, and the model that it asks."""

    agent: Harness
    server: GroqServer
    model_clock: ManualClock

    def open(self, usual: Answering) -> tuple[str, dict[str, Any]]:
        """A new incident, decided with a model that answers like this: its id and decision."""
        self.server.usual = usual
        self.server.asked.clear()
        self.model_clock.advance(3600)
        broken = [p for p in self.agent.pods("shop") if p["metadata"]["labels"].get("sim/fault")]
        (incident_id,) = self.agent.alert(self.agent.crash_alert(broken[0]))
        self.agent.drive()
        decision = self.agent.agent.services.incidents.decision(incident_id)
        assert decision is not None
        assert self.server.asked, "the model was asked over HTTP"
        return incident_id, decision

    def resolve(self) -> None:
        """The alert ends: so does the episode, and what waits is withdrawn."""
        broken = [p for p in self.agent.pods("shop") if p["metadata"]["labels"].get("sim/fault")]
        self.agent.alert(self.agent.crash_alert(broken[0], status="resolved"))
        self.agent.advance(10)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Advised]:
    """One for all tests that leave the cluster as it is; the breaker has closed again before each."""
    model_clock = ManualClock()
    with groq_server() as server:
        limits = Limits(deadline=1.5, read=1.2)
        llm = GroqLLM(KEY, [BIG, SMALL], model_clock, base=server.base, limits=limits, sleep=lambda s: None)
        with harness(tmp_path_factory.mktemp("agent"), llm, MODE="auto") as agent:
            incident_id = bad_release(agent)
            assert agent.incident(incident_id).status == "awaiting_approval"
            advised = Advised(agent, server, model_clock)
            advised.resolve()
            yield advised


def test_a_model_that_declines_leaves_it_to_a_person(standing: Advised) -> None:
    """The run ends with an explanation that names the model, and nothing waits for approval."""
    incident_id, decision = standing.open(chooses("none", text="The old revision fails as well."))
    assert (decision["route"], decision["action"]) == ("notify", None)
    assert standing.agent.incident(incident_id).status == "notified"
    assert standing.agent.client.get("/pending").get_json()["pending"] == []
    told = [m.body for m in standing.agent.agent.services.outbox.unsent() if m.incident_id == incident_id]
    assert f"groq:{BIG} would do none of it: The old revision fails as well. [e2]" in told[0]
    standing.resolve()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refused(503, "over_capacity"), "the server failed"),
        (hang, "no answer in time"),
        (refused(429, "rate_limit_exceeded", retry_after="60"), "the rate limit is reached"),
        (cut_off, "the answer was cut off"),
        (chooses("c1", namespace="kube-system"), "the answer has the wrong form"),
        (chooses("c7"), "not among the candidates"),
        (chooses("c1", cites=["e99"]), "no reason cites evidence"),
    ],
    ids=["down", "slow", "limited", "cut-off", "extra-key", "unknown-candidate", "invented-evidence"],
)
def test_a_model_that_fails_costs_nothing_but_its_opinion(
    standing: Advised, fault: Answering, words: str
) -> None:
    """The playbook's own order decides, the record says what failed, and the approval waits."""
    incident_id, decision = standing.open(fault)
    assert (decision["decider"], decision["route"]) == ("playbook", "ask")
    assert words in decision["reasons"][-1]
    assert "model" not in decision["confidence_parts"]
    assert standing.agent.incident(incident_id).status == "awaiting_approval"
    notes = [entry.text for entry in standing.agent.agent.services.incidents.timeline(incident_id)]
    assert any(words in note for note in notes)
    standing.resolve()
    assert standing.agent.incident(incident_id).status == "withdrawn"


def test_a_model_that_argues_for_the_worst_unlocks_nothing(standing: Advised) -> None:
    """High risk still asks a person, who sees the same proposal."""
    incident_id, decision = standing.open(argue_for_worst)
    assert decision["route"] == "ask"
    assert decision["action"]["name"] == "rollback_deployment"
    (pending,) = standing.agent.client.get("/pending").get_json()["pending"]
    assert pending["incident_id"] == incident_id
    standing.resolve()


def test_nobody_is_asked_about_what_is_over(standing: Advised) -> None:
    """The alert resolved before the run came to decide."""
    broken = [p for p in standing.agent.pods("shop") if p["metadata"]["labels"].get("sim/fault")]
    (incident_id,) = standing.agent.alert(standing.agent.crash_alert(broken[0]))
    standing.agent.alert(standing.agent.crash_alert(broken[0], status="resolved"))
    standing.agent.advance(10)
    assert standing.agent.incident(incident_id).status == "ignored"
    kinds = [entry.kind for entry in standing.agent.agent.services.incidents.timeline(incident_id)]
    assert "model" not in kinds


def test_a_model_that_agrees_signs_the_decision_and_it_recovers(tmp_path: Path) -> None:
    """Asked for, approved, written, verified, as without a model; what it cost is on /metrics."""
    with (
        groq_server() as server,
        harness(tmp_path, MODE="auto", GROQ_API_KEY=KEY, GROQ_API_BASE=server.base) as agent,
    ):
        incident_id = bad_release(agent)
        decision = agent.agent.services.incidents.decision(incident_id)
        assert decision is not None
        assert decision["decider"] == f"groq:{BIG}"
        assert "The pods of the newest revision exit at once. [e2]" in decision["reasons"]
        approve_pending(agent)
        agent.advance(400)
        assert agent.incident(incident_id).status == "recovered"
        text = agent.client.get("/metrics").get_data(as_text=True)
        assert f'sre_agent_llm_calls_total{{model="{BIG}",outcome="answered"}} 1.0' in text
        assert f'sre_agent_llm_tokens_total{{kind="completion",model="{BIG}"}} 80.0' in text
        assert "sre_agent_llm_up 1.0" in text


def test_what_is_gone_and_whether_the_key_works_is_on_health(tmp_path: Path) -> None:
    """From the probe that everything else is shown by; the key itself is nowhere."""
    with groq_server() as server, harness(tmp_path, GROQ_API_KEY=KEY, GROQ_API_BASE=server.base) as agent:
        llm = agent.agent.services.adviser
        assert llm is not None
        server.script.append(refused(404, "model_not_found"))
        llm.ask(Question(system="s", user="u", choices=("c1",), evidence=("e1",)))
        agent.agent.probes.refresh()
        body = agent.client.get("/health").get_json()
        assert body["groq"] is True
        assert f"gone: {BIG}" in body["services"]["groq"]["detail"]
        assert KEY not in str(body)
        server.offered = 401
        agent.clock.advance(600)
        agent.agent.probes.refresh()
        body = agent.client.get("/health").get_json()
        assert (body["groq"], body["services"]["groq"]["state"]) == (False, "down")
