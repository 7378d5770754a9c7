"""Jobs that failed are cleared away only where a later run made up for them; a pile of runs is stopped; our own
suspension is taken back.
"""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import ago, evidence, item
from tools.records import Alert, ContainerFacts, CronJobFacts, Evidence, JobFacts, PodFacts, Target

CRON_JOB = Target(kind="CronJob", namespace="shop", name="nightly", uid="uid-nightly")
ITEMS = tuple(
    item(kind, number=n) for n, kind in enumerate(("workload", "job", "runs", "pods", "logs", "events"), 1)
)


def run(name: str, outcome: Any, age: float, **more: Any) -> JobFacts:
    """A run of the CronJob that began so many seconds ago; what has ended took a minute."""
    owner = {"owner_kind": "CronJob", "owner_name": "nightly", "owner_uid": "uid-nightly"}
    told = {"reason": "BackoffLimitExceeded: no more", "tries_failed": 7} if outcome == "failed" else {}
    end = ago(age - 60) if outcome else None
    made = {"name": name, "uid": f"uid-{name}", "created_at": ago(age), "ended_at": end, "outcome": outcome}
    return JobFacts(**{**made, **owner, **told, "active": 0 if outcome else 1, **more})


def ended_pod() -> PodFacts:
    """Of the run that failed."""
    container = ContainerFacts(name="task", exit_code=3, exit_reason="Error")
    return PodFacts(name="bad-x", uid="uid-x", phase="Failed", created_at=ago(600), containers=(container,))


def seen(*runs: JobFacts, **more: Any) -> Evidence:
    """A CronJob with these runs, of which the first that failed is asked about."""
    job = next((each for each in runs if each.outcome == "failed"), None)
    cron_job = CronJobFacts(name="nightly", uid="uid-nightly", schedule="*/10 * * * *")
    around = {"job": job, "runs": runs, "cron_job": cron_job, "workload": None, "items": ITEMS}
    return evidence(**{**around, "pods": (ended_pod(),) if job else (), **more})


def proposed(found: Evidence, target: Target = CRON_JOB) -> tuple[str, list[str]]:
    """Problem class and what is proposed."""
    finding, proposals = diagnose(found, target)
    return finding.problem, [proposal.call.name for proposal in proposals]


SLOW = Alert(fingerprint="f", status="firing", labels={"alertname": "KubeJobNotCompleted"}, starts_at=ago(60))
BAD, GOOD = run("bad", "failed", 1200), run("good", "complete", 600)


def test_a_run_that_a_later_one_made_up_for_may_be_deleted() -> None:
    """High risk, bound to the Job's and its CronJob's uid; told with exit code, tries and the other runs."""
    finding, (proposal,) = diagnose(seen(BAD, GOOD), CRON_JOB)
    assert (finding.problem, finding.directness) == ("job_failed", 1.0)
    assert "good has succeeded since" in finding.summary
    assert "after 7 of 7 tries; task: exit code 3" in finding.summary
    assert "task: exit code 3, in 1 pod" in finding.facts
    assert "deleting it clears the alert" in finding.next_step
    assert (proposal.call.name, proposal.risk, proposal.target) == ("delete_job", "high", CRON_JOB)
    assert proposal.call.args == {
        "namespace": "shop",
        "name": "bad",
        "uid": "uid-bad",
        "cron_job": "nightly",
        "cron_job_uid": "uid-nightly",
    }


@pytest.mark.parametrize(
    "runs",
    [
        (BAD,),
        (run("good", "complete", 1800), BAD),
        (BAD, run("later", "", 600)),
        (BAD, run("worse", "failed", 600)),
        (BAD, run("others", "complete", 600, owner_uid="uid-other")),
    ],
)
def test_a_run_that_nothing_made_up_for_is_explained(runs: tuple[JobFacts, ...]) -> None:
    """Success before it, a run that goes on, another failure: the work was not done."""
    kept = tuple(each for each in runs if each.owner_uid == "uid-nightly")
    assert proposed(seen(*kept)) == ("job_failed", [])


