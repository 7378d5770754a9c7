"""Facts out of Jobs and CronJobs: pure but for the one list of Jobs, tolerant of absent fields."""

from __future__ import annotations

from typing import Literal

from tools.cluster import ClusterReader
from tools.excerpts import message
from tools.objects import condition, controller, created, instant, metadata, name, owned_by, uid
from tools.records import CronJobFacts, JobFacts
from tools.resources import JOBS, SUSPENDED_BY, JsonObject, JsonObjects

Ended = Literal["", "complete", "failed"]


def ended(job: JsonObject) -> Ended:
    """How it ended, by its conditions; empty while it runs or waits."""
    if condition(job, "Failed").get("status") == "True":
        return "failed"
    return "complete" if condition(job, "Complete").get("status") == "True" else ""


def job_facts(job: JsonObject) -> JobFacts:
    """What rules read of a Job."""
    spec, status, owner = job.get("spec") or {}, job.get("status") or {}, controller(job) or {}
    outcome = ended(job)
    came = condition(job, "Failed" if outcome == "failed" else "Complete")
    text = f"{came.get('reason') or ''}: {came.get('message') or ''}".strip(": ") if outcome else ""
    limit = spec.get("backoffLimit")
    group = str(owner.get("apiVersion", "")).rpartition("/")[0]
    kind = str(owner.get("kind", ""))
    return JobFacts(
        name=name(job),
        uid=uid(job),
        created_at=created(job),
        ended_at=instant(came.get("lastTransitionTime")) if outcome else None,
        outcome=outcome,
        reason=message(text) if outcome == "failed" else "",
        tries_failed=int(status.get("failed") or 0),
        backoff_limit=6 if limit is None else int(limit),
        active=int(status.get("active") or 0),
        suspended=bool(spec.get("suspend")),
        owner_kind=kind if group in ("", "batch", "apps") else f"{kind}.{group}",
        owner_name=str(owner.get("name", "")),
        owner_uid=str(owner.get("uid", "")),
    )


def cron_job_facts(item: JsonObject) -> CronJobFacts:
    """What rules read of a CronJob."""
    spec, status = item.get("spec") or {}, item.get("status") or {}
    deadline = spec.get("startingDeadlineSeconds")
    marks = metadata(item).get("annotations") or {}
    suspended = bool(spec.get("suspend"))
    return CronJobFacts(
        name=name(item),
        uid=uid(item),
        schedule=str(spec.get("schedule") or ""),
        suspended=suspended,
        suspended_by=str(marks.get(SUSPENDED_BY, "")) if suspended else "",
        starting_deadline_seconds=None if deadline is None else int(deadline),
        concurrency=str(spec.get("concurrencyPolicy") or "Allow"),
        last_schedule_at=instant(status.get("lastScheduleTime")),
        last_success_at=instant(status.get("lastSuccessfulTime")),
    )


def jobs_of(cluster: ClusterReader, namespace: str, owner_uid: str) -> JsonObjects:
    """The Jobs that this CronJob controls, oldest first. Raises ToolError."""
    return of_owner(cluster.list(JOBS, namespace), owner_uid)


def of_owner(jobs: JsonObjects, owner_uid: str) -> JsonObjects:
    """Those of the Jobs that this CronJob controls, oldest first."""
    return sorted((job for job in jobs if owned_by(job, owner_uid)), key=created)
