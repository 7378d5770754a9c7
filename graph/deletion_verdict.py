"""Whether what was deleted is gone, with all that it owned, and stays gone. Pure."""

from __future__ import annotations

from datetime import datetime

from graph import verification
from graph.policy import PolicySettings
from graph.state import Progress
from tools.records import Observation, Receipt, Verdict


def fold(progress: Progress, look: Observation, receipt: Receipt) -> Progress:
    """Add one look: since when it has been gone without a break."""
    failed = {"failed_looks": progress.failed_looks + 1, "last_error": look.error, "window_started_at": None}
    gone = bool(look.done) and not look.lingering
    seen = {
        "failed_looks": 0,
        "last": look,
        "last_error": "" if gone else f"{look.lingering} is still there",
        "window_started_at": (progress.window_started_at or look.at) if gone else None,
    }
    return progress.model_copy(update={"looks": progress.looks + 1, **(failed if look.error else seen)})


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    look = progress.last
    if look is None or progress.failed_looks:
        return verification.out_of_time(progress, receipt, settings, now)
    if look.uid != receipt.target.uid:
        reason = "it was deleted as asked, and somebody or something has made another one of that name"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    since = progress.window_started_at
    if since and look.at - since >= verification.window(receipt, settings):
        seconds = (look.at - since).total_seconds()
        return Verdict(name="RECOVERED", reason=f"gone with all of its pods for {seconds:.0f} s", at=now)
    return verification.out_of_time(progress, receipt, settings, now)