@pytest.mark.parametrize("kind", ["runs", "logs", "pods", "previous_logs"])
def test_what_could_not_be_read_proposes_no_deletion(kind: str) -> None:
    """Other runs would prove it; logs that were not read would be lost."""
    without = tuple(each for each in ITEMS if each.kind != kind)
    found = seen(BAD, GOOD, items=(*without, item(kind, "forbidden", 9)))
    assert proposed(found) == ("job_failed", [])


def test_a_pod_whose_log_was_not_read_proposes_no_deletion() -> None:
    """No item at all says nothing; where no pod is left nothing can be lost."""
    without = tuple(each for each in ITEMS if each.kind != "logs")
    assert proposed(seen(BAD, GOOD, items=without)) == ("job_failed", [])
    assert proposed(seen(BAD, GOOD, items=without, pods=())) == ("job_failed", ["delete_job"])


def test_a_job_that_nobody_made_is_explained() -> None:
    """Nothing makes it again: the person is told how."""
    alone = BAD.model_copy(update={"owner_kind": "", "owner_name": "", "owner_uid": ""})
    target = Target(kind="Job", namespace="shop", name="bad", uid="uid-bad")
    found = seen(alone, cron_job=None, runs=())
    assert proposed(found, target) == ("job_failed", [])
    assert "a Job that has failed is not tried again" in diagnose(found, target)[0].next_step


def test_many_failures_in_a_row_are_told_with_how_to_suspend_it() -> None:
    """Not proposed: that its runs do harm is not proved."""
    found = seen(*(run(f"bad-{n}", "failed", 3000 - 600 * n) for n in range(3)))
    finding, proposals = diagnose(found, CRON_JOB)
    assert proposals == []
    assert "kubectl -n shop patch cronjob nightly" in finding.next_step


def piling(*more: JobFacts) -> tuple[JobFacts, ...]:
    """Three runs that have not ended."""
    return tuple(
        sorted((*(run(f"r{n}", "", 3000 - 600 * n) for n in range(3)), *more), key=lambda r: r.created_at)
    )


def test_runs_that_pile_up_are_stopped() -> None:
    """None has succeeded since the oldest began; one that succeeded before says nothing."""
    found = seen(*piling(run("before", "complete", 3600)))
    assert proposed(found) == ("runs_pile_up", ["suspend_cronjob"])


@pytest.mark.parametrize(
    "found",
    [
        seen(*piling(run("meanwhile", "complete", 1500))),
        seen(*piling()[:2]),
        seen(*piling(), cron_job=CronJobFacts(name="nightly", uid="uid-nightly", concurrency="Forbid")),
        seen(*piling(), cron_job=CronJobFacts(name="nightly", uid="uid-nightly", last_success_at=ago(900))),
        seen(*piling(), cron_job=CronJobFacts(name="nightly", uid="uid-nightly", suspended=True)),
        seen(*(each.model_copy(update={"active": 0}) for each in piling())),
        seen(*piling(), items=(item("runs", "failed"),)),
    ],
)
def test_what_is_no_pile_is_left_alone(found: Evidence) -> None:
    """Runs that end one after another, two, runs that wait for each other, no pods, a list that was not read."""
    assert "suspend_cronjob" not in proposed(found)[1]


def suspended(by: str, *runs: JobFacts) -> Evidence:
    cron_job = CronJobFacts(name="nightly", uid="uid-nightly", suspended=True, suspended_by=by)
    return seen(*runs, cron_job=cron_job)


def test_our_own_suspension_is_taken_back_once_nothing_runs() -> None:
    """Not while something of it runs, and never somebody else's."""
    assert proposed(suspended("k1", GOOD)) == ("cronjob_suspended", ["resume_cronjob"])
    assert proposed(suspended("k1", GOOD, run("going", "", 900)))[1] == []
    assert proposed(suspended("", GOOD))[1] == []


