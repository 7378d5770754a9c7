"""CronJobs on the virtual clock: runs, what is kept of them, and what runs side by side."""

from __future__ import annotations

from typing import Any

from tests.tools.shop import NAMESPACE
from tools.cluster import JsonObject
from tools.sandbox import Sandbox


def cron_job(**spec: Any) -> JsonObject:
    pods = {"restartPolicy": "Never", "containers": [{"name": "task", "image": "registry.example/task:1"}]}
    job = {
        "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": {"app": "nightly"}}, "spec": pods}}
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": NAMESPACE},
        "spec": {"schedule": "*/10 * * * *", "jobTemplate": job, **spec},
    }


def ended(sandbox: Sandbox) -> dict[str, list[str]]:
    """Names of its Jobs by how they ended."""
    found: dict[str, list[str]] = {}
    for job in sandbox.list("Job", NAMESPACE):
        held = [each["type"] for each in job["status"].get("conditions", [])]
        how = next((kind for kind in ("Complete", "Failed") if kind in held), "running")
        found.setdefault(how, []).append(job["metadata"]["name"])
    return found


def test_a_run_begins_at_each_instant_and_three_that_succeeded_are_kept(sandbox: Sandbox) -> None:
    """Older ones go, and their pods with them."""
    sandbox.apply(cron_job())
    sandbox.settle(55 * 60)
    assert len(ended(sandbox)["Complete"]) == 3
    assert len(sandbox.list("Pod", NAMESPACE)) == 3
    status = sandbox.list("CronJob", NAMESPACE)[0]["status"]
    assert status["lastScheduleTime"] == "2026-01-05T12:50:00Z"
    assert status["lastSuccessfulTime"] > status["lastScheduleTime"]


def test_of_runs_that_failed_only_the_last_is_kept(sandbox: Sandbox) -> None:
    """By default; a fault is told by the name of the CronJob."""
    sandbox.apply(cron_job())
    sandbox.fault(NAMESPACE, "nightly", "crashloop", exit_code=3)
    sandbox.settle(45 * 60)
    assert ended(sandbox) == {"Failed": ["nightly-29460280"]}
    (pod,) = sandbox.list("Pod", NAMESPACE)
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    assert "lastSuccessfulTime" not in sandbox.list("CronJob", NAMESPACE)[0]["status"]


def test_runs_pile_up_unless_it_is_forbidden(sandbox: Sandbox) -> None:
    """Jobs that never end: one each time, or one in all."""
    sandbox.apply(cron_job())
    sandbox.fault(NAMESPACE, "nightly", "imagepull")
    sandbox.settle(35 * 60)
    assert len(ended(sandbox)["running"]) == 3
    sandbox.apply(cron_job(concurrencyPolicy="Forbid"))
    sandbox.settle(35 * 60)
    assert len(ended(sandbox)["running"]) == 3
    assert len(sandbox.list("CronJob", NAMESPACE)[0]["status"]["active"]) == 3
