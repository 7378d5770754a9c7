"""Whether a CronJob does what it was told: start nothing, start again, or go on without a Job that was deleted. Pure.

Runs are told from those before the write by their uids, not by times: clocks differ.
"""

from __future__ import annotations

from datetime import datetime

from graph import held, verification
from graph.policy import PolicySettings
from graph.state import Progress
from tools.records import JobObservation, Observation, Receipt, Verdict

SUSPEND, RESUME, DELETE = "suspend_cronjob", "resume_cronjob", "delete_job"


def fold(progress: Progress, look: Observation, receipt: Receipt) -> Progress:
    """Add one look: since when it has been as it should be without a break."""
    return held.fold(progress, look, _lacks(look, receipt))


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    look = progress.last
    if look is None or progress.failed_looks:
        return verification.out_of_time(progress, receipt, settings, now)
    superseded = _superseded(look, receipt)
    if superseded:
        return Verdict(name="SUPERSEDED", reason=superseded, at=now)
    failed = _failure(look, receipt)
    if failed:
        return Verdict(name="NOT_RECOVERED", reason=failed, at=now)
    since = progress.window_started_at
    if since and look.at - since >= verification.window(receipt, settings):
        reason = f"{_done(look, receipt)} for {(look.at - since).total_seconds():.0f} s"
        return Verdict(name="RECOVERED", reason=reason, at=now)
    return verification.out_of_time(progress, receipt, settings, now)


def _superseded(look: Observation, receipt: Receipt) -> str:
    action = receipt.call.name
    if look.uid != receipt.target.uid:
        return f"the {receipt.target.kind} was deleted or replaced"
    if action == SUSPEND and not look.suspended:
        return "somebody else has resumed it since"
    if action == RESUME and look.suspended:
        return "somebody else has suspended it since"
    return ""


def _failure(look: Observation, receipt: Receipt) -> str:
    begun = _begun(look, receipt)
    if receipt.call.name == SUSPEND and begun:
        return f"a run has begun in spite of it: Job {begun[0].name}"
    failed = [job.name for job in begun if job.outcome == "failed"]
    if receipt.call.name == RESUME and failed:
        return f"it starts runs again, and the first has failed: Job {failed[0]}"
    if receipt.call.name == DELETE and failed:
        return f"the Job is gone, and a later one has failed: Job {failed[0]}"
    return ""


def _lacks(look: Observation, receipt: Receipt) -> str:
    """What must still happen before a window begins."""
    if receipt.call.name == DELETE and (look.lingering or not look.done):
        return f"{look.lingering or 'the Job'} is still there: a finalizer or its node holds it back"
    going = [job.name for job in _begun(look, receipt) if not job.outcome]
    if receipt.call.name == RESUME and going:
        return f"the run that has begun has not ended: Job {going[0]}"
    return ""


def _begun(look: Observation, receipt: Receipt) -> list[JobObservation]:
    """Jobs that were not there before the write."""
    known = {job.uid for job in receipt.before.jobs} if receipt.before else set()
    return [job for job in look.jobs if job.uid not in known]


def _done(look: Observation, receipt: Receipt) -> str:
    if receipt.call.name == DELETE:
        return "the Job and its pods are gone, and no later one has failed"
    if receipt.call.name == RESUME:
        return "it starts runs again, and none has failed"
    going = sum(not job.outcome for job in look.jobs)
    return "it starts nothing" + (f" ({going} Jobs that had begun go on)" if going else "")
