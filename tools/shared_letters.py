"""One letter for what one cause makes: the first message goes out at once, those that follow wait for each other.

Nothing is dropped: each message keeps its own row, and goes out within HELD_SECONDS of being queued. What asks for an
approval, what was done and what is escalated never waits (product.md section 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from prompts import render
from tools import shared_causes
from tools.outbox import Message, Outbox

WINDOW = timedelta(minutes=30)
"""What comes so long after another message of its cause, or later, goes out at once: a person may think it over."""
HELD_SECONDS = 60.0
"""Long enough for the alerts of one outage, which fall due within a round of Prometheus' rules; short enough that
nobody who has read the first message misses the rest."""
URGENT = "Act now"
ORDER = (URGENT, "Look soon", "Not urgent")
MOST_TOLD, MOST_NAMED = 20, 200
"""Of so many a letter tells the cause; so many it names, and it holds no more."""
Turn: TypeAlias = Literal["alone", "with others"]


class Letter(Message):
    """Several messages of one cause, as one that goes out; under the key of the one that it was made for."""

    parts: tuple[Message, ...]


def turn(outbox: Outbox, message: Message, now: datetime) -> Turn | datetime:
    """Whether it goes out now, by itself or with all that wait for its cause, or until when it waits for them."""
    if message.sent_with:
        return "with others"
    if not message.how_soon or not message.cause or message.attempts or message.taken_by:
        return "alone"
    # by when it was queued: after a long stop all are old, and still of one outage; by now where the clock went back
    told = outbox.told_of(message.cause, min(now, message.queued_at) - WINDOW)
    if not told and message.next_at is None:
        return "alone"
    waited = now - message.queued_at
    held = timedelta(seconds=HELD_SECONDS)
    urgent = message.how_soon == URGENT and URGENT not in told
    if message.next_at or urgent or not timedelta() <= waited < held:
        return "with others"
    return message.queued_at + held


def letter(lead: Message, parts: Sequence[Message]) -> Message:
    """What goes out: the message as it is, or the letter of several."""
    if len(parts) < 2:
        return lead
    known = lead.model_dump(exclude={"subject", "body", "html"})
    return Letter(**known, subject=_subject(parts), parts=tuple(parts), **words(parts))


def words(parts: Sequence[Message], public_url: str = "") -> dict[str, str]:
    """The text and the HTML of a letter, with links where there is an address to lead to."""
    ordered = _ordered(parts)
    told = {each.gist.what for each in ordered}
    steps = ((each.gist.next_step, each.gist.where) for each in ordered if each.gist.next_step)
    step, whose = next(steps, ("", ""))
    given = {
        "how_soon": ordered[0].how_soon,
        "count": len(ordered),
        "cause": shared_causes.words(ordered[0].cause),
        "what": ordered[0].gist.what if len(told) == 1 else "",
        "told": [(each, each.body.partition("\n")[0]) for each in ordered[:MOST_TOLD]],
        "named": ordered[MOST_TOLD:MOST_NAMED],
        "unnamed": len(ordered[MOST_NAMED:]),
        "next_step": step,
        "whose": "for all of them"
        if {each.gist.next_step for each in ordered} == {step}
        else f"as for {whose}",
        "public_url": public_url,
    }
    return {"body": render("joined.txt.j2", **given), "html": render("joined.html.j2", **given)}


def _subject(parts: Sequence[Message]) -> str:
    first = _ordered(parts)[0]
    return f"{first.how_soon}: {len(parts)} more incidents: {shared_causes.words(first.cause)}"


def _ordered(parts: Sequence[Message]) -> list[Message]:
    """The most urgent first."""
    return sorted(
        parts, key=lambda each: ORDER.index(each.how_soon) if each.how_soon in ORDER else len(ORDER)
    )
