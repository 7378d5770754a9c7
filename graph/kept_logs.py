"""Whether what a Job's pods printed is kept with the incident: it goes with them. Pure."""

from __future__ import annotations

from tools.records import Evidence


def logs_are_kept(evidence: Evidence, job_uid: str) -> bool:
    """The evidence is of this Job and what its pods printed was read; where no pod is left there is nothing to lose."""
    if evidence.job is None or evidence.job.uid != job_uid:
        return False
    if any(evidence.unread(kind) for kind in ("pods", "logs", "previous_logs")):
        return False
    read = [item for item in evidence.items if item.kind == "logs" and item.status in ("found", "no_data")]
    return bool(read) or not evidence.pods
