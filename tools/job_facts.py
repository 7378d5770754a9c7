"""Facts out of Jobs and CronJobs: pure but for the one list of Jobs, tolerant of absent fields."""

from __future__ import annotations

from typing import Literal

from tools.cluster import ClusterReader
from tools.objects import condition, created, owned_by
from tools.resources import JOBS, JsonObject, JsonObjects

Ended = Literal["", "complete", "failed"]


def ended(job: JsonObject) -> Ended:
    """How it ended, by its conditions; empty while it runs or waits."""
    if condition(job, "Failed").get("status") == "True":
        return "failed"
    return "complete" if condition(job, "Complete").get("status") == "True" else ""


def jobs_of(cluster: ClusterReader, namespace: str, owner_uid: str) -> JsonObjects:
    """The Jobs that this CronJob controls, oldest first. Raises ToolError."""
    return of_owner(cluster.list(JOBS, namespace), owner_uid)


def of_owner(jobs: JsonObjects, owner_uid: str) -> JsonObjects:
    """Those of the Jobs that this CronJob controls, oldest first."""
    return sorted((job for job in jobs if owned_by(job, owner_uid)), key=created)
