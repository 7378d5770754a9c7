"""Whether a volume has grown: its claim's capacity for a whole window, never the request that was accepted. Pure."""

from __future__ import annotations

from datetime import datetime

from graph import held, verification
from graph.policy import PolicySettings
from graph.state import Progress
from tools.quantities import parse_quantity
from tools.records import Observation, Receipt, Verdict


def fold(progress: Progress, look: Observation, receipt: Receipt) -> Progress:
    """Add one look: since when the volume has had its new size."""
    return held.fold(progress, look, _lacks(look, receipt))


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    look = progress.last
    if look is None or progress.failed_looks:
        return verification.out_of_time(progress, receipt, settings, now)
    if look.uid != receipt.target.uid:
        return Verdict(name="SUPERSEDED", reason="the claim was deleted or replaced", at=now)
    if look.storage_asked != _wanted(receipt):
        return Verdict(name="SUPERSEDED", reason="somebody else has set another size since", at=now)
    if look.resize_failed:
        reason = f"the volume does not grow: {look.resize_failed}"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    window, since = verification.window(receipt, settings), progress.window_started_at
    if since and look.at - since >= window:
        reason = f"the volume has had its new size for {(look.at - since).total_seconds():.0f} s"
        return Verdict(name="RECOVERED", reason=reason, at=now)
    if look.resize_waits.startswith("FileSystemResizePending") and look.at - receipt.sent_at >= window:
        reason = (
            "the volume is larger, its file system is not: it grows when a pod that mounts it starts again"
        )
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    return verification.out_of_time(progress, receipt, settings, now)


def _lacks(look: Observation, receipt: Receipt) -> str:
    if look.storage is not None and look.storage >= _wanted(receipt) and not look.resize_waits:
        return ""
    return f"the volume has not grown: {look.resize_waits or 'nothing says that it is being resized'}"


def _wanted(receipt: Receipt) -> float:
    return parse_quantity(str(receipt.call.args["to_size"]))
