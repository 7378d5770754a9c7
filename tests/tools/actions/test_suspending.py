"""Suspend and resume a CronJob: our own mark, what starts at once, and what is never touched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.sandbox.test_cron_jobs import cron_job
from tests.tools.shop import NAMESPACE, START
from tools.actions.resume_cronjob import ACTION as RESUME
from tools.actions.resume_cronjob import ResumeCronJob
from tools.actions.suspend_cronjob import ACTION as SUSPEND
from tools.actions.suspend_cronjob import SuspendCronJob
from tools.cluster import CRONJOBS, KubernetesCluster
from tools.errors import Conflict, Refused
from tools.records import Receipt
from tools.resources import STAMP, SUSPENDED_BY
from tools.sandbox import Sandbox


class Night:
    """A CronJob that runs every ten minutes, and what is done to it."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster) -> None:
        self.sandbox, self.cluster = sandbox, cluster
        sandbox.apply(cron_job())
        self.named = {"namespace": NAMESPACE, "name": "nightly", "uid": self.live()["metadata"]["uid"]}

    def live(self) -> dict[str, Any]:
        return self.cluster.get(CRONJOBS, NAMESPACE, "nightly")

    def patch(self, **metadata_or_spec: Any) -> None:
        """Somebody else changes it."""
        self.cluster.patch(CRONJOBS, NAMESPACE, "nightly", metadata_or_spec, patch_type="merge")

    def suspend(self, key: str = "k1") -> Receipt:
        args = SuspendCronJob(**self.named)
        return SUSPEND.execute(self.cluster, args, key=key, at=START, dry_run=False)

    def resume(self, key: str = "k2") -> Receipt:
        return RESUME.execute(self.cluster, ResumeCronJob(**self.named), key=key, at=START, dry_run=False)


@pytest.fixture
def night(sandbox: Sandbox, cluster: KubernetesCluster) -> Night:
    """It has not run yet."""
    return Night(sandbox, cluster)


def test_a_suspension_leaves_our_mark_beside_other_annotations(night: Night) -> None:
    """And the resumption takes it away."""
    night.patch(metadata={"annotations": {"example.org/team": "a"}})
    night.suspend()
    marks = {"example.org/team": "a", STAMP: "k1", SUSPENDED_BY: "k1"}
    assert (night.live()["spec"]["suspend"], night.live()["metadata"]["annotations"]) == (True, marks)
    night.resume()
    left = {"example.org/team": "a", STAMP: "k2"}
    assert (night.live()["spec"]["suspend"], night.live()["metadata"]["annotations"]) == (False, left)


def test_nothing_begins_meanwhile_and_what_was_missed_begins_at_once(night: Night) -> None:
    """One run, for the newest instant that was missed; both previews say so."""
    night.suspend()
    night.sandbox.settle(35 * 60)
    assert night.sandbox.list("Job", NAMESPACE) == []
    shown = RESUME.preview(night.cluster, ResumeCronJob(**night.named))
    assert "a run that was missed meanwhile is started at once" in shown.notes[0]
    night.resume()
    night.sandbox.settle(5)
    assert len(night.sandbox.list("Job", NAMESPACE)) == 1


def test_the_undo_of_a_suspension_says_what_it_starts(night: Night) -> None:
    """With a deadline only what is not older than that."""
    args = SuspendCronJob(**night.named)
    assert "a run that was missed meanwhile is started at once" in SUSPEND.preview(night.cluster, args).undo
    night.patch(spec={"startingDeadlineSeconds": 90})
    assert "missed in the last 90 s is started at once" in SUSPEND.preview(night.cluster, args).undo


def test_a_job_that_runs_goes_on(night: Night) -> None:
    """It is not ended by the suspension."""
    night.sandbox.fault(NAMESPACE, "nightly", "imagepull")
    night.sandbox.settle(11 * 60)
    night.suspend()
    night.sandbox.clear_faults()
    night.sandbox.settle(10 * 60)
    (job,) = night.sandbox.list("Job", NAMESPACE)
    assert job["status"]["succeeded"] == 1


def test_somebody_elses_suspension_is_not_taken_back(night: Night) -> None:
    """Refused, nothing changed; nor is it suspended twice."""
    night.patch(spec={"suspend": True})
    with pytest.raises(Refused, match="suspended by somebody else"):
        night.resume()
    with pytest.raises(Conflict, match="has changed since"):
        night.suspend()
    assert night.live()["spec"]["suspend"] is True
