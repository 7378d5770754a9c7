"""Sends what the outbox holds. Apart from every run: what cannot be sent stays queued and holds up nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tools.clock import Clock
from tools.errors import ToolError
from tools.notifier import Notifier
from tools.outbox import Message, Outbox
from tools.shared_letters import MOST_NAMED, letter, turn

FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 900.0


def deliver(outbox: Outbox, channels: Sequence[Notifier], clock: Clock) -> int:
    """Send what is due, oldest first; returns how many messages every channel has now.

    At least once: a process that dies between a channel's yes and our note of it sends that one again.
    """
    sent, gone = 0, set[str]()
    for message in outbox.due(clock.now()):
        # read before the round's letters were made: what went into one looks as if it still waited
        parts = _parts(outbox, message, clock) if message.key not in gone else []
        if not parts:
            continue
        gone.update(part.key for part in parts)
        going = letter(message, parts)
        failures = [why for channel in channels if (why := _hand_over(outbox, going, channel))]
        if failures:
            outbox.mark_failed(message.key, "; ".join(failures), next_at=clock.now() + _pause(message))
        else:
            outbox.mark_sent(message.key, clock.now())
            sent += len(parts)
    return sent


def _parts(outbox: Outbox, message: Message, clock: Clock) -> list[Message]:
    """What goes out with it, itself included; nothing, where it waits for others of its cause or went with them."""
    its_turn = turn(outbox, message, clock.now())
    if its_turn == "alone":
        return [message]
    if its_turn == "with others":
        return outbox.join(message.key, limit=MOST_NAMED)
    outbox.hold(message.key, its_turn)
    return []


def _hand_over(outbox: Outbox, message: Message, channel: Notifier) -> str:
    """Why this channel did not take it, or an empty string."""
    if channel.name in message.taken_by or not channel.wants(message):
        return ""
    try:
        channel.send(message)
    except ToolError as error:
        return str(error)
    outbox.mark_taken(message.key, channel.name)
    return ""


def _pause(message: Message) -> timedelta:
    """10 s, 20 s, 40 s … a quarter of an hour."""
    doubled = FIRST_PAUSE_SECONDS * 2.0 ** min(message.attempts, 10)
    return timedelta(seconds=min(LONGEST_PAUSE_SECONDS, doubled))
