"""Evidence about a Job or a CronJob: the run that the alerts are about, and the runs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.gathering import Gathered
from tools.items import Items, when
from tools.job_facts import cron_job_facts, job_facts
from tools.naming import naming
from tools.records import Alert, CronJobFacts, JobFacts, Target
from tools.resources import CRONJOBS, JOBS

SHOWN = 20
_OUTCOMES = {"": "has not ended", "complete": "succeeded", "failed": "failed"}


@dataclass(frozen=True)
class Runs:
    """What was read, as facts."""

    cron_job: CronJobFacts | None = None
    job: JobFacts | None = None
    runs: tuple[JobFacts, ...] = ()


def named_jobs(alerts: Sequence[Alert]) -> list[str]:
    """Names of the Jobs that the alerts are about."""
    named = (naming(alert.labels).workloads.get(JOBS, "") for alert in alerts)
    return [name for name in named if name]


def add_runs(items: Items, target: Target, gathered: Gathered) -> Runs:
    """The items and facts of a Job or a CronJob; none for other kinds."""
    if target.kind not in (JOBS.kind, CRONJOBS.kind) or not gathered.workload.values:
        return Runs()
    job = job_facts(gathered.job) if gathered.job else None
    if job:
        items.add("job", "found", _query(target, gathered, job), job_words(job))
    if target.kind == JOBS.kind:
        return Runs(job=job)
    runs = tuple(job_facts(item) for item in gathered.jobs.values)
    found = gathered.jobs
    if runs:
        lines = [f"{job_words(run)}, began {when(run.created_at)}" for run in runs[-SHOWN:]]
        items.add("runs", "found", found.query, _counted(runs), "\n".join(lines))
    else:
        status = "no_data" if found.status == "found" else found.status
        items.add("runs", status, found.query, found.why or "it has no Jobs")
    return Runs(cron_job_facts(gathered.workload.values[0]), job, runs)


def job_words(job: JobFacts) -> str:
    """One line about a Job."""
    why = f" ({job.reason})" if job.reason else ""
    tries = f"{job.tries_failed} failed tries, backoffLimit {job.backoff_limit}"
    return f"Job {job.name} {_OUTCOMES[job.outcome]}{why}: {tries}"


def _query(target: Target, gathered: Gathered, job: JobFacts) -> str:
    return gathered.workload.query if target.kind == JOBS.kind else f"{gathered.jobs.query}, {job.name}"


def _counted(runs: Sequence[JobFacts]) -> str:
    counts = {key: sum(run.outcome == key for run in runs) for key in _OUTCOMES}
    return f"{len(runs)} Jobs: {counts['complete']} succeeded, {counts['failed']} failed, {counts['']} have not ended"
