"""The CronJob controller: a Job for each instant of the schedule, and no more finished ones than it may keep.

A run that was missed is made up for as soon as that is possible, the newest one only, unless it is older than
`startingDeadlineSeconds`: so a CronJob that is resumed starts at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.jobs import finished, reference_to
from tools.sandbox.controllers.watching import watch
from tools.sandbox.defaults import apply_defaults
from tools.sandbox.schedules import Schedule
from tools.sandbox.values import copied, instant, parse_instant
from tools.sandbox.world import World

KIND = kinds.CRONJOB
_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


class CronJobController:
    """Starts and clears away Jobs."""

    def __init__(self, world: World) -> None:
        self._world = world
        watch(world, KIND, kinds.JOB, self._enqueue)

    def _enqueue(self, namespace: str, name: str) -> None:
        self._world.engine.enqueue(("cronjob", namespace, name), lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """Start the run that is due, forget what is too old to be kept, and write the status."""
        cron_job = self._world.store.get(KIND, namespace, name)
        if cron_job is None or "deletionTimestamp" in cron_job["metadata"]:
            return
        jobs = self._jobs(cron_job)
        for job in self._too_many(cron_job, jobs):
            self._world.remove(kinds.JOB, job)
        scheduled = None if cron_job["spec"].get("suspend") else self._start(cron_job, jobs)
        self._write_status(cron_job, scheduled)

    def _start(self, cron_job: JsonObject, jobs: list[JsonObject]) -> datetime | None:
        """Start what is due and set the timer for what is next. The instant that was due, if any was started."""
        spec, now = cron_job["spec"], self._world.now()
        schedule = Schedule(spec["schedule"])
        namespace, name = cron_job["metadata"]["namespace"], cron_job["metadata"]["name"]
        following = schedule.next(now)
        if following:
            key = ("cronjob", cron_job["metadata"]["uid"])
            self._world.engine.at(following, key, lambda: self.sync(namespace, name))
        due = schedule.last(self._since(cron_job), now)
        going = [job for job in jobs if not finished(job)]
        if due is None or (going and spec["concurrencyPolicy"] == "Forbid"):
            return None
        if spec["concurrencyPolicy"] == "Replace":
            for job in going:
                self._world.remove(kinds.JOB, job)
        self._create(cron_job, due)
        return due

    def _since(self, cron_job: JsonObject) -> datetime:
        """What was due before this is past."""
        last = (cron_job.get("status") or {}).get("lastScheduleTime")
        since = parse_instant(last or cron_job["metadata"]["creationTimestamp"])
        deadline = cron_job["spec"].get("startingDeadlineSeconds")
        if deadline is None:
            return since
        return max(since, self._world.now() - timedelta(seconds=deadline))

    def _create(self, cron_job: JsonObject, due: datetime) -> None:
        template, metadata = copied(cron_job["spec"]["jobTemplate"]), cron_job["metadata"]
        made = template.get("metadata") or {}
        name = f"{metadata['name']}-{int(due.timestamp()) // 60}"
        if self._world.store.get(kinds.JOB, metadata["namespace"], name):
            return
        job_metadata = {
            **made,
            "name": name,
            "namespace": metadata["namespace"],
            "annotations": {**(made.get("annotations") or {}), _SCHEDULED: instant(due)},
            "ownerReferences": [reference_to(KIND, cron_job)],
        }
        job = {"metadata": job_metadata, "spec": template["spec"], "status": {}}
        apply_defaults(kinds.JOB, job)
        self._world.create(kinds.JOB, job)
        text = f"Created job {name}"
        self._world.events.record(
            KIND, cron_job, "Normal", "SuccessfulCreate", text, component="cronjob-controller"
        )

    def _too_many(self, cron_job: JsonObject, jobs: list[JsonObject]) -> list[JsonObject]:
        limits = {"Complete": "successfulJobsHistoryLimit", "Failed": "failedJobsHistoryLimit"}
        found: list[JsonObject] = []
        for outcome, limit in limits.items():
            ended = sorted((job for job in jobs if finished(job) == outcome), key=_started)
            found += ended[: max(0, len(ended) - int(cron_job["spec"][limit]))]
        return found

    def _jobs(self, cron_job: JsonObject) -> list[JsonObject]:
        owned = self._world.store.owned_by(cron_job["metadata"]["uid"])
        return [job for kind, job in owned if kind is kinds.JOB]

    def _write_status(self, cron_job: JsonObject, scheduled: datetime | None) -> None:
        before: JsonObject = cron_job.get("status") or {}
        jobs = self._jobs(cron_job)
        going = [
            {"kind": "Job", "apiVersion": "batch/v1", **_named(job["metadata"])}
            for job in jobs
            if not finished(job)
        ]
        ended = [job["status"]["completionTime"] for job in jobs if finished(job) == "Complete"]
        kept = ("lastScheduleTime", "lastSuccessfulTime")
        status: JsonObject = {key: before[key] for key in kept if key in before}
        if going:
            status["active"] = going
        if scheduled:
            status["lastScheduleTime"] = instant(scheduled)
        if ended:
            status["lastSuccessfulTime"] = max(*ended, status.get("lastSuccessfulTime", ""))
        self._world.set_status(KIND, cron_job, status)


def _named(metadata: JsonObject) -> JsonObject:
    return {key: metadata[key] for key in ("name", "namespace", "uid")}


def _started(job: JsonObject) -> str:
    return str((job.get("status") or {}).get("startTime", ""))
