"""The Job controller: pods until enough have succeeded or too many have failed, and then a condition that says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.admission import fill
from tools.sandbox.controllers.podview import active, ready, restarts
from tools.sandbox.controllers.progress import condition
from tools.sandbox.controllers.watching import watch
from tools.sandbox.values import copied, instant, parse_instant
from tools.sandbox.world import World

KIND = kinds.JOB
_BACKOFF = timedelta(seconds=10)
_LONGEST = timedelta(seconds=600)
_REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")
_BACKED_OFF = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_LATE = ("DeadlineExceeded", "Job was active longer than specified deadline")


class JobController:
    """Runs Jobs without indexes, success policies or pod failure policies."""

    def __init__(self, world: World) -> None:
        self._world = world
        watch(world, KIND, kinds.POD, self._enqueue)

    def _enqueue(self, namespace: str, name: str) -> None:
        self._world.engine.enqueue(("job", namespace, name), lambda: self.sync(namespace, name))

    def sync(self, namespace: str, name: str) -> None:
        """Start, end, or finish what is due."""
        job = self._world.store.get(KIND, namespace, name)
        if job is None or "deletionTimestamp" in job["metadata"] or finished(job):
            return
        pods = self._pods(job)
        if job["spec"].get("suspend"):
            self._end(job, pods)
        else:
            pods = self._run(job, pods)
        self._write_status(job, pods)

    def _run(self, job: JsonObject, pods: list[JsonObject]) -> list[JsonObject]:
        """One look at a Job that may run: its pods afterwards."""
        ending = self._ending(job, pods)
        if ending:
            self._finish(job, pods, *ending)
            return self._pods(job)
        spec, going = job["spec"], [pod for pod in pods if active(pod)]
        missing = min(spec["parallelism"], spec["completions"] - _count(pods, "Succeeded")) - len(going)
        due = self._may_start_at(pods)
        if missing > 0 and due <= self._world.now():
            return [*pods, *(self._create(job) for _ in range(missing))]
        if missing > 0:
            self._at(job, "retry", due)
        return pods

    def _ending(self, job: JsonObject, pods: list[JsonObject]) -> tuple[str, tuple[str, str]] | None:
        """The condition with which it ends now, if it does."""
        spec = job["spec"]
        again = sum(restarts(pod) for pod in pods if active(pod))
        if _count(pods, "Failed") > spec["backoffLimit"] or again > max(0, spec["backoffLimit"] - 1):
            return "Failed", _BACKED_OFF
        if _count(pods, "Succeeded") >= spec["completions"]:
            return "Complete", _REACHED
        seconds, started = spec.get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
        if seconds is None:
            return None
        due = parse_instant(started) + timedelta(seconds=seconds) if started else None
        if due and due <= self._world.now():
            return "Failed", _LATE
        self._at(job, "deadline", due or self._world.now() + timedelta(seconds=seconds))
        return None

    def _finish(self, job: JsonObject, pods: list[JsonObject], kind: str, why: tuple[str, str]) -> None:
        self._end(job, pods)
        reason, text = why
        before = "FailureTarget" if kind == "Failed" else "SuccessCriteriaMet"
        now = instant(self._world.now())
        times = {"lastProbeTime": now, "lastTransitionTime": now, "reason": reason, "message": text}
        conditions = [{"type": each, "status": "True", **times} for each in (before, kind)]
        status = {**(job.get("status") or {}), "conditions": conditions}
        if kind == "Complete":
            status["completionTime"] = now
            self._event(job, "Normal", "Completed", "Job completed")
        else:
            self._event(job, "Warning", reason, text)
        self._world.set_status(KIND, job, status)

    def _may_start_at(self, pods: list[JsonObject]) -> datetime:
        """At once, or some time after the newest failure: ten seconds, doubled with each."""
        ends = sorted(_ended(pod) for pod in pods if pod["status"].get("phase") == "Failed")
        if not ends:
            return self._world.now()
        pause: timedelta = _BACKOFF * 2 ** (len(ends) - 1)
        return ends[-1] + min(pause, _LONGEST)

    def _at(self, job: JsonObject, what: str, due: datetime) -> None:
        namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
        self._world.engine.at(due, ("job", what, job["metadata"]["uid"]), lambda: self.sync(namespace, name))

    def _pods(self, job: JsonObject) -> list[JsonObject]:
        owned = self._world.store.owned_by(job["metadata"]["uid"])
        return [pod for kind, pod in owned if kind is kinds.POD]

    def _create(self, job: JsonObject) -> JsonObject:
        template, metadata = copied(job["spec"]["template"]), job["metadata"]
        pod_metadata = {
            **template.get("metadata", {}),
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "ownerReferences": [reference_to(KIND, job)],
        }
        pod = {"metadata": pod_metadata, "spec": template["spec"]}
        fill(self._world, pod)
        created = self._world.create_pod(pod)
        self._event(job, "Normal", "SuccessfulCreate", f"Created pod: {created['metadata']['name']}")
        return created

    def _end(self, job: JsonObject, pods: list[JsonObject]) -> None:
        for pod in pods:
            if active(pod):
                self._world.delete_pod(pod)
                self._event(job, "Normal", "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _event(self, job: JsonObject, type_: str, reason: str, text: str) -> None:
        self._world.events.record(KIND, job, type_, reason, text, component="job-controller")

    def _write_status(self, job: JsonObject, pods: list[JsonObject]) -> None:
        fresh = self._world.store.get(KIND, job["metadata"]["namespace"], job["metadata"]["name"])
        if fresh is None:
            return
        before: JsonObject = fresh.get("status") or {}
        counts = {
            "active": sum(active(pod) for pod in pods),
            "succeeded": _count(pods, "Succeeded"),
            "failed": _count(pods, "Failed") + sum("deletionTimestamp" in p["metadata"] for p in pods),
        }
        kept: JsonObject = {
            key: before[key] for key in ("conditions", "completionTime", "startTime") if key in before
        }
        status: JsonObject = {
            **kept,
            **{key: value for key, value in counts.items() if value},
            "ready": sum(ready(pod) for pod in pods),
            "terminating": 0,
            "uncountedTerminatedPods": {},
        }
        if not job["spec"].get("suspend"):
            status.setdefault("startTime", instant(self._world.now()))
        self._world.set_status(KIND, fresh, status)


def finished(job: JsonObject) -> str:
    """`Complete` or `Failed`, or empty while it may go on."""
    held = (condition(job.get("status") or {}, kind) for kind in ("Complete", "Failed"))
    return next((str(found["type"]) for found in held if found and found["status"] == "True"), "")


def reference_to(kind: kinds.Kind, owner: JsonObject) -> JsonObject:
    """The ownerReference of what a controller makes."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _count(pods: list[JsonObject], phase: str) -> int:
    return sum((pod.get("status") or {}).get("phase") == phase for pod in pods)


def _ended(pod: JsonObject) -> datetime:
    statuses = pod["status"].get("containerStatuses") or []
    ends = [
        entry["state"]["terminated"]["finishedAt"] for entry in statuses if "terminated" in entry["state"]
    ]
    return parse_instant(max(ends)) if ends else parse_instant(pod["metadata"]["creationTimestamp"])
