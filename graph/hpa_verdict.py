"""Whether a higher maximum helped: the autoscaler is below it again, and what it made is well. Pure.

Judged as the rollout of what it scales, and then by the autoscaler itself. One that has no metrics decides nothing,
so that nothing is proved by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from graph import counted, verification
from graph.policy_facts import PolicySettings
from graph.state import Progress
from tools.records import AutoscalerFacts, Observation, Receipt, Verdict

PENDING_TOO_LONG = timedelta(seconds=120)
"""New pods that find no room for so long are taken back (kubernetes.md 4.4)."""
AT_MAXIMUM = "TooManyReplicas"


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    verdict = verification.judge(progress, receipt, settings, now)
    look = progress.last
    if look is None or progress.failed_looks or (verdict and verdict.name == "SUPERSEDED"):
        return verdict
    changed = _changed(look.autoscaler, receipt)
    if changed:
        return Verdict(name="SUPERSEDED", reason=changed, at=now)
    pending = _pending(progress, look, settings)
    if pending:
        waiting = counted.pods(pending, "is", "are", kind="new")
        reason = f"{waiting} Pending for {PENDING_TOO_LONG.seconds} s: no room is found"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now, undo=True)
    if verdict and verdict.name == "NOT_RECOVERED" and progress.pending_since:
        return verdict.model_copy(update={"undo": True})
    if verdict and verdict.name in ("RECOVERED", "PROVISIONAL") and look.autoscaler:
        return _below(verdict, look.autoscaler, progress, receipt, settings, now)
    return verdict


def _changed(scaler: AutoscalerFacts | None, receipt: Receipt) -> str:
    """What somebody else has done to it since."""
    args = receipt.call.args
    if scaler is None or scaler.uid != args["uid"]:
        return "the autoscaler was deleted or replaced"
    if scaler.most != args["maximum"]:
        return f"somebody else has changed the autoscaler since: its maximum is {scaler.most}"
    return ""


def _pending(progress: Progress, look: Observation, settings: PolicySettings) -> int:
    waited = PENDING_TOO_LONG * verification.slack(settings)
    return sum(look.at - at >= waited for at in progress.pending_since.values())


def _below(
    verdict: Verdict,
    scaler: AutoscalerFacts,
    progress: Progress,
    receipt: Receipt,
    settings: PolicySettings,
    now: datetime,
) -> Verdict | None:
    if not scaler.inactive and scaler.limited == AT_MAXIMUM and scaler.current >= scaler.most:
        reason = f"the pods are well, but the autoscaler is at its new maximum of {scaler.most} already"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    waits = _waits(scaler)
    if waits:
        told = progress.model_copy(update={"last_error": waits})
        return verification.out_of_time(told, receipt, settings, now)
    reason = f"{verdict.reason}; the autoscaler has {scaler.current} of at most {scaler.most} replicas"
    return verdict.model_copy(update={"reason": reason})


def _waits(scaler: AutoscalerFacts) -> str:
    """Why nothing can be said of it yet."""
    if scaler.inactive:
        return f"the pods are well, but the autoscaler has no metrics to decide by: {scaler.inactive}"
    if scaler.limited == AT_MAXIMUM or scaler.wanted > scaler.current:
        return "the autoscaler has not followed yet"
    return ""
