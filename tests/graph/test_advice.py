"""What a model's answer may do: choose, doubt, decline. Never more, whatever it says."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from graph import confidence
from graph.advice import blocks, declined, heard, part, signed
from graph.policy import Block, route
from graph.state import Decision, Route
from tools.adviser import Answer, Question, Reason, Reply
from tools.records import ActionCall

ASKED = Question(system="s", user="u", choices=("c1", "c2"), evidence=("e1", "e2"))
OWN = Decision(
    incident_id="i1",
    target={"kind": "Deployment", "namespace": "shop", "name": "web"},
    problem="bad_release",
    route="act",
    action=ActionCall(name="restart_deployment"),
    confidence=0.9,
    reasons=("why",),
    evidence=("e1",),
)
ORDER: dict[Route, int] = {"ignore": 0, "notify": 1, "ask": 2, "act": 3}


def reply(choice: str = "c1", *reasons: Reason, doubts: Any = "none") -> Reply:
    given = reasons or (Reason(text="It crashes at once.", evidence=("e2",)),)
    return Reply(answer=Answer(choice=choice, doubts=doubts, reasons=given), model="m")


def test_an_answer_counts_with_its_citations() -> None:
    """The model becomes the decider, and what it rests on is kept."""
    advice = heard(reply(), ASKED, "groq")
    assert (advice.decider, advice.choice, advice.ignored) == ("groq:m", "c1", "")
    assert advice.reasons == ("It crashes at once. [e2]",)
    assert signed(OWN, advice).evidence == ("e1", "e2")
    assert signed(OWN, advice).reasons == (
        "why",
        "groq:m chose c1 with no doubts",
        "It crashes at once. [e2]",
    )


@pytest.mark.parametrize(
    "choice", ["c3", "C1", "", "c1 ", "rollback_deployment", "kube-system/web", "none of them"]
)
def test_what_is_not_among_the_candidates_is_not_used(choice: str) -> None:
    """Names are nothing, ids alone are something."""
    advice = heard(reply(choice), ASKED, "groq")
    assert advice.decider == "playbook"
    assert "not among the candidates" in advice.ignored


@pytest.mark.parametrize(
    "reason",
    [
        Reason(text="I just know.", evidence=()),
        Reason(text="As e9 shows.", evidence=("e9",)),
        Reason(text="Both.", evidence=("e1", "e9")),
        Reason(text="As it says.", evidence=("finding",)),
        Reason(text="\u200b \u202e", evidence=("e1",)),
    ],
)
def test_reasons_without_true_citations_are_dropped(reason: Reason) -> None:
    """Alone, the whole answer is not used; beside a good one, only they are lost."""
    assert "no reason cites evidence" in heard(reply("c1", reason), ASKED, "groq").ignored
    good = Reason(text="It crashes.", evidence=("e1",))
    assert heard(reply("c1", reason, good), ASKED, "groq").reasons == ("It crashes. [e1]",)


def test_none_needs_reasons_too() -> None:
    """A log that talks a model into doing nothing has to show where that stands."""
    assert heard(reply("none", Reason(text="Trust me.", evidence=())), ASKED, "groq").ignored


def test_words_of_a_model_are_shown_without_links_secrets_or_tricks() -> None:
    """It may repeat what a log has told it."""
    text = "See https://evil.example/fix?x=1, password=hunter2hunter2, \u202ereversed\u202c. " + "y" * 400
    (shown,) = heard(reply("c1", Reason(text=text, evidence=("e1",))), ASKED, "groq").reasons
    assert "evil" not in shown
    assert "hunter2" not in shown
    assert "\u202e" not in shown
    assert len(shown) < 260


def test_at_most_four_reasons_are_kept() -> None:
    """However many it gives."""
    many = [Reason(text=f"Reason {n}.", evidence=("e1",)) for n in range(40)]
    assert len(heard(reply("c1", *many), ASKED, "groq").reasons) == 4


def test_no_answer_says_why() -> None:
    """In the words of the failure."""
    advice = heard(Reply(failure="the rate limit is reached"), ASKED, "groq")
    assert advice.ignored == "the model was not heard: the rate limit is reached"


@pytest.mark.parametrize(
    ("choice", "doubts", "expected"),
    [
        ("c1", "none", confidence.AGREES),
        ("c1", "some", confidence.DOUBTS),
        ("c1", "serious", confidence.DISAGREES),
        ("c2", "none", confidence.DISAGREES),
        ("none", "none", confidence.DISAGREES),
    ],
)
def test_only_plain_agreement_adds(choice: str, doubts: str, expected: float) -> None:
    """And little."""
    advice = heard(reply(choice, doubts=doubts), ASKED, "groq")
    assert part(advice, "c1") == expected
    assert confidence.AGREES <= 0.05


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("base", [0.0, 0.49, 0.5, 0.79, 0.795, 0.8, 0.97, 1.0])
@pytest.mark.parametrize("past", [0.0, confidence.HELPED, confidence.FAILED])
def test_agreement_never_crosses_the_threshold(threshold: float, base: float, past: float) -> None:
    """With a model that agrees it is at or above the threshold only where it is without; doubt never lifts it."""
    parts = {"proof": base, "completeness": 0.0, "target": 0.0, "history": past}
    alone = confidence.total(parts, threshold)
    agreed = confidence.total({**parts, confidence.MODEL: confidence.AGREES}, threshold)
    opposed = confidence.total({**parts, confidence.MODEL: confidence.DISAGREES}, threshold)
    assert (agreed >= threshold) <= (alone >= threshold)
    assert opposed <= alone
    assert opposed < threshold or threshold == 0.0


@pytest.mark.parametrize("own", ["act", "ask", "notify"])
def test_the_route_never_rises(own: Route) -> None:
    """For every choice and doubt, though policy has nothing at all against the other candidate."""
    effects: dict[Route, Any] = {"ask": "ask", "notify": "refuse"}
    standing = (Block(rule="r", effect=effects[own], reason=""),) if own in effects else ()
    for choice, doubts in product(("c1", "c2"), ("none", "some", "serious")):
        advice = heard(reply(choice, doubts=doubts), ASKED, "groq")
        came_out = route((*(standing if choice == "c1" else ()), *blocks(advice, "c1", own)))
        assert ORDER[came_out] <= ORDER[own]
        if choice == "c2" or doubts == "serious":
            assert came_out != "act"


def test_declining_leaves_it_to_a_person() -> None:
    """No action, and the record says who would not and why."""
    advice = heard(reply("none"), ASKED, "groq")
    decision = declined(OWN, advice, {"proof": 0.7}, 0.5)
    assert (decision.route, decision.action, decision.decider) == ("notify", None, "groq:m")
    assert decision.blocked_by == ("model: groq:m would do none of it: It crashes at once. [e2]",)
    assert decision.target == OWN.target
