"""What is done again and again beside the incidents, each on a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from graph.services import Services
from server.hold_watch import HOLD_SECONDS, NODES_SECONDS, HoldWatch
from server.remembrance import Remembrance
from server.reminders import remind
from server.worker import Chore
from tools.delivery import deliver
from tools.notifier import Notifier
from tools.sightings import look

SIGHTING_SECONDS = 60.0
DELIVERY_SECONDS = 5.0
REMINDER_SECONDS = 30.0
MEMORY_SECONDS = 30.0
STORM = 10
"""So many runs that wait for a thread."""


def chores(services: Services, notifiers: Sequence[Notifier], memory: Remembrance | None) -> list[Chore]:
    """The chores of an agent."""
    clock = services.clock
    work = [
        Chore("sightings", SIGHTING_SECONDS, lambda: look(services.cluster, services.revisions, clock)),
        Chore("delivery", DELIVERY_SECONDS, lambda: deliver(services.outbox, notifiers, clock)),
        Chore("reminders", REMINDER_SECONDS, lambda: remind(services.approvals, services.outbox, clock)),
    ]
    watch = HoldWatch(services)
    work.append(Chore("hold", HOLD_SECONDS, watch.look))
    work.append(Chore("nodes", NODES_SECONDS, watch.look_at_nodes))
    if memory:
        # not at once: a start has better things to do than to load it
        later = clock.now() + timedelta(seconds=MEMORY_SECONDS)
        work.append(Chore("memory", MEMORY_SECONDS, lambda: _when_quiet(services, memory), next_at=later))
    return work


def _when_quiet(services: Services, memory: Remembrance) -> None:
    """A storm is no time to load what its incidents do not need."""
    if len(services.incidents.due(services.clock.now(), limit=STORM)) < STORM:
        memory.keep_up()
