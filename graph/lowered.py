"""The message that an action is taken back: one for each lowering, named by the write whose outcome called for it."""

from __future__ import annotations

from datetime import datetime

from prompts import render
from tools.autonomy import Standing
from tools.outbox import Message
from tools.records import Level

_MEANS: dict[Level, str] = {
    "approve": "a person is asked each time, whatever the mode.",
    "shadow": "it is decided and recorded only; nobody is asked, and it is not done.",
    "auto": "it may be done by itself, as far as the mode lets it.",
}


def message(standing: Standing, incident_id: str, now: datetime) -> Message:
    """What people need to know of it. Its key makes a second one of the same lowering none."""
    what = f"{standing.action} for {standing.problem.replace('_', ' ')}"
    words = {
        "verdict": f"Nothing to do now: {what} is taken back to {standing.level}.",
        "why": standing.reason,
        "means": _MEANS[standing.level],
        "incident_id": incident_id,
    }
    return Message(
        key=f"lowered:{standing.cause}",
        incident_id=incident_id,
        kind="autonomy",
        subject=f"Nothing to do now: {what} is taken back to {standing.level}",
        body=render("lowered.txt.j2", **words),
        html=render("lowered.html.j2", **words),
        queued_at=now,
    )
