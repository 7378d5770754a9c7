"""What is read about CronJobs, Jobs and PersistentVolumeClaims; and that what may not be read is said, not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.sandbox.test_cron_jobs import cron_job
from tests.tools.sandbox.test_volumes import claim
from tests.tools.shop import NAMESPACE, Remembered, alert, connect, grant
from tools import evidence
from tools.cluster import KubernetesCluster
from tools.records import Evidence, RbacRule
from tools.sandbox import Sandbox
from tools.targets import RULES, resolve


def read(sandbox: Sandbox, cluster: KubernetesCluster, **labels: str) -> Evidence:
    """From the alert's labels to the evidence."""
    fired = alert(sandbox.clock.now(), namespace=NAMESPACE, **labels)
    found = resolve(cluster, [fired])
    assert found.target is not None, found.reason
    return evidence.collect(
        cluster, found.target, revisions=Remembered(), clock=sandbox.clock, alerts=[fired]
    )


def without(sandbox: Sandbox, folder: Path, resource: str, verb: str) -> KubernetesCluster:
    """An account with the reader's rights but this one."""
    rules = [
        RbacRule(
            group=rule.group,
            resource=rule.resource,
            verbs=tuple(v for v in rule.verbs if (rule.resource, v) != (resource, verb)),
        )
        for rule in (*evidence.RULES, *RULES)
    ]
    return connect(sandbox, folder, grant(sandbox, "narrow", [rule for rule in rules if rule.verbs]))


@pytest.fixture
def failed(sandbox: Sandbox) -> str:
    """A run that failed, and one after it that succeeded; the name of the first."""
    sandbox.apply(cron_job())
    sandbox.fault(NAMESPACE, "nightly", "crashloop", exit_code=3, log_lines=("fatal: no rates",))
    sandbox.settle(11 * 60)
    sandbox.clear_faults()
    sandbox.settle(10 * 60)
    return str(sandbox.list("Job", NAMESPACE)[0]["metadata"]["name"])


def test_a_failed_run_is_read_with_its_pods_its_logs_and_the_runs_beside_it(
    sandbox: Sandbox, cluster: KubernetesCluster, failed: str
) -> None:
    """Of the CronJob, from an alert that names the Job; events on the Job are among it."""
    found = read(sandbox, cluster, job_name=failed)
    assert found.cron_job is not None
    assert found.job is not None
    assert (found.cron_job.name, found.job.name, found.job.outcome) == ("nightly", failed, "failed")
    assert (found.job.tries_failed, found.job.backoff_limit) == (1, 0)
    assert [run.outcome for run in found.runs] == ["failed", "complete"]
    assert [pod.containers[0].exit_code for pod in found.pods] == [3]
    assert any("fatal: no rates" in item.excerpt for item in found.items if item.kind == "logs")
    assert "BackoffLimitExceeded" in {event.reason for event in found.events}


def test_runs_that_may_not_be_listed_are_missing(sandbox: Sandbox, tmp_path: Path, failed: str) -> None:
    """Nothing follows from there being none."""
    found = read(sandbox, without(sandbox, tmp_path, "jobs", "list"), job_name=failed)
    assert found.unread("runs")
    assert (found.runs, found.job) == ((), None)


def test_logs_that_may_not_be_read_are_missing(sandbox: Sandbox, tmp_path: Path, failed: str) -> None:
    """So that the Job is not deleted with them."""
    found = read(sandbox, without(sandbox, tmp_path, "pods/log", "get"), job_name=failed)
    assert found.job is not None
    assert found.unread("logs")


def test_a_claim_is_read_with_its_class(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Without a Prometheus nobody tells how full it is, which is absent and not missing."""
    claim(sandbox)
    volume = read(sandbox, cluster, persistentvolumeclaim="data").volume
    assert volume is not None
    assert (volume.asked_text, volume.capacity, volume.expandable, volume.used) == (
        "10Gi",
        10 * 1024.0**3,
        True,
        None,
    )


def test_a_class_that_may_not_be_read_is_not_taken_for_one_that_lets_volumes_grow(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """None: unknown."""
    claim(sandbox)
    found = read(sandbox, without(sandbox, tmp_path, "storageclasses", "get"), persistentvolumeclaim="data")
    assert found.volume is not None
    assert found.volume.expandable is None
    assert found.unread("storage_class")
