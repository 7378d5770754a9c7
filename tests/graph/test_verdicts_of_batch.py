"""CronJobs, Jobs and volumes: each judged by what the write was meant to do, on recovery and on what is not one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.graph.evidence_builders import after, blind, receipt
from tests.graph.test_verdicts_by_action import judged, says
from tools.records import ActionCall, JobObservation, Observation, Receipt, Target

CRON_JOB = Target(kind="CronJob", namespace="shop", name="nightly", uid="uid-nightly")
GI = 1024.0**3
OLD = JobObservation(name="old", uid="uid-old")


def written(action: str, **more: Any) -> Receipt:
    """A write on a CronJob of which one Job was there."""
    was = Observation(at=after(0), uid=CRON_JOB.uid, jobs=(OLD,))
    return receipt(**{"call": ActionCall(name=action), "target": CRON_JOB, "before": was, **more})


def cron(at: float, *jobs: JobObservation, **more: Any) -> Observation:
    return Observation(
        **{"at": after(at), "uid": CRON_JOB.uid, "jobs": (OLD, *jobs), "suspended": False, **more}
    )


def new(outcome: Any = "") -> JobObservation:
    return JobObservation(name="new", uid="uid-new", outcome=outcome)


def window(*looks: dict[str, Any] | tuple[JobObservation, ...]) -> list[Observation]:
    """Looks every ten seconds for longer than a window, alike."""
    (how,) = looks
    jobs, more = (how, {}) if isinstance(how, tuple) else ((), how)
    return [cron(at, *jobs, **more) for at in range(30, 200, 10)]


@pytest.mark.parametrize(
    ("action", "looks", "name"),
    [
        ("suspend_cronjob", window({"suspended": True}), "RECOVERED"),
        ("suspend_cronjob", window({}), "SUPERSEDED"),
        ("suspend_cronjob", [cron(30, new(), suspended=True)], "NOT_RECOVERED"),
        ("resume_cronjob", window({}), "RECOVERED"),
        ("resume_cronjob", window((new("complete"),)), "RECOVERED"),
        ("resume_cronjob", [cron(30, new("failed"))], "NOT_RECOVERED"),
        ("resume_cronjob", window({"suspended": True}), "SUPERSEDED"),
        ("resume_cronjob", [cron(at, new()) for at in range(30, 1200, 10)], "INCONCLUSIVE"),
        ("delete_job", window({"done": True}), "RECOVERED"),
        ("delete_job", [cron(30, new("failed"), done=True)], "NOT_RECOVERED"),
        ("delete_job", [cron(at, done=True, lingering="old") for at in range(30, 1200, 10)], "INCONCLUSIVE"),
        ("delete_job", [cron(at, done=False) for at in range(30, 1200, 10)], "INCONCLUSIVE"),
        ("delete_job", [Observation(at=after(30))], "SUPERSEDED"),
    ],
)
def test_a_cron_job_is_judged_by_what_it_was_told(action: str, looks: list[Observation], name: str) -> None:
    """Held for a window; contradicted by somebody else; followed by a run that should not be, or that failed."""
    assert says(judged(written(action), *looks)) == (name, False)


@pytest.mark.parametrize("action", ["suspend_cronjob", "resume_cronjob", "delete_job"])
def test_looks_that_fail_are_no_recovery(action: str) -> None:
    """Time decides."""
    looks = [blind(at) for at in range(30, 1200, 10)]
    assert says(judged(written(action), *looks))[0] == "INCONCLUSIVE"


def test_a_window_that_a_failed_look_broke_begins_again() -> None:
    """It must hold from its first to its last look."""
    well = {"suspended": True}
    looks = [cron(30, **well), cron(100, **well), blind(140), cron(150, **well), cron(200, **well)]
    assert judged(written("suspend_cronjob"), *looks) is None


def expanded() -> Receipt:
    """From 10Gi to 12Gi."""
    call = ActionCall(name="expand_pvc", args={"from_size": "10Gi", "to_size": "12Gi"})
    target = Target(kind="PersistentVolumeClaim", namespace="shop", name="data", uid="uid-data")
    return receipt(call=call, target=target, before=Observation(at=after(0), uid="uid-data"))


def volume(at: float, **more: Any) -> Observation:
    told = {"at": after(at), "uid": "uid-data", "storage_asked": 12 * GI, "storage": 12 * GI}
    return Observation(**{**told, **more})


@pytest.mark.parametrize(
    ("more", "ends", "name"),
    [
        ({}, 200, "RECOVERED"),
        ({"storage": 10 * GI}, 1200, "INCONCLUSIVE"),
        ({"storage": None}, 1200, "INCONCLUSIVE"),
        ({"resize_waits": "Resizing: wait"}, 1200, "INCONCLUSIVE"),
        ({"storage": 10 * GI, "resize_waits": "FileSystemResizePending: wait"}, 200, "NOT_RECOVERED"),
        ({"storage": 10 * GI, "resize_waits": "Resizing: wait"}, 1200, "INCONCLUSIVE"),
        ({"storage": 10 * GI, "resize_failed": "NodeResizeError: no"}, 200, "NOT_RECOVERED"),
        ({"storage_asked": 14 * GI}, 200, "SUPERSEDED"),
        ({"storage_asked": None}, 200, "SUPERSEDED"),
        ({"uid": "uid-other"}, 200, "SUPERSEDED"),
    ],
)
def test_a_volume_is_judged_by_what_it_has_become(more: dict[str, Any], ends: int, name: str) -> None:
    """Never by the request that was accepted."""
    assert says(judged(expanded(), *(volume(at, **more) for at in range(30, ends, 10)))) == (name, False)
