"""Looks at a write long after its run has ended well, and what they overturn (kubernetes.md 5.3, 5.4).

A container that lived long before it failed may fail again after any window: looked at once more after twice that
life. An alert is quiet only once its `for` and range are over: asked again then. What came back counts as a failed
attempt. Nothing is written to the cluster here, and nothing undone: an alert that fires late proves no harm.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from graph import second_signal, verification
from graph.services import Services
from graph.state import Progress
from tools.actions import parse_call
from tools.errors import ToolError
from tools.ledger import LedgerEntry
from tools.rechecks import Recheck
from tools.records import Observation, Receipt, Record, Verdict

LONGEST = timedelta(hours=24)
QUIET_AFTER = timedelta(minutes=20)
"""`for` and range of the slowest rule of kube-prometheus about crashing pods: 15 and 5 minutes."""
AGAIN_AFTER = timedelta(minutes=5)
PATIENCE = timedelta(hours=1)
"""How long a look that told nothing is repeated."""
CRASHING = "CrashLoopBackOff"


class Seen(Record):
    """What a later look found."""

    what: Literal["well", "came_back", "superseded", "unknown"]
    reason: str


def schedule(
    services: Services, incident_id: str, verdict: Verdict, progress: Progress, receipt: Receipt
) -> None:
    """Keep in the record when to look again. Raises StoreError."""
    if services.rechecks is None or verdict.name not in second_signal.WELL:
        return
    kept = Recheck(
        incident_id=incident_id,
        kind="slow_failure",
        key=receipt.key,
        judged_at=verdict.at,
        last=progress.last,
        due_at=verdict.at,
        next_at=verdict.at,
    )
    if verdict.name == "PROVISIONAL":
        due = verdict.at + min(2 * verification.life(receipt), LONGEST)
        services.rechecks.schedule(kept.model_copy(update={"due_at": due, "next_at": due}))
    if services.alert_states and second_signal.names_of(services.incidents.alerts(incident_id)):
        due = verdict.at + QUIET_AFTER
        update = {"kind": "alert", "due_at": due, "next_at": due}
        services.rechecks.schedule(kept.model_copy(update=update))


def look_again(services: Services, recheck: Recheck, entry: LedgerEntry, now: datetime) -> Seen:
    """What is there now. Raises StoreError; whatever else cannot be read is unknown."""
    assert entry.receipt is not None
    if recheck.kind == "alert":
        return _alerts(services, recheck, entry, now)
    action, args = parse_call(entry.call, services.policy.enabled_actions)
    return judged(action.observe(services.cluster, args, entry.receipt, now), recheck, entry.receipt)


def judged(look: Observation, recheck: Recheck, receipt: Receipt) -> Seen:
    """Pure: a look against the newest one before the verdict."""
    if look.error:
        return Seen(what="unknown", reason=f"it could not be looked at: {look.error}")
    theirs = verification.superseded(look, receipt)
    if theirs:
        return Seen(what="superseded", reason=theirs)
    crashed = _crashed(look, recheck)
    if crashed:
        return Seen(what="came_back", reason=crashed)
    unready = look.desired - sum(pod.ready for pod in look.pods)
    if unready > 0 or look.desired == 0:
        return Seen(what="unknown", reason=f"{max(unready, 0)} of {look.desired} pods are not ready")
    return Seen(what="well", reason="no container has failed since")


def _crashed(look: Observation, recheck: Recheck) -> str:
    """A pod that was there before is compared with itself, any other one with the time of the verdict."""
    before = {
        (pod.uid, each.name): each
        for pod in (recheck.last.pods if recheck.last else ())
        for each in pod.containers
    }
    for pod in look.pods:
        for each in pod.containers:
            known = before.get((pod.uid, each.name))
            ended = each.last_finished_at
            if known and each.restart_count > known.restart_count:
                return (
                    f"{pod.name}/{each.name} restarted {each.restart_count - known.restart_count} times since"
                )
            if not known and each.restart_count and ended and ended > recheck.judged_at:
                return f"{pod.name}/{each.name}, made since, has restarted {each.restart_count} times"
            if each.waiting_reason == CRASHING:
                return f"{pod.name}/{each.name} is in {CRASHING}"
    return ""


def _alerts(services: Services, recheck: Recheck, entry: LedgerEntry, now: datetime) -> Seen:
    try:
        firing = second_signal.firing(services, recheck.incident_id, entry.target, now)
    except ToolError as error:
        return Seen(what="unknown", reason=f"whether its alerts fire is not known: {error}")
    if firing:
        minutes = round((now - recheck.judged_at).total_seconds() / 60)
        return Seen(
            what="came_back", reason=f"{', '.join(firing)} still fires {minutes} min after it was well"
        )
    return Seen(what="well", reason="its alerts are quiet")
