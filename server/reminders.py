"""Reminds of approvals that nobody answers: once, when half of their time is over, the second contact too."""

from __future__ import annotations

from graph import messages
from tools.approvals import Approvals
from tools.clock import Clock
from tools.outbox import Outbox


def remind(approvals: Approvals, outbox: Outbox, clock: Clock) -> int:
    """Queue what is due and return how many are new; a key for each approval makes it once, whatever dies when."""
    now = clock.now()
    late = [
        approval
        for approval in approvals.pending()
        if approval.created_at + (approval.expires_at - approval.created_at) / 2 <= now < approval.expires_at
    ]
    return sum(outbox.queue(messages.reminder(approval, now)) for approval in late)
