"""What a model's reply may change, and that it is never more than that. Pure.

The reply is untrusted: it may choose among the candidates that code built, or none of them, and lower confidence. It
cannot name anything that is acted on, and the route that comes out is never above the playbook's own.
"""

from __future__ import annotations

import re

from graph import confidence
from graph.policy import Block
from graph.question import MOST_REASONS, plain
from graph.state import Decision, Route
from tools.adviser import NONE, Doubts, Question, Reason, Reply
from tools.excerpts import message
from tools.records import Record

REASON_LENGTH = 240
PLAYBOOK = "playbook"
_LINK = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://\S+|\bwww\.\S+", re.IGNORECASE)


class Advice(Record):
    """A reply after checking: either it counts, or `ignored` says why it does not."""

    decider: str = PLAYBOOK
    """`groq:<model>` when it counts."""
    choice: str = ""
    """A candidate's id, or `none`."""
    doubts: Doubts = "none"
    reasons: tuple[str, ...] = ()
    """Each with its evidence, fit to be shown."""
    evidence: tuple[str, ...] = ()
    """All that these reasons rest on."""
    ignored: str = ""


def heard(reply: Reply, question: Question, vendor: str) -> Advice:
    """Check what came back against what was asked."""
    answer = reply.answer
    if answer is None:
        return Advice(ignored=f"the model was not heard: {reply.failure}")
    if answer.choice not in (*question.choices, NONE):
        return Advice(ignored="the model's answer was not used: it chose what is not among the candidates")
    kept = [reason for reason in answer.reasons if _rests_on(reason, question)][:MOST_REASONS]
    if not kept:
        return Advice(ignored="the model's answer was not used: no reason cites evidence that it was shown")
    return Advice(
        decider=f"{vendor}:{reply.model}",
        choice=answer.choice,
        doubts=answer.doubts,
        reasons=tuple(_shown(reason) for reason in kept),
        evidence=tuple(dict.fromkeys(id_ for reason in kept for id_ in reason.evidence)),
    )


def part(advice: Advice, first: str) -> float:
    """What advice adds to confidence: a little when it agrees, a lot less than nothing when it does not."""
    if advice.choice != first or advice.doubts == "serious":
        return confidence.DISAGREES
    return confidence.DOUBTS if advice.doubts == "some" else confidence.AGREES


def blocks(advice: Advice, first: str, own_route: Route) -> tuple[Block, ...]:
    """What keeps the route at or below the playbook's own, and below `act` when the two do not agree."""
    if advice.choice != first:
        effect = "refuse" if own_route == "notify" else "ask"
        reason = f"{advice.decider} prefers {advice.choice} to the playbook's {first}"
        return (Block.model_validate({"rule": "model", "effect": effect, "reason": reason}),)
    if advice.doubts == "serious":
        return (Block(rule="model", effect="ask", reason=f"{advice.decider} has serious doubts"),)
    return ()


def signed(decision: Decision, advice: Advice) -> Decision:
    """The decision in the name of who chose, with the reasons of both."""
    cited = tuple(id_ for id_ in advice.evidence if id_ not in decision.evidence)
    words = "no doubts" if advice.doubts == "none" else f"{advice.doubts} doubts"
    chose = f"{advice.decider} chose {advice.choice} with {words}"
    return decision.model_copy(
        update={
            "decider": advice.decider,
            "reasons": (*decision.reasons, chose, *advice.reasons),
            "evidence": (*decision.evidence, *cited),
        }
    )


def declined(own: Decision, advice: Advice, parts: dict[str, float], certainty: float) -> Decision:
    """None of the candidates: a person gets the explanation and what speaks against acting."""
    reason = f"{advice.decider} would do none of it: {advice.reasons[0]}"
    update = {
        "route": "notify",
        "action": None,
        "confidence": certainty,
        "confidence_parts": parts,
        "blocked_by": (str(Block(rule="model", effect="refuse", reason=reason)),),
        "without_test": "notify" if own.without_test else "",
    }
    return signed(own.model_copy(update=update), advice)


def unheard(own: Decision, advice: Advice) -> Decision:
    """The playbook's own order, and why it was left alone with it."""
    return own.model_copy(
        update={"reasons": (*own.reasons, f"{advice.ignored}; the playbook's own order decided")}
    )


def _rests_on(reason: Reason, question: Question) -> bool:
    """One invented id and the whole reason counts for nothing."""
    return (
        bool(reason.evidence)
        and set(reason.evidence) <= set(question.evidence)
        and bool(plain(reason.text).strip())
    )


def _shown(reason: Reason) -> str:
    """A model may repeat what a log has told it: no links, nothing hidden, no secrets."""
    text = message(_LINK.sub("<link>", plain(reason.text)), REASON_LENGTH)
    return f"{text} [{', '.join(dict.fromkeys(reason.evidence))}]"
