"""Jobs and CronJobs: how they end, what a deletion takes along, and what a suspension holds back."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.contract.api_server import JSON_PATCH, MERGE_PATCH, ApiServer, Json, conditions

BATCH = "batch/v1"
EVERY_MINUTE = "* * * * *"


def _template(fault: str = "", **spec: Any) -> Json:
    labels = {"app": "task"} | ({"sim/fault": fault} if fault else {})
    pods = {"restartPolicy": "Never", "containers": [{"name": "web", "image": "shop/task:1"}], **spec}
    return {"metadata": {"labels": labels}, "spec": pods}


def _job(name: str = "task", fault: str = "", pods: Json | None = None, **spec: Any) -> Json:
    return {"metadata": {"name": name}, "spec": {"template": _template(fault, **(pods or {})), **spec}}


def _cron_job(name: str = "nightly", schedule: str = "0 3 * * *", **spec: Any) -> Json:
    job = {"spec": {"template": _template(), "backoffLimit": 0}}
    return {"metadata": {"name": name}, "spec": {"schedule": schedule, "jobTemplate": job, **spec}}


def _make(server: ApiServer, plural: str, body: Json) -> Json:
    answer = server.admin.post(server.path(plural, group=BATCH), body)
    assert answer.status == 201, answer.text
    return answer.json


def _jobs(server: ApiServer, name: str = "") -> str:
    return server.path("jobs", name, group=BATCH)


def _pods_of(server: ApiServer, job: Json) -> list[Json]:
    selector = f"batch.kubernetes.io/controller-uid={job['metadata']['uid']}"
    return server.admin.items(server.pods(), labelSelector=selector)


def _ended(server: ApiServer, how: str, name: str = "task") -> Json:
    def look() -> Json | None:
        found = server.read(_jobs(server, name))
        return found if conditions(found).get(how, {}).get("status") == "True" else None

    return server.wait_until(look, f"the condition {how}")


def test_a_job_that_succeeds_is_complete(server: ApiServer) -> None:
    """Conditions, counts, a pod that has Succeeded and belongs to it, selected by labels of its own."""
    job = _make(server, "jobs", _job())
    assert job["spec"]["selector"]["matchLabels"] == {
        "batch.kubernetes.io/controller-uid": job["metadata"]["uid"]
    }
    ended = _ended(server, "Complete")
    assert ended["status"]["succeeded"] == 1
    assert ended["status"]["completionTime"]
    assert conditions(ended)["SuccessCriteriaMet"]["reason"] == "CompletionsReached"
    (pod,) = _pods_of(server, job)
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["exitCode"], state["reason"]) == ("Succeeded", 0, "Completed")
    assert (conditions(pod)["Ready"]["status"], conditions(pod)["Ready"]["reason"]) == (
        "False",
        "PodCompleted",
    )
    (owner,) = pod["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Job", job["metadata"]["uid"], True)


def test_a_job_whose_pods_fail_has_failed(server: ApiServer) -> None:
    """No more tries than its backoffLimit; the pod stays, with its exit code and its log."""
    job = _make(server, "jobs", _job(fault="crashloop", backoffLimit=0))
    ended = _ended(server, "Failed")
    assert conditions(ended)["Failed"]["reason"] == "BackoffLimitExceeded"
    assert ended["status"]["failed"] == 1
    assert "succeeded" not in ended["status"]
    assert "completionTime" not in ended["status"]
    (pod,) = _pods_of(server, job)
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], state["exitCode"]) == ("Failed", 1)
    log = server.admin.get(server.pods(pod["metadata"]["name"], "log"), container="web")
    assert (log.status, "fatal" in log.text) == (200, True)
    selector = f"involvedObject.uid={job['metadata']['uid']}"
    events = server.admin.items(server.path("events"), fieldSelector=selector)
    assert {"SuccessfulCreate", "BackoffLimitExceeded"} <= {event["reason"] for event in events}


def test_a_job_that_lasts_too_long_has_failed(server: ApiServer) -> None:
    """DeadlineExceeded, and the pod that was still there is taken away."""
    job = _make(server, "jobs", _job(fault="imagepull", activeDeadlineSeconds=3))
    ended = _ended(server, "Failed")
    assert conditions(ended)["Failed"]["reason"] == "DeadlineExceeded"
    server.wait_until(lambda: not _pods_of(server, job), "the end of its pods")


@pytest.mark.parametrize("policy", ["Background", None])
def test_a_deletion_takes_the_pods_along_only_if_it_says_so(server: ApiServer, policy: str | None) -> None:
    """For batch/v1 the default is to leave them behind, without an owner."""
    job = _make(server, "jobs", _job())
    _ended(server, "Complete")
    (pod,) = _pods_of(server, job)
    options = {"preconditions": {"uid": job["metadata"]["uid"]}}
    body = {**options, "propagationPolicy": policy} if policy else options
    answer = server.admin.delete(_jobs(server, "task"), body)
    assert answer.status == 200, answer.text
    server.wait_until(lambda: server.admin.get(_jobs(server, "task")).status == 404, "the end of the Job")
    name = pod["metadata"]["name"]
    if policy:
        server.wait_until(lambda: server.admin.get(server.pods(name)).status == 404, "the end of its pod")
    else:
        server.wait_until(lambda: not server.read(server.pods(name))["metadata"].get("ownerReferences"))


def test_a_deletion_with_options_is_a_dry_run_only_if_the_options_say_so(server: ApiServer) -> None:
    """In the body it keeps the Job; in the query, beside a body, it counts for nothing: the Job is deleted."""
    job = _make(server, "jobs", _job(suspend=True))
    options = {"propagationPolicy": "Background", "preconditions": {"uid": job["metadata"]["uid"]}}
    path = _jobs(server, "task")
    assert server.admin.delete(path, {**options, "dryRun": ["All"]}).status == 200
    assert server.read(path)["metadata"]["uid"] == job["metadata"]["uid"]
    assert "deletionTimestamp" not in server.read(path)["metadata"]
    assert server.admin.delete(path, options, dryRun="All").status == 200
    server.wait_until(lambda: server.admin.get(path).status == 404, "the end of the Job")


@pytest.mark.parametrize("dry", [[], ["All"]])
def test_a_deletion_of_another_object_of_that_name_is_a_conflict(server: ApiServer, dry: list[str]) -> None:
    """409, as a dry run too, and the Job stays."""
    _make(server, "jobs", _job(suspend=True))
    wrong = {"preconditions": {"uid": "11111111-2222-3333-4444-555555555555"}, "dryRun": dry}
    answer = server.admin.delete(_jobs(server, "task"), wrong)
    assert (answer.status, answer.reason) == (409, "Conflict")
    assert "deletionTimestamp" not in server.read(_jobs(server, "task"))["metadata"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (_job(pods={"restartPolicy": "Always"}), "spec.template.spec.restartPolicy"),
        (_job(backoffLimit=-1), "spec.backoffLimit"),
        (_job(activeDeadlineSeconds=-1), "spec.activeDeadlineSeconds"),
        (_job(pods={"containers": []}), "spec.template.spec.containers"),
    ],
)
def test_a_job_that_cannot_be_is_refused(server: ApiServer, body: Json, field: str) -> None:
    """422, naming the field."""
    answer = server.admin.post(_jobs(server), body)
    assert answer.status == 422, answer.text
    assert field in {cause["field"] for cause in answer.json["details"]["causes"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (_cron_job(schedule="every day"), "spec.schedule"),
        (_cron_job(concurrencyPolicy="Never"), "spec.concurrencyPolicy"),
        (_cron_job(startingDeadlineSeconds=-1), "spec.startingDeadlineSeconds"),
        (_cron_job(name="b" * 53), "metadata.name"),
    ],
)
def test_a_cron_job_that_cannot_be_is_refused(server: ApiServer, body: Json, field: str) -> None:
    """422, naming the field."""
    answer = server.admin.post(server.path("cronjobs", group=BATCH), body)
    assert answer.status == 422, answer.text
    assert [cause["field"] for cause in answer.json["details"]["causes"]] == [field]


def test_what_a_job_runs_cannot_be_changed(server: ApiServer) -> None:
    """422: only another Job runs something else."""
    _make(server, "jobs", _job(suspend=True))
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop/task:2"}]
    answer = server.admin.patch(_jobs(server, "task"), change, JSON_PATCH)
    assert answer.status == 422
    assert [cause["field"] for cause in answer.json["details"]["causes"]] == ["spec.template"]


def test_suspending_a_cron_job_counts_as_a_change(server: ApiServer) -> None:
    """`suspend` is false unless it is set; each change is a generation; an annotation is none."""
    path = server.path("cronjobs", "nightly", group=BATCH)
    assert _make(server, "cronjobs", _cron_job())["spec"]["suspend"] is False
    suspended = server.admin.patch(path, {"spec": {"suspend": True}}, MERGE_PATCH)
    assert (suspended.status, suspended.json["spec"]["suspend"]) == (200, True)
    assert suspended.json["metadata"]["generation"] == 2
    noted = server.admin.patch(path, {"metadata": {"annotations": {"note": "x"}}}, MERGE_PATCH)
    assert noted.json["metadata"]["generation"] == 2
    resumed = server.admin.patch(path, {"spec": {"suspend": None}}, MERGE_PATCH)
    assert (resumed.json["spec"]["suspend"], resumed.json["metadata"]["generation"]) == (False, 3)


def test_a_run_that_was_missed_is_made_up_for_as_soon_as_a_cron_job_is_resumed(server: ApiServer) -> None:
    """Without startingDeadlineSeconds; nothing begins while it is suspended, and another keeps to its deadline."""
    _make(server, "cronjobs", _cron_job("late", EVERY_MINUTE, suspend=True))
    _make(server, "cronjobs", _cron_job("strict", EVERY_MINUTE, suspend=True, startingDeadlineSeconds=1))
    late, strict = (server.path("cronjobs", name, group=BATCH) for name in ("late", "strict"))
    made = server.read(late)["metadata"]["creationTimestamp"]
    server.wait_until(lambda: _past_the_next_minute(server, made), "the next minute", seconds=100)
    assert server.admin.items(_jobs(server)) == []
    for path in (strict, late):
        assert server.admin.patch(path, {"spec": {"suspend": False}}, MERGE_PATCH).status == 200
    server.wait_until(lambda: server.admin.items(_jobs(server)), "the run that was missed", seconds=10)
    (job,) = server.admin.items(_jobs(server))
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("CronJob", "late")
    scheduled = job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert scheduled < job["metadata"]["creationTimestamp"]
    assert server.read(late)["status"]["lastScheduleTime"] == scheduled


def _past_the_next_minute(server: ApiServer, made: str) -> bool:
    """By the server's own clock, some seconds into a minute after `made`, and not near its end."""
    probe = {"metadata": {"generateName": "clock-"}, "data": {}}
    answer = server.admin.post(server.configmaps(), probe, dryRun="All")
    now = answer.json["metadata"]["creationTimestamp"]
    time.sleep(0.1)
    return bool(now[:16] > made[:16] and 5 <= int(now[17:19]) < 30)
