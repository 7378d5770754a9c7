"""What is done again and again beside the incidents, each on a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence

from graph.services import Services
from server.reminders import remind
from server.worker import Chore
from tools.delivery import deliver
from tools.notifier import Notifier
from tools.sightings import look

SIGHTING_SECONDS = 60.0
DELIVERY_SECONDS = 5.0
REMINDER_SECONDS = 30.0


def chores(services: Services, notifiers: Sequence[Notifier]) -> list[Chore]:
    """The chores of an agent."""
    clock = services.clock
    return [
        Chore("sightings", SIGHTING_SECONDS, lambda: look(services.cluster, services.revisions, clock)),
        Chore("delivery", DELIVERY_SECONDS, lambda: deliver(services.outbox, notifiers, clock)),
        Chore("reminders", REMINDER_SECONDS, lambda: remind(services.approvals, services.outbox, clock)),
    ]
