"""Which way a write is judged: by what its action is meant to do. Pure.

Whatever replaces pods is judged as a rollout. More replicas must find room and lower what the pods use; an evicted
pod must be gone and another one ready in its place; a node is judged as a node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from graph import (
    command_verdict,
    counted,
    cron_verdict,
    deletion_verdict,
    hpa_verdict,
    node_verdict,
    verification,
    volume_verdict,
)
from graph.policy import PolicySettings
from graph.state import Progress
from tools.records import Observation, Receipt, Verdict

PENDING_TOO_LONG = timedelta(seconds=120)
"""New pods that find no room for so long are taken back (kubernetes.md 4.4)."""
UNREADY_TOO_LONG = timedelta(seconds=300)
"""A pod in the place of an evicted one that is not ready for so long is stuck as well."""
COMES_AND_GOES = frozenset({"node_flapping"})
"""Classes of problems that no window of minutes can show to be over."""
HOT = 0.8
"""Share of its limit from which on a container is near it."""

Judge: TypeAlias = Callable[[Progress, Receipt, PolicySettings, datetime], Verdict | None]
Fold: TypeAlias = Callable[[Progress, Observation, Receipt], Progress]


def fold(progress: Progress, look: Observation, receipt: Receipt) -> Progress:
    """Add one look."""
    folds: Mapping[str, Fold] = {
        "cordon_node": node_verdict.fold,
        "uncordon_node": node_verdict.fold,
        "drain_node": node_verdict.fold,
        "suspend_cronjob": cron_verdict.fold,
        "resume_cronjob": cron_verdict.fold,
        "delete_job": cron_verdict.fold,
        "delete_deployment": deletion_verdict.fold,
        "expand_pvc": volume_verdict.fold,
    }
    return folds.get(receipt.call.name, verification.fold)(progress, look, receipt)


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    judges: Mapping[str, Judge] = {
        "scale_deployment": scaled,
        "delete_pod": evicted,
        "set_hpa_maximum": hpa_verdict.judge,
        "cordon_node": node_verdict.judge,
        "uncordon_node": node_verdict.judge,
        "drain_node": node_verdict.judge,
        "suspend_cronjob": cron_verdict.judge,
        "resume_cronjob": cron_verdict.judge,
        "delete_job": cron_verdict.judge,
        "delete_deployment": deletion_verdict.judge,
        "expand_pvc": volume_verdict.judge,
        "exec_command": command_verdict.judge,
    }
    return judges.get(receipt.call.name, verification.judge)(progress, receipt, settings, now)


def claimed(verdict: Verdict | None, problem: str) -> Verdict | None:
    """As much as a window can show: what comes and goes may only be away just now."""
    if verdict is None or verdict.name != "RECOVERED" or problem not in COMES_AND_GOES:
        return verdict
    reason = f"{verdict.reason}; it was so before too, between two absences"
    return verdict.model_copy(update={"name": "INCONCLUSIVE", "reason": reason})


def scaled(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """Judged as a rollout, and then by what the pods use: pods that are well are not yet relief."""
    verdict = verification.judge(progress, receipt, settings, now)
    look = progress.last
    if look is None or progress.failed_looks or (verdict and verdict.name == "SUPERSEDED"):
        return verdict
    if look.done is False:
        reason = f"somebody else has scaled it since: {look.desired} replicas"
        return Verdict(name="SUPERSEDED", reason=reason, at=now)
    pending = _longer_than(PENDING_TOO_LONG, progress.pending_since, look, settings)
    if pending:
        waiting = counted.pods(len(pending), "is", "are", kind="new")
        reason = f"{waiting} Pending for {PENDING_TOO_LONG.seconds} s: no room is found"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now, undo=True)
    if verdict and verdict.name == "NOT_RECOVERED" and progress.pending_since:
        return verdict.model_copy(update={"undo": True})
    if verdict and verdict.name in ("RECOVERED", "PROVISIONAL") and not _fewer(receipt):
        return _relieved(verdict, look, progress, receipt, settings, now)
    return verdict


def evicted(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """Judged as a rollout, but not while the pod lingers, nor for ever while its replacement is not ready."""
    verdict = verification.judge(progress, receipt, settings, now)
    look = progress.last
    if look is None or progress.failed_looks:
        return verdict
    if verdict is None:
        stuck = _longer_than(UNREADY_TOO_LONG, progress.unready_since, look, settings)
        if stuck and look.done:
            reason = f"{stuck[0]}, which took its place or stood beside it, is not ready either"
            return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    if verdict and verdict.name in ("RECOVERED", "PROVISIONAL") and look.lingering:
        waits = f"{look.lingering} is still being deleted: a finalizer or its node holds it back"
        told = progress.model_copy(update={"last_error": waits})
        return verification.out_of_time(told, receipt, settings, now)
    return verdict


def _fewer(receipt: Receipt) -> bool:
    """Taken back: fewer pods have as much to do, so that no relief is to be expected."""
    args = receipt.call.args
    return int(args.get("replicas") or 0) < int(args.get("from_replicas") or 0)


def _relieved(
    verdict: Verdict,
    look: Observation,
    progress: Progress,
    receipt: Receipt,
    settings: PolicySettings,
    now: datetime,
) -> Verdict | None:
    """Nobody who tells what the pods use means nobody who says that it helped."""
    shares = [pod.cpu_share for pod in look.pods]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        told = progress.model_copy(
            update={"last_error": "the pods are well, but nobody tells what all of them use"}
        )
        return verification.out_of_time(told, receipt, settings, now)
    if known and min(known) >= HOT:
        reason = f"the new pods are well, but all {len(known)} are still at {min(known):.0%} of their limit or more"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    reason = f"{verdict.reason}; the busiest pod uses {max(known, default=0.0):.0%} of its limit"
    return verdict.model_copy(update={"reason": reason})


def _longer_than(
    patience: timedelta, since: Mapping[str, datetime], look: Observation, settings: PolicySettings
) -> list[str]:
    waited = patience * verification.slack(settings)
    return sorted(name for name, at in since.items() if look.at - at >= waited)
