"""A Job and its runs in words: how its containers ended, when a run last succeeded, how long runs take."""

from __future__ import annotations

from graph import counted
from graph.ages import lasting, since
from graph.crash_words import end_code
from graph.said import said
from graph.symptoms import life_seconds
from tools.excerpts import message, quote
from tools.records import ContainerFacts, Evidence, JobFacts


def took(evidence: Evidence) -> str:
    """`9 min`, `2 s to 40 s`: how long the runs took that succeeded; empty: none did, or none is left."""
    lengths = [
        (run.ended_at - run.created_at).total_seconds()
        for run in evidence.runs
        if run.outcome == "complete" and run.ended_at
    ]
    if not lengths:
        return ""
    least, most = lasting(min(lengths)), lasting(max(lengths))
    return least if least == most else f"{least} to {most}"


def ended(evidence: Evidence) -> str:
    """How its container ended and what it said; a log is quoted as that (R8.2)."""
    container = next(
        (c for pod in evidence.pods for c in pod.containers if c.exit_code not in (None, 0)), None
    )
    if container is None:
        return ""
    line = said(evidence, container=container.name)
    return f"; {container.name}: {end_code(container)}" + (f", says {quote(line)}" if line else "")


def reason(job: JobFacts) -> list[str]:
    """The condition's own words, where they say more than that its tries are used up."""
    if not job.reason or job.reason.startswith("BackoffLimitExceeded"):
        return []
    return [f"{job.name}: {quote(message(job.reason, 160))}"]


def exits(evidence: Evidence) -> list[str]:
    """How the containers of its pods ended, each way once, with how long they lived."""
    ends: dict[str, list[ContainerFacts]] = {}
    for container in (c for pod in evidence.pods for c in pod.containers if c.exit_code not in (None, 0)):
        ends.setdefault(f"{container.name}: {end_code(container)}", []).append(container)
    return [
        f"{how}{_lived(found)}, in {counted.times(len(found), 'pod')}" for how, found in sorted(ends.items())
    ][:3]


def _lived(found: list[ContainerFacts]) -> str:
    lives = [life for container in found if (life := life_seconds(container)) is not None]
    if not lives:
        return ""
    least, most = lasting(min(lives)), lasting(max(lives))
    return f" after {least}" if least == most else f" after {least} to {most}"


def last_success(evidence: Evidence) -> list[str]:
    """When a run of its CronJob last succeeded."""
    cron_job = evidence.cron_job
    if cron_job is None:
        return []
    at = cron_job.last_success_at
    return [f"last success of CronJob {cron_job.name}: {since(at, evidence.collected_at) if at else 'never'}"]
