"""Looks again and again whether to hold still, and tells people of each hold once."""

from __future__ import annotations

from datetime import datetime

from graph.holding import note, note_nodes
from graph.services import Services
from prompts import render
from tools.holds import Hold
from tools.outbox import Message

HOLD_SECONDS = 5.0
NODES_SECONDS = 30.0
MONITORING_SECONDS = 10.0


class HoldWatch:
    """Engages and lifts also while nothing is decided, so that a hold shows before the next action asks for it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: set[str] = set()

    def look(self) -> None:
        """At the record; then tell of what is new. Raises StoreError."""
        services, now = self._services, self._services.clock.now()
        if services.holds is None:
            return
        note(services, now)
        for hold in services.holds.active(now):
            key = _key(hold)
            if key not in self._told:
                services.outbox.queue(message(hold, len(services.approvals.pending()), now))
                self._told.add(key)

    def look_at_nodes(self) -> None:
        """Raises ToolError; nodes that may not be read hold nothing here: a write asks for itself."""
        note_nodes(self._services, self._services.clock.now())


def message(hold: Hold, pending: int, now: datetime) -> Message:
    """What people need to know of a hold."""
    verdict = "Act now: a global hold waits for you." if hold.latched else "Nothing to do yet: a global hold."
    words = {
        "verdict": verdict,
        "why": hold.why,
        "since": f"{hold.since:%Y-%m-%d %H:%M} UTC",
        "ends": hold.ends,
        "latched": hold.latched,
        "waiting": f"{pending} approvals wait." if pending != 1 else "1 approval waits.",
    }
    return Message(
        key=_key(hold),
        incident_id="",
        kind="hold",
        subject=f"{verdict.partition(':')[0]}: global hold: {hold.cause.replace('_', ' ')}",
        body=render("hold.txt.j2", **words),
        html=render("hold.html.j2", **words),
        queued_at=now,
    )


def _key(hold: Hold) -> str:
    """One message for each hold; of a cause that comes and goes by itself, one an hour."""
    return f"hold:{hold.id}" if hold.latched else f"hold:{hold.cause}:{hold.since:%Y%m%d%H}"
