"""Deciding with a model, over the real services of an agent: hostile answers, and nothing harmful unlocked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from graph.counsel import Case, decide_among
from graph.services import Services
from graph.state import Decision, Finding, Proposal
from tests.graph.evidence_builders import evidence
from tests.harness import Harness, deployment, harness
from tools.adviser import Answer, Question, Reason, Reply
from tools.llm_usage import Usage
from tools.records import ActionCall, Evidence, Target

ORDER = {"ignore": 0, "notify": 1, "ask": 2, "act": 3}


@dataclass
class Scripted:
    """An adviser that says what it is told to say."""

    choice: str = "c1"
    doubts: Any = "none"
    failure: str = ""
    asked: list[Question] = field(default_factory=list)
    vendor: str = "groq"
    usage: Usage = field(default_factory=Usage)
    up: bool = True

    def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        if self.failure:
            return Reply(failure=self.failure, calls=1)
        reason = Reason(text="As it shows.", evidence=question.evidence[:1])
        answer = Answer(choice=self.choice, doubts=self.doubts, reasons=(reason,))
        return Reply(answer=answer, model="m", calls=1, seconds=0.5, prompt_tokens=9, completion_tokens=3)

    def check(self) -> str:
        return "scripted"

    def close(self) -> None:
        return None


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """An agent in mode auto with one Deployment and one incident about it."""
    with harness(tmp_path_factory.mktemp("agent"), MODE="auto") as running:
        running.sandbox.apply(deployment("web"))
        running.advance(60)
        yield running


@pytest.fixture(scope="module")
def incident(agent: Harness) -> str:
    """Opened once; decided again by every test."""
    (incident_id,) = agent.alert(agent.crash_alert(agent.pods("shop")[0]))
    return incident_id


def target(agent: Harness) -> Target:
    found = agent.sandbox.get("Deployment", "shop", "web")
    assert found is not None
    return Target(kind="Deployment", namespace="shop", name="web", uid=found["metadata"]["uid"])


def proposal(where: Target, name: str) -> Proposal:
    risk = "medium" if name == "restart_deployment" else "high"
    call = ActionCall(name=name, args={"namespace": where.namespace, "name": where.name, "uid": where.uid})
    return Proposal.model_validate(
        {"call": call, "target": where, "risk": risk, "problem": "transient_crash", "reason": "It helps."}
    )


def down() -> Evidence:
    """Everything was read, and nothing is ready: a restart may be automatic."""
    read = evidence()
    assert read.workload is not None
    return read.model_copy(update={"workload": read.workload.model_copy(update={"ready": 0, "available": 0})})


def decide(
    agent: Harness, incident: str, adviser: Scripted | None, *names: str, consult: bool = True, **policy: Any
) -> tuple[Decision, Proposal | None]:
    where = target(agent)
    finding = Finding(problem="transient_crash", summary="Down.", directness=0.95, evidence=("e2",))
    case = Case(
        incident_id=incident,
        finding=finding,
        candidates=tuple(proposal(where, name) for name in names),
        evidence=down(),
        target=where,
    )
    given: Services = agent.agent.services
    settings = given.policy.model_copy(update=policy)
    return decide_among(replace(given, adviser=adviser, policy=settings), case, consult=consult)


RESTART_FIRST = ("restart_deployment", "rollback_deployment")
ROLLBACK_FIRST = ("rollback_deployment", "restart_deployment")


def test_without_a_model_nothing_changes(agent: Harness, incident: str) -> None:
    """The playbook's first candidate, no part for a model, its own name."""
    decision, chosen = decide(agent, incident, None, *RESTART_FIRST)
    assert (decision.route, decision.decider) == ("act", "playbook")
    assert set(decision.confidence_parts) == {"proof", "completeness", "target", "history", "calibration"}
    assert chosen is not None
    assert chosen.call.name == "restart_deployment"


def test_agreement_lets_it_act(agent: Harness, incident: str) -> None:
    """As it would alone, in the model's name, with what it cost on the timeline."""
    decision, _ = decide(agent, incident, Scripted(), *RESTART_FIRST)
    assert (decision.route, decision.decider) == ("act", "groq:m")
    assert decision.confidence_parts["model"] == 0.02
    last = agent.agent.services.incidents.timeline(incident)[-1]
    assert last.kind == "model"
    assert "groq:m chose c1, doubts: none (1 calls, 0.5 s, 9 + 3 tokens, prompt " in last.text


