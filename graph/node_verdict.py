"""Whether a node that was cordoned or uncordoned is well: Ready for a whole window, and still as we left it. Pure.

A cordon mends nothing. A node that stays NotReady is not recovered, however well the cordon holds: a person has to
mend it.
"""

from __future__ import annotations

from datetime import datetime

from graph import verification
from graph.policy import PolicySettings
from graph.state import Progress
from tools.records import Observation, Receipt, Verdict


def fold(progress: Progress, look: Observation, receipt: Receipt) -> Progress:
    """Add one look: since when it has been Ready without a break."""
    if look.error:
        return progress.model_copy(
            update={
                "looks": progress.looks + 1,
                "failed_looks": progress.failed_looks + 1,
                "last_error": look.error,
                "window_started_at": None,
            }
        )
    settled = look.node_ready and not look.pods_left
    since = (progress.window_started_at or look.at) if settled else None
    broken = progress.window_started_at is not None and since is None
    return progress.model_copy(
        update={
            "looks": progress.looks + 1,
            "failed_looks": 0,
            "last": look,
            "last_error": _in_the_way(look),
            "window_started_at": since,
            "resets": progress.resets + (1 if broken else 0),
        }
    )


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    look = progress.last
    if look is None or progress.failed_looks:
        return verification.out_of_time(progress, receipt, settings, now)
    cordoning = receipt.call.name != "uncordon_node"
    superseded = _superseded(look, receipt, cordoning)
    if superseded:
        return Verdict(name="SUPERSEDED", reason=superseded, at=now)
    window, since = verification.window(receipt, settings), progress.window_started_at
    if since and look.at - since >= window:
        state = "cordoned" if cordoning else "taking pods"
        reason = f"{state} as asked, and Ready for {(look.at - since).total_seconds():.0f} s"
        return Verdict(name="RECOVERED", reason=reason, at=now)
    if not look.node_ready and look.at - receipt.sent_at >= window:
        return Verdict(name="NOT_RECOVERED", reason=_still_ill(cordoning), at=now)
    return verification.out_of_time(progress, receipt, settings, now)


def _in_the_way(look: Observation) -> str:
    if not look.node_ready:
        return "the node is not Ready"
    return f"{look.pods_left} pods have still to go" if look.pods_left else ""


def _superseded(look: Observation, receipt: Receipt, cordoning: bool) -> str:
    if look.uid != receipt.target.uid:
        return "the node was removed or replaced"
    if cordoning and look.schedulable:
        return "somebody else has uncordoned the node since"
    if not cordoning and not look.schedulable:
        return "somebody else has cordoned the node since"
    return ""


def _still_ill(cordoning: bool) -> str:
    if cordoning:
        return "cordoned as asked, so that no new pod goes there; the node is still not Ready: mend or replace it"
    return "it takes pods as asked, but is not Ready: cordon it again or mend it"
