"""Questions about what the agent itself did, over a record that it has made: one rollback, one case left to people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import approve, fire


@dataclass(frozen=True)
class Past:
    """An agent after its work, and the incidents that it had."""

    agent: Harness
    rolled_back: str
    explained: str

    def ask(self, question: str) -> str:
        answer = self.agent.client.post("/ask", json={"question": question})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return str(answer.get_json()["answer"])


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """shop/web was rolled back after approval; an image of media/thumbs can be mended by people alone."""
    with harness(tmp_path_factory.mktemp("past"), MODE="auto") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(1200, step=60)
        agent.sandbox.apply(deployment("web", image="registry.example/web:1.1", fault="crashloop"))
        agent.sandbox.apply(deployment("thumbs", "media", fault="imagepull"))
        agent.advance(180, step=15)
        ill = next(pod for pod in agent.pods("shop") if pod["metadata"]["labels"].get("sim/fault"))
        (rolled_back,) = agent.alert(agent.crash_alert(ill))
        agent.drive()
        approve(agent)
        agent.advance(400)
        agent.alert(agent.crash_alert(ill, status="resolved"))
        pod = agent.pods("media")[0]["metadata"]
        explained = fire(agent, "KubePodNotReady", namespace="media", pod=pod["name"], uid=pod["uid"])
        agent.advance(60)
        assert agent.incident(rolled_back).status == "recovered"
        assert agent.incident(explained).status == "notified"
        yield Past(agent, rolled_back, explained)


@pytest.mark.parametrize(
    "question",
    [
        "Why did you roll back web?",
        "who approved the rollback of web?",
        "did the rollback of web help?",
        "has your last fix worked?",
    ],
)
def test_why_and_whether_it_helped(past: Past, question: str) -> None:
    """The incident with its reasons, who agreed, and the verdict."""
    answer = past.ask(question)
    assert past.rolled_back in answer
    for words in ("because Revision 2 broke it", "was approved by local", "RECOVERED"):
        assert words in answer, answer


@pytest.mark.parametrize(
    "question", ["what have you done in the last hour?", "did the rollback help?", "did it work?"]
)
def test_what_was_written_and_how_it_went(past: Past, question: str) -> None:
    """Every write with its verdict."""
    answer = past.ask(question)
    assert "1 write since" in answer, answer
    assert "rollback_deployment (to_revision=1) on shop/web, after approval: done, RECOVERED" in answer


def test_incidents_are_told_by_how_they_ended(past: Past) -> None:
    """Only those of the statuses that the question names; all of them where it names none."""
    everything = past.ask("Recent incidents?")
    assert past.rolled_back in everything
    assert past.explained in everything
    recovered = past.ask("which incidents have recovered?")
    assert past.rolled_back in recovered
    assert past.explained not in recovered
    assert past.ask("which incidents were escalated?").startswith("No escalated incidents.")
    assert past.ask("any incidents that did not recover?").startswith(
        "No escalated or inconclusive incidents."
    )


@pytest.mark.parametrize("question", ["any alerts still open?", "which incidents are open?"])
def test_open_is_what_still_fires(past: Past, question: str) -> None:
    """A run that has ended, with nothing that the agent may do, is no end of the trouble."""
    answer = past.ask(question)
    assert answer.startswith("1 open incident")
    assert past.explained in answer
    assert past.rolled_back not in answer
    assert "the alerts still fire" in answer


@pytest.mark.parametrize("question", ["how sure were you about web?", "what did you conclude about web?"])
def test_how_sure_it_was(past: Past, question: str) -> None:
    """The decision, with its confidence and what it rests on."""
    answer = past.ask(question)
    assert past.rolled_back in answer
    assert "confidence 1.00" in answer


def test_what_is_left_to_do(past: Past) -> None:
    """What waits for a person, then what is not well and waits for nobody."""
    answer = past.ask("what do I have to do now?")
    assert answer.startswith("Nothing waits for a decision.")
    assert "media/thumbs" in answer