def test_serious_doubts_ask_a_person(agent: Harness, incident: str) -> None:
    """The same action, not alone."""
    decision, _ = decide(agent, incident, Scripted(doubts="serious"), *RESTART_FIRST)
    assert decision.route == "ask"
    assert decision.confidence < 0.8
    assert "model: groq:m has serious doubts" in decision.blocked_by


@pytest.mark.parametrize("threshold", [0.0, 0.8])
def test_another_candidate_is_never_automatic(agent: Harness, incident: str, threshold: float) -> None:
    """A model that prefers what could run alone does not make it run alone, however low the threshold is."""
    for names in (ROLLBACK_FIRST, RESTART_FIRST):
        decision, chosen = decide(
            agent, incident, Scripted(choice="c2"), *names, confidence_threshold=threshold
        )
        assert decision.route == "ask"
        assert decision.action is not None
        assert chosen is not None
        assert decision.action.name == chosen.call.name == names[1]
        assert "model: groq:m prefers c2 to the playbook's c1" in decision.blocked_by


def test_none_is_left_to_a_person(agent: Harness, incident: str) -> None:
    """No proposal is made of it."""
    decision, chosen = decide(agent, incident, Scripted(choice="none"), *RESTART_FIRST)
    assert (decision.route, decision.action, chosen) == ("notify", None, None)
    assert decision.confidence < 0.8


@pytest.mark.parametrize("choice", ["c3", "c0", "c-1", "c", "kube-system", "delete_deployment"])
def test_an_unknown_candidate_is_the_playbooks_own(agent: Harness, incident: str, choice: str) -> None:
    """Its decision stands, and says why."""
    alone, _ = decide(agent, incident, None, *RESTART_FIRST)
    decision, chosen = decide(agent, incident, Scripted(choice=choice), *RESTART_FIRST)
    assert decision.reasons[-1] == (
        "the model's answer was not used: it chose what is not among the candidates;"
        " the playbook's own order decided"
    )
    assert decision.model_copy(update={"reasons": alone.reasons}) == alone
    assert chosen is not None


def test_a_failure_is_the_playbooks_own(agent: Harness, incident: str) -> None:
    """Nothing is lost but the opinion."""
    alone, _ = decide(agent, incident, None, *RESTART_FIRST)
    decision, _ = decide(agent, incident, Scripted(failure="no answer in time"), *RESTART_FIRST)
    assert decision.model_copy(update={"reasons": alone.reasons}) == alone
    assert "the model was not heard: no answer in time" in decision.reasons[-1]
    assert "not heard" in agent.agent.services.incidents.timeline(incident)[-1].text


@pytest.mark.parametrize("mode", ["auto", "approve", "shadow"])
@pytest.mark.parametrize("names", [RESTART_FIRST, ROLLBACK_FIRST, RESTART_FIRST[:1], ROLLBACK_FIRST[:1]])
@pytest.mark.parametrize("denied", [(), ("shop",)])
def test_no_answer_raises_the_route(
    agent: Harness, incident: str, mode: str, names: tuple[str, ...], denied: tuple[str, ...]
) -> None:
    """Over every choice and doubt: the route is at most the playbook's own, on the same target."""
    policy: dict[str, Any] = {"mode": mode, "namespace_deny": denied}
    own, _ = decide(agent, incident, None, *names, **policy)
    for choice in ("c1", "c2", "none", "c9"):
        for doubts in ("none", "some", "serious"):
            adviser = Scripted(choice=choice, doubts=doubts)
            decision, chosen = decide(agent, incident, adviser, *names, **policy)
            assert ORDER[decision.route] <= ORDER[own.route]
            assert decision.target == own.target
            assert chosen is None or chosen.target == target(agent)


def test_it_is_asked_only_when_there_is_something_to_choose(agent: Harness, incident: str) -> None:
    """Not without candidates, and not when all is over."""
    adviser = Scripted()
    assert decide(agent, incident, adviser)[0].route == "notify"
    decide(agent, incident, adviser, *RESTART_FIRST, consult=False)
    assert adviser.asked == []
