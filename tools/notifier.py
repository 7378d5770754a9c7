"""Sends what the outbox holds. Without a mail account or another channel, messages go to the log.

Delivery is apart from the run: a message that cannot be sent stays queued and holds up nothing.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from tools.clock import Clock
from tools.errors import ToolError
from tools.outbox import Message, Outbox

log = structlog.get_logger("notifier")


class Notifier(Protocol):
    """One way to reach a person."""

    def send(self, message: Message) -> None:
        """Raises ToolError when it was not taken."""
        ...


class LogNotifier:
    """The channel that always exists: one log line per message, its text included."""

    def send(self, message: Message) -> None:
        log.info(
            message.subject,
            incident_id=message.incident_id,
            kind=message.kind,
            key=message.key,
            text=message.body,
        )


def deliver(outbox: Outbox, notifier: Notifier, clock: Clock) -> int:
    """Send what waits, oldest first; returns how many went out. A failure is kept with its message."""
    sent = 0
    for message in outbox.unsent():
        try:
            notifier.send(message)
        except ToolError as error:
            outbox.mark_failed(message.key, str(error))
        else:
            outbox.mark_sent(message.key, clock.now())
            sent += 1
    return sent
