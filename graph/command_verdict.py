"""What can be said of a command that was run: its exit status, and how the workload is. Pure.

An exit status of 0 is the program's own word and no success of the incident: only a workload that was ill before and
holds well afterwards has recovered. Where it was well all along, nothing of the cluster tells whether the command did
what it was for.
"""

from __future__ import annotations

from datetime import datetime

from graph import verification
from graph.policy import PolicySettings
from graph.state import Progress
from tools.records import Observation, Receipt, Verdict

GOOD = ("RECOVERED", "PROVISIONAL")


def judge(progress: Progress, receipt: Receipt, settings: PolicySettings, now: datetime) -> Verdict | None:
    """The verdict, or None: look again."""
    if receipt.outcome == "unknown":
        return Verdict(name="INCONCLUSIVE", reason=f"never run again: {receipt.message}", at=now)
    verdict = verification.judge(progress, receipt, settings, now)
    if verdict and verdict.name == "REGRESSED":
        return verdict
    if receipt.exit_code != 0:
        reason = f"the command failed: it ended with exit status {receipt.exit_code}"
        return Verdict(name="NOT_RECOVERED", reason=reason, at=now)
    if verdict is None or verdict.name not in GOOD:
        return verdict
    if receipt.before is None or _was_well(receipt.before):
        reason = (
            "the command ended with exit status 0, and the workload is as well as it was before: only what it "
            "printed can tell whether it did what it was for"
        )
        return Verdict(name="INCONCLUSIVE", reason=reason, at=now)
    return verdict


def _was_well(before: Observation) -> bool:
    return sum(pod.ready for pod in before.pods) >= before.desired