def held_open(*containers: ContainerFacts, outcome: Any = "", **more: Any) -> Evidence:
    """A Job that began two hours ago, with one pod of these containers."""
    of_a_run = PodFacts(
        name="nightly-1-x",
        uid="uid-x",
        node="node-1",
        phase="Running",
        created_at=ago(7200),
        containers=containers,
        finishes=True,
    )
    around = {"job": run("nightly-1", outcome, 7200), "workload": None, "items": ITEMS, "pods": (of_a_run,)}
    return evidence(**{**around, **more})


def ended(code: int = 0, ago_seconds: float = 3600) -> ContainerFacts:
    """The Job's program, which has ended."""
    return ContainerFacts(
        name="task",
        exit_code=code,
        exit_reason="Completed" if code == 0 else "Error",
        exit_started_at=ago(7100),
        exit_finished_at=ago(ago_seconds),
    )


PROXY = ContainerFacts(name="proxy", ready=True, running_since=ago(7100))


def test_a_job_whose_program_is_done_and_whose_proxy_runs_on_is_told_as_that() -> None:
    """Not as a crash: what ends with 0 in a pod that is meant to finish has done its work."""
    finding, candidates = diagnose(held_open(ended(), PROXY), CRON_JOB)
    assert (finding.problem, finding.how_soon, candidates) == ("job_held_open", "later", [])
    assert "task ended with 0" in finding.summary
    assert "proxy beside it runs on" in finding.summary
    assert "delete job nightly-1" in finding.next_step
    assert "Do not delete only the pod" in finding.next_step


def test_a_schedule_that_waits_for_it_makes_it_more_urgent() -> None:
    """With Forbid no run starts while one has not ended."""
    waits = CronJobFacts(name="nightly", uid="uid-nightly", schedule="0 5 * * *", concurrency="Forbid")
    finding, _ = diagnose(held_open(ended(), PROXY, cron_job=waits), CRON_JOB)
    assert finding.how_soon == "soon"
    assert "Forbid" in finding.facts[0]


@pytest.mark.parametrize(
    "found",
    [
        held_open(ended(code=1), PROXY),
        held_open(ended(ago_seconds=300), PROXY),
        held_open(ended()),
        held_open(PROXY),
        held_open(ended(), PROXY, outcome="complete"),
        held_open(ended(), PROXY, job=None),
        held_open(ended(), PROXY.model_copy(update={"name": "load"})),
    ],
    ids=["it failed", "just now", "nothing runs on", "it still works", "it has ended", "no Job", "a program"],
)
def test_what_is_not_held_open_is_not_told_so(found: Evidence) -> None:
    """A sidecar needs a while to notice, and a program that failed is another matter."""
    assert diagnose(found, CRON_JOB)[0].problem != "job_held_open"


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("istio-proxy", "docker.io/istio/proxyv2:1.24.2"),
        ("sql", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14"),
        ("logs", "cr.fluentbit.io/fluent/fluent-bit:3.2"),
        ("otc", "otel/opentelemetry-collector:0.115"),
    ],
)
def test_sidecars_are_known_by_their_names_or_images(name: str, image: str) -> None:
    """What runs on under another name may be a program that works on what the first has left."""
    left = PROXY.model_copy(update={"name": name, "image": image})
    assert diagnose(held_open(ended(), left), CRON_JOB)[0].problem == "job_held_open"


@pytest.mark.parametrize(
    ("name", "image"), [("load", "example.com/vault/load:2"), ("vectorize", "x/vectorize:1")]
)
def test_a_second_program_is_no_sidecar(name: str, image: str) -> None:
    """To delete the Job would lose its work. The Job is told to take long, with which of the two still runs."""
    left = PROXY.model_copy(update={"name": name, "image": image})
    finding, _ = diagnose(held_open(ended(), left), CRON_JOB, (SLOW,))
    assert finding.problem == "job_takes_long"
    assert f"task ended with 0, {name} still runs" in finding.facts[1]
