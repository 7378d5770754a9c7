"""The chore that looks again at writes whose runs have ended well, and files what it finds.

Each step may be the last of a process: the verdict first, then who is told, then the incident that goes on, and the
look is marked as made last of all; every one of them made twice is made once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from graph import autonomy, looking_again, messages
from graph.looking_again import Seen
from graph.services import Services
from server.worker import Chore
from tools.alertmanager import Parsed
from tools.inbox import Inbox
from tools.ledger import LedgerEntry
from tools.manual_alerts import manual_alert
from tools.rechecks import Recheck
from tools.records import Verdict

RECHECK_SECONDS = 30.0
ACTOR = "re-check"


def chores(services: Services, inbox: Inbox) -> list[Chore]:
    """For the worker."""
    return [Chore("rechecks", RECHECK_SECONDS, lambda: recheck(services, inbox))]


def recheck(services: Services, inbox: Inbox) -> int:
    """Look at what is due; returns how many were filed. Raises StoreError."""
    if services.rechecks is None:
        return 0
    now = services.clock.now()
    return sum(_one(services, inbox, each, now) for each in services.rechecks.due(now))


def _one(services: Services, inbox: Inbox, due: Recheck, now: datetime) -> bool:
    assert services.rechecks is not None
    entry = services.ledger.get(due.key)
    if entry is None or entry.receipt is None:
        services.rechecks.finish(due, "unknown", now)
        return True
    seen = looking_again.look_again(services, due, entry, now)
    if seen.what == "unknown" and now < due.due_at + looking_again.PATIENCE:
        services.rechecks.later(due, now + looking_again.AGAIN_AFTER)
        return False
    _file(services, inbox, due, entry, seen, now)
    services.rechecks.finish(due, seen.what, now)
    return True


def _file(
    services: Services, inbox: Inbox, due: Recheck, entry: LedgerEntry, seen: Seen, now: datetime
) -> None:
    services.incidents.note(due.incident_id, "recheck", f"{seen.what.replace('_', ' ')}: {seen.reason}")
    if seen.what == "well" and due.kind == "slow_failure":
        held = now - due.judged_at
        verdict = Verdict(name="RECOVERED", reason=f"{seen.reason}, for {held}", at=now)
        services.ledger.set_verdict(entry.key, verdict.name)
        services.incidents.judge_again(due.incident_id, verdict, "recovered")
    if seen.what == "came_back":
        _came_back(services, inbox, due, entry, Verdict(name="NOT_RECOVERED", reason=seen.reason, at=now))


def _came_back(services: Services, inbox: Inbox, due: Recheck, entry: LedgerEntry, verdict: Verdict) -> None:
    """A failed attempt of that incident; what goes on now is an incident of its own, linked to it."""
    services.ledger.set_verdict(entry.key, verdict.name)
    autonomy.take_back(services, entry.key)
    services.incidents.judge_again(due.incident_id, verdict, "escalated")
    services.outbox.queue(messages.came_back(due, entry, verdict))
    alert = manual_alert(
        entry.target.kind,
        entry.target.namespace,
        entry.target.name,
        actor=ACTOR,
        reason=f"{messages.call_line(entry.call)} for incident {due.incident_id} did not last: {verdict.reason}",
        at=verdict.at,
        request=hashlib.sha256(f"{due.incident_id}\n{due.kind}".encode()).hexdigest()[:12],
    )
    inbox.accept(Parsed(alerts=(alert,)))
