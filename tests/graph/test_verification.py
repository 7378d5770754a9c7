"""The verdicts, on series of looks as real clusters give them (kubernetes.md section 5)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.policy import PolicySettings
from graph.state import Progress
from graph.verification import first_look, fold, judge, rolled_out, window
from tests.graph.evidence_builders import (
    NEW,
    WELL,
    after,
    before,
    blind,
    container_seen,
    look,
    pod_seen,
    receipt,
)
from tools.records import ActionCall, Observation, PodObservation, Receipt, Verdict

SETTINGS = PolicySettings()
"""The defaults: first look after 30 s, a window of 120 s, 900 s until time is up."""


def verify(
    looks: Iterable[Observation], sent: Receipt | None = None, settings: PolicySettings = SETTINGS
) -> Verdict | None:
    """The first verdict that the looks lead to, or None while more are wanted."""
    sent, progress = sent or receipt(), Progress()
    for seen in looks:
        progress = fold(progress, seen, sent)
        verdict = judge(progress, sent, settings, seen.at)
        if verdict:
            return verdict
    return None


def name_of(verdict: Verdict | None) -> str:
    return verdict.name if verdict else ""


def every(start: int, end: int, *pods: PodObservation, step: int = 10, **more: object) -> list[Observation]:
    """Looks alike from `start` to `end`, both included."""
    return [look(at, *pods, **more) for at in range(start, end + 1, step)]


def only(*pods: PodObservation) -> tuple[PodObservation, ...]:
    """These pods, filled up to three with well ones."""
    return (*pods, *WELL[len(pods) :])


# RECOVERED


def test_recovered_after_the_rollout_and_a_whole_window() -> None:
    """A rollout that completes at 60 s and stays well for 120 s is RECOVERED at 180 s, not before."""
    rolling = every(30, 50, pod_seen("a"), updated=1, replicas=3, available=3)

    assert verify([*rolling, *every(60, 170)]) is None
    verdict = verify([*rolling, *every(60, 180)])

    assert name_of(verdict) == "RECOVERED"
    assert verdict is not None
    assert verdict.at == after(180)


def test_a_workload_of_one_pod_recovers_too() -> None:
    """Many a Deployment has one replica."""
    assert name_of(verify(every(30, 150, pod_seen("a"), desired=1))) == "RECOVERED"


def test_a_single_good_look_is_never_success() -> None:
    """Long after the write, one look that finds all well begins a window and proves nothing."""
    assert verify([look(600)]) is None


def test_time_that_passes_without_a_look_is_no_window() -> None:
    """The window is measured between looks: a clock that runs on proves nothing by itself."""
    progress = fold(Progress(), look(30), receipt())
    assert judge(progress, receipt(), SETTINGS, after(500)) is None


def test_restarts_from_before_the_write_do_not_count() -> None:
    """Pods of the older revision ran through the release and had restarted long ago: they are well."""
    old = container_seen(restart_count=12, last_finished_at=after(-5000), life_seconds=3.0)
    pods = tuple(PodObservation(name=n, uid=f"uid-{n}", ready=True, containers=(old,)) for n in "abc")

    assert name_of(verify(every(30, 150, *pods))) == "RECOVERED"


def test_a_pod_still_in_an_old_back_off_may_come_back() -> None:
    """A crash loop of before the write that has not crashed since is waited for, not condemned."""
    old = pod_seen(
        "a", ready=False, restart_count=9, waiting_reason="CrashLoopBackOff", last_finished_at=after(-20)
    )
    back = pod_seen("a", restart_count=10, last_finished_at=after(-20))
    series = [*every(30, 60, *only(old)), *every(70, 190, *only(back))]

    assert name_of(verify(series)) == "RECOVERED"


def test_a_start_after_an_old_back_off_is_no_crash() -> None:
    """The back-off of before the write ends, the container starts and takes a while to become ready."""
    waiting = pod_seen(
        "a", ready=False, restart_count=9, waiting_reason="CrashLoopBackOff", last_finished_at=after(-20)
    )
    starting = pod_seen("a", ready=False, restart_count=10, last_finished_at=after(-20))
    assert verify([*every(30, 60, *only(waiting)), *every(70, 300, *only(starting))]) is None


def test_one_crash_since_the_write_of_a_pod_with_many_before_is_no_loop() -> None:
    """Of twelve restarts eleven were before the write: one is a start that failed once."""
    crashed = pod_seen("a", ready=False, restart_count=12, last_finished_at=after(10))
    assert verify(every(30, 60, *only(crashed))) is None


# NOT_RECOVERED


def test_a_crash_loop_that_runs_whenever_it_is_looked_at() -> None:
    """All pods are ready at every look, yet one has restarted in between: not recovered."""
    restarted = pod_seen("a", restart_count=1, last_finished_at=after(75))
    verdict = verify([*every(30, 70), *every(80, 200, *only(restarted))])

    assert name_of(verdict) == "NOT_RECOVERED"
    assert verdict is not None
    assert "restarted" in verdict.reason
    assert verdict.at == after(80)


def test_a_crash_is_seen_even_if_a_warning_comes_with_it() -> None:
    """A new warning begins another window; the restart that came with it must not vanish in its baseline."""
    restarted = pod_seen("a", restart_count=1, last_finished_at=after(75))
    series = [*every(30, 70), *every(80, 400, *only(restarted), warnings=("BackOff: restarting",))]

    assert name_of(verify(series)) == "NOT_RECOVERED"


def test_a_crash_while_nothing_could_be_read_counts() -> None:
    """A restart during failed looks is a restart after it had been well."""
    restarted = pod_seen("a", restart_count=1, last_finished_at=after(75))
    series = [*every(30, 70), blind(80), blind(90), *every(100, 400, *only(restarted))]

    assert name_of(verify(series)) == "NOT_RECOVERED"


def test_a_container_that_ends_without_being_restarted_counts() -> None:
    """A termination that appears after the window's start breaks it for good, whatever clock stamped it."""
    ended = pod_seen("a", last_finished_at=after(-3600))
    assert name_of(verify([*every(30, 70), look(80, *only(ended))])) == "NOT_RECOVERED"


def test_a_second_end_counts_before_it_was_restarted() -> None:
    """It failed once at its start, was well, and has just ended again: the restart is still to come."""
    shaky = only(pod_seen("a", restart_count=1, last_finished_at=after(20)))
    ended = only(pod_seen("a", ready=False, restart_count=1, last_finished_at=after(65)))
    assert name_of(verify([*every(30, 60, *shaky), look(70, *ended)])) == "NOT_RECOVERED"


def test_a_start_that_failed_before_the_window_does_not_break_it() -> None:
    """A node's clock may be ahead: an end that was known when the window began is no new end."""
    shaky = pod_seen("a", restart_count=1, last_finished_at=after(95))
    assert name_of(verify(every(30, 150, *only(shaky)))) == "RECOVERED"


def test_pods_that_go_on_crashing_from_the_start() -> None:
    """New pods in CrashLoopBackOff with several restarts since the write: no window ever began."""
    crashing = pod_seen(
        "a", ready=False, restart_count=3, waiting_reason="CrashLoopBackOff", last_finished_at=after(25)
    )
    later = crashing.model_copy(
        update={"containers": (crashing.containers[0].model_copy(update={"restart_count": 4}),)}
    )
    verdict = verify([look(30, *only(crashing)), look(60, *only(later))])
    assert name_of(verdict) == "NOT_RECOVERED"


def test_a_container_that_ends_again_and_again_between_two_looks() -> None:
    """No look ever meets the back-off: the count since the first look tells."""
    once = pod_seen("a", ready=False, restart_count=1, last_finished_at=after(25))
    twice = pod_seen("a", ready=False, restart_count=2, last_finished_at=after(45))
    assert verify([look(30, *only(once))]) is None
    verdict = verify([look(30, *only(once)), look(50, *only(twice))])
    assert name_of(verdict) == "NOT_RECOVERED"
    assert verdict is not None
    assert verdict.reason == "a/app restarted 2 times since"


def test_a_new_pod_that_crashes_in_the_window_is_more_than_a_replacement() -> None:
    """Replaced and in back-off already: nobody waits for a second one."""
    crashing = pod_seen(
        "x", ready=False, restart_count=1, waiting_reason="CrashLoopBackOff", last_finished_at=after(65)
    )
    assert name_of(verify([*every(30, 60), look(70, *only(crashing))])) == "NOT_RECOVERED"


def test_pods_that_came_up_after_some_tries_are_well() -> None:
    """They waited for one another, restarted twice, and are ready since: the window decides."""
    rolling = look(30, *only(pod_seen("a", ready=False)))
    up = only(pod_seen("a", restart_count=2, last_finished_at=after(50)))
    assert name_of(verify([rolling, *every(60, 180, *up)])) == "RECOVERED"


def test_pods_that_are_seen_late_may_be_old_too() -> None:
    """The first look comes before the controller has gone back: the older pods and their restarts show later."""
    old = pod_seen("a", ready=False, restart_count=12, last_finished_at=after(-5000))
    back = pod_seen("a", restart_count=12, last_finished_at=after(-5000))
    early = look(30, observed_generation=4).model_copy(update={"pods": ()})
    assert name_of(verify([early, look(40, *only(old)), *every(50, 170, *only(back))])) == "RECOVERED"


def test_a_first_crash_is_waited_for() -> None:
    """One restart of a new pod before the window may be a start that raced its neighbours."""
    once = pod_seen(
        "a", ready=False, restart_count=1, waiting_reason="CrashLoopBackOff", last_finished_at=after(25)
    )
    assert verify([look(30, *only(once))]) is None


def test_one_readiness_dip_begins_the_window_anew_and_a_second_ends_it() -> None:
    """Not ready for a moment: the window starts again once; the second time it did not stay well."""
    dip = only(pod_seen("a", ready=False))
    once = [*every(30, 60), look(70, *dip), *every(80, 190)]
    assert verify(once) is None
    assert name_of(verify([*once, look(200)])) == "RECOVERED"

    twice = verify([*every(30, 60), look(70, *dip), look(80), look(90, *dip)])
    assert name_of(twice) == "NOT_RECOVERED"
    assert twice is not None
    assert twice.reason == "the workload did not stay well: 1 of 3 pods are not ready"


def test_a_rollout_that_starts_again_breaks_the_window() -> None:
    """All pods of the current ReplicaSet are ready, but there are more of another one."""
    more = {"replicas": 4, "available": 4}
    verdict = verify([*every(30, 60), look(70, **more), look(80), look(90, **more)])
    assert name_of(verdict) == "NOT_RECOVERED"
    assert verdict is not None
    assert "no longer complete" in verdict.reason


def test_a_replaced_pod_begins_the_window_anew_and_a_second_ends_it() -> None:
    """A new pod uid resets the window once (5.3.1): the alert may be gone, the trouble is not."""
    first, second = only(pod_seen("x")), only(pod_seen("y"))
    assert name_of(verify([*every(30, 60), *every(70, 190, *first)])) == "RECOVERED"
    assert verify([*every(30, 60), *every(70, 180, *first)]) is None
    assert name_of(verify([*every(30, 60), look(70, *first), look(80, *second)])) == "NOT_RECOVERED"


def test_pods_that_a_scale_up_adds_are_not_replacements() -> None:
    """An autoscaler that adds pods twice begins the window anew each time, without a mark against it."""
    four, five = (*WELL, pod_seen("d")), (*WELL, pod_seen("d"), pod_seen("e"))
    series = [*every(30, 60), *every(70, 80, *four, desired=4), *every(90, 200, *five, desired=5)]
    assert verify(series) is None
    assert name_of(verify([*series, look(210, *five, desired=5)])) == "RECOVERED"


def test_new_warnings_break_the_window() -> None:
    """Warnings that were there at its start do not count; a new one does, and a second ends it."""
    warned = ("Unhealthy: probe failed",)
    assert name_of(verify(every(30, 150, warnings=warned))) == "RECOVERED"
    assert verify([*every(30, 60), *every(70, 150, warnings=warned)]) is None
    more = (*warned, "Failed: something")
    series = [*every(30, 60), look(70, warnings=warned), look(80, warnings=more)]
    assert name_of(verify(series)) == "NOT_RECOVERED"


def test_deadline_exceeded() -> None:
    """The controller gave up on the rollout that our write began."""
    stuck = look(600, pod_seen("a"), updated=1, replicas=3, available=2, deadline_exceeded=True)
    verdict = verify([stuck])
    assert name_of(verdict) == "NOT_RECOVERED"
    assert verdict is not None
    assert "deadline" in verdict.reason


def test_a_deadline_counts_at_once_but_not_before_our_write_was_observed() -> None:
    """Before the write nothing had run out of time."""
    sent = receipt(before=before(0))
    assert name_of(verify([look(30, pod_seen("a"), deadline_exceeded=True)], sent)) == "NOT_RECOVERED"
    unobserved = look(30, pod_seen("a"), deadline_exceeded=True, observed_generation=4)
    assert verify([unobserved], sent) is None


def test_the_deadline_of_the_rollout_before_is_not_ours() -> None:
    """A status that has not observed our write, or has made no progress yet, still shows the old deadline."""
    sent = receipt(before=before(0, deadline_exceeded=True))
    behind = look(30, pod_seen("a"), observed_generation=4, deadline_exceeded=True)
    kept = look(40, pod_seen("a"), deadline_exceeded=True)
    lasting = look(70, pod_seen("a"), deadline_exceeded=True)

    assert verify([behind], sent) is None
    assert verify([behind, kept], sent) is None
    assert name_of(verify([behind, kept, lasting], sent)) == "NOT_RECOVERED"


def test_an_image_that_lastingly_cannot_be_pulled() -> None:
    """A pull that fails for a minute is the outcome; one that fails at two looks may be the registry's hiccup."""
    stuck = only(pod_seen("a", ready=False, waiting_reason="ErrImagePull"))
    waiting = only(pod_seen("a", ready=False, waiting_reason="ImagePullBackOff"))

    assert verify([look(30, *stuck), look(40, *waiting), *every(50, 160)]) is None
    assert name_of(verify([look(30, *stuck), *every(40, 90, *waiting)])) == "NOT_RECOVERED"


# REGRESSED


def crashing_since(at: int) -> tuple[PodObservation, ...]:
    """All three pods restarted after they had been well, and are down."""
    return tuple(
        pod_seen(
            n, ready=False, restart_count=1, last_finished_at=after(at), waiting_reason="CrashLoopBackOff"
        )
        for n in "abc"
    )


def test_regressed_when_lastingly_fewer_are_available_than_before() -> None:
    """Two pods served before; after the write all crash, at two looks."""
    sent = receipt(before=before(2))
    series = [*every(30, 60), look(70, *crashing_since(65)), look(80, *crashing_since(65))]

    assert verify(series[:-1], sent) is None
    assert name_of(verify(series, sent)) == "REGRESSED"


def test_one_look_into_a_restart_is_no_regression() -> None:
    """REGRESSED goes back to the bad release by itself: a pod that is back at the next look does not do that."""
    sent = receipt(before=before(3))
    down = only(pod_seen("a", ready=False, restart_count=1, last_finished_at=after(65)))
    back = only(pod_seen("a", restart_count=1, last_finished_at=after(65)))

    assert name_of(verify([*every(30, 60), look(70, *down), look(80, *back)], sent)) == "NOT_RECOVERED"


def test_a_flapping_probe_is_no_regression() -> None:
    """Readiness that comes and goes did not help, but nothing says that our change made it worse."""
    dip = only(pod_seen("a", ready=False))
    series = [*every(30, 60), look(70, *dip), look(80), look(90, *dip), look(100, *dip)]
    assert name_of(verify(series, receipt(before=before(3)))) == "NOT_RECOVERED"


def test_what_was_ready_between_two_crashes_was_not_available() -> None:
    """Before the write all three pods crashed, and happened to run when they were looked at."""
    lucky = tuple(
        pod_seen(n, restart_count=6, last_finished_at=after(-15), life_seconds=2.0) for n in ("x", "y", "z")
    )
    sent = receipt(before=before(3, *lucky))
    series = [*every(30, 60), *every(70, 90, *crashing_since(65))]
    assert name_of(verify(series, sent)) == "NOT_RECOVERED"


def test_not_worse_than_before_is_not_recovered() -> None:
    """As many are available as before: it did not help, and nothing is undone."""
    sent = receipt(before=before(0))
    series = [*every(30, 60), *every(70, 90, *crashing_since(65))]
    assert name_of(verify(series, sent)) == "NOT_RECOVERED"


def test_a_regression_that_time_runs_out_on_is_still_a_failure() -> None:
    """At the limit the one look that shows the crash decides."""
    sent = receipt(before=before(2))
    progress = fold(fold(Progress(), look(1000), sent), look(1020, *crashing_since(1015)), sent)
    assert name_of(judge(progress, sent, SETTINGS, after(1020))) == "NOT_RECOVERED"


# SUPERSEDED


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"template_digest": NEW}, id="template"),
        pytest.param({"uid": "uid-another"}, id="another object of that name"),
        pytest.param({"uid": ""}, id="deleted"),
    ],
)
def test_superseded_by_somebody_else(change: dict[str, str]) -> None:
    """Somebody's change, replacement or deletion ends the verification at once, however well it looks."""
    assert name_of(verify([*every(30, 60), look(70, **change)])) == "SUPERSEDED"


@pytest.mark.parametrize(
    ("before_it", "now", "says"),
    [
        ("", "", "drift"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "drift"),
        ("", "2026-01-05T12:09:00Z", "somebody else restarted it"),
        ("", "2026-01-05T12:00:00Z", None),
        ("", None, None),
    ],
)
def test_a_restart_that_is_taken_away_is_drift(before_it: str, now: str | None, says: str | None) -> None:
    """The annotation is all of it, and no digest counts it; a look that does not tell supersedes nothing."""
    call = ActionCall(name="restart_deployment", args={"restarted_at": "2026-01-05T12:00:00Z"})
    earlier = before(0).model_copy(update={"restarted_at": before_it})
    sent = receipt(call=call, before=earlier)
    found = verify([*every(30, 60), *(look(at, restarted_at=now) for at in range(70, 260, 10))], sent)
    assert name_of(found) == ("SUPERSEDED" if says else "RECOVERED")
    assert (says or "") in (found.reason if found else "")


def test_a_receipt_that_names_no_template_is_not_superseded_by_one() -> None:
    """What our write left is not known: nothing to compare with."""
    assert name_of(verify(every(30, 150), receipt(template_digest=""))) == "RECOVERED"


def test_superseded_comes_before_failure() -> None:
    """Pods that crash after somebody else's change are not our failure, and nothing of theirs is undone."""
    sent = receipt(before=before(3))
    crash = [look(at, *crashing_since(65), template_digest=NEW) for at in (70, 80)]
    assert name_of(verify([*every(30, 60), *crash], sent)) == "SUPERSEDED"


# INCONCLUSIVE


def test_scaled_to_zero_verifies_nothing() -> None:
    """A Deployment of no pods is rolled out by definition."""
    empty = Observation(**{**look(30).model_dump(), "desired": 0, "pods": (), "replicas": 0, "updated": 0})
    assert name_of(verify([empty])) == "INCONCLUSIVE"


def test_failed_looks_alone_end_inconclusive_at_the_time_limit() -> None:
    """Nothing can be read from the write on: no verdict until time is up, then the error is the reason."""
    looks = [blind(at) for at in range(30, 1020, 10)]
    assert verify(looks) is None
    verdict = verify([*looks, blind(1020)])
    assert name_of(verdict) == "INCONCLUSIVE"
    assert verdict is not None
    assert "503" in verdict.reason


def test_one_failed_look_in_the_middle_does_not_doom_it() -> None:
    """It breaks the window, which must then hold anew; it is no mark against the workload."""
    broken = [*every(30, 100), blind(110), *every(120, 160), blind(170), *every(180, 290)]
    assert verify(broken) is None
    assert name_of(verify([*broken, look(300)])) == "RECOVERED"


def test_a_failed_newest_look_holds_back_what_was_seen_before() -> None:
    """The window is over by the clock, but the last look could not be read."""
    assert verify([*every(30, 140), blind(150)]) is None


def test_a_rollout_that_never_completes_ends_inconclusive() -> None:
    """Pods wait for room for as long as there is time, without any failure that could be named."""
    pending = only(PodObservation(name="a", uid="uid-a", ready=False, pending=True))
    looks = every(30, 1010, *pending)
    assert verify(looks) is None
    verdict = verify([*looks, look(1020, *pending)])
    assert name_of(verdict) == "INCONCLUSIVE"
    assert verdict is not None
    assert verdict.reason == "out of time: the rollout did not complete"


def test_a_window_that_began_in_time_may_end() -> None:
    """The limit leaves room for a whole window after the slowest rollout."""
    rolling = every(30, 880, pod_seen("a"), updated=1, replicas=3, available=3)
    assert name_of(verify([*rolling, *every(890, 1010)])) == "RECOVERED"


# PROVISIONAL


def crashed_after(life: float, ended: float = -30.0) -> Receipt:
    """The write followed a crash of a container that had lived for `life` seconds."""
    seen = pod_seen("x", ready=False, restart_count=1, last_finished_at=after(ended), life_seconds=life)
    return receipt(before=before(0, seen))


def test_a_slow_failure_is_only_provisionally_well() -> None:
    """It lived eight minutes before it failed: 900 s of calm do not prove that it is over."""
    assert name_of(verify(every(30, 930), crashed_after(480))) == "PROVISIONAL"


def test_seven_minutes_are_the_border() -> None:
    """A life of exactly seven minutes still fits into the window."""
    assert name_of(verify(every(30, 930), crashed_after(420))) == "RECOVERED"


def test_the_border_shrinks_with_the_window_of_a_test_cluster() -> None:
    """A tenth of the window, a tenth of the seven minutes; elsewhere a short window changes nothing."""
    quick = {"verify_window_seconds": 12.0, "test_cluster": True}
    for life, verdict in ((42, "RECOVERED"), (43, "PROVISIONAL")):
        assert name_of(verify(every(30, 130), crashed_after(life), PolicySettings(**quick))) == verdict
    whole = PolicySettings(verify_window_seconds=60.0)
    assert name_of(verify(every(30, 200), crashed_after(43), whole)) == "RECOVERED"


def test_what_ended_a_quarter_of_an_hour_before_the_write_is_part_of_it() -> None:
    """The longest back-off and the longest life that a window is sized for fit in."""
    assert window(crashed_after(480, ended=-900), SETTINGS) == timedelta(seconds=900)
    assert window(crashed_after(480, ended=-901), SETTINGS) == timedelta(seconds=120)


def test_a_restart_of_days_ago_does_not_make_it_slow() -> None:
    """A sidecar that lived a week and restarted on Monday has nothing to do with this crash."""
    sent = crashed_after(7 * 86400.0, ended=-3 * 86400.0)
    assert window(sent, SETTINGS) == timedelta(seconds=120)
    assert name_of(verify(every(30, 150), sent)) == "RECOVERED"


# rollout status and window


def test_looks_are_counted() -> None:
    """Those that failed in a row apart."""
    progress = Progress()
    for seen in (look(30), blind(40), blind(50)):
        progress = fold(progress, seen, receipt())
    assert (progress.looks, progress.failed_looks) == (3, 2)
    progress = fold(progress, look(60), receipt())
    assert (progress.looks, progress.failed_looks) == (4, 0)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"observed_generation": 4}, id="controller has not seen our write"),
        pytest.param({"generation": 7, "observed_generation": 6}, id="nor the newest change"),
        pytest.param({"updated": 2, "replicas": 2, "available": 2}, id="not all of the new template"),
        pytest.param({"replicas": 4}, id="old pods are still there"),
        pytest.param({"available": 2}, id="not all available"),
        pytest.param({"desired": 0, "updated": 0, "replicas": 0, "available": 0}, id="none wanted"),
    ],
)
def test_not_rolled_out(status: dict[str, int]) -> None:
    """Each part of kubectl's rollout status is needed."""
    assert rolled_out(look(30), receipt())
    assert not rolled_out(look(30, **status), receipt())


@pytest.mark.parametrize("status", [{"observed_generation": 4}, {"replicas": 4}, {"available": 2}])
def test_never_recovered_without_a_complete_rollout(status: dict[str, int]) -> None:
    """Ready pods do not stand in for what the controller reports."""
    assert verify(every(30, 1000, **status)) is None


def test_ready_pods_count_beside_the_status() -> None:
    """The status says available, the pods of the current ReplicaSet are not all ready: no window begins."""
    two = (pod_seen("a"), pod_seen("b"))
    assert verify(every(30, 1000, *two, replicas=3, updated=3, available=3)) is None


def test_a_pod_that_is_not_ready_breaks_the_window_whatever_the_status_says() -> None:
    """The status is a moment behind its pods: the window begins anew."""
    dip, status = only(pod_seen("a", ready=False)), {"replicas": 3, "updated": 3, "available": 3}
    series = [*every(30, 60), look(70, *dip, **status), *every(80, 190)]
    assert verify(series) is None
    assert name_of(verify([*series, look(200)])) == "RECOVERED"


def test_fewer_available_than_before_is_not_well() -> None:
    """Without a complete count the window does not begin even if the pods say ready."""
    sent = receipt(before=before(3))
    assert verify(every(30, 1000, available=2, updated=2, replicas=2), sent) is None


@pytest.mark.parametrize(
    ("seen", "settings", "seconds"),
    [
        ({}, {}, 120),
        ({"min_ready": 100}, {}, 160),
        ({"life": 100.0}, {}, 230),
        ({"life": 3600.0}, {}, 900),
        ({}, {"verify_window_seconds": 300.0}, 300),
        ({}, {"verify_window_seconds": 1800.0}, 1800),
        ({"life": 3600.0}, {"verify_window_seconds": 1800.0}, 1800),
        ({"min_ready": 10, "life": 4.0}, {"verify_window_seconds": 12.0, "test_cluster": True}, 16),
        ({"life": 3600.0}, {"verify_window_seconds": 12.0, "test_cluster": True}, 90),
        ({"min_ready": 10}, {"verify_window_seconds": 60.0}, 70),
    ],
)
def test_window_length(seen: dict[str, float], settings: dict[str, float], seconds: float) -> None:
    """clamp(max(floor, minReadySeconds + 60, 2 x life + 30), floor, 900 s); test clusters shrink 60, 30 and 900."""
    life = seen.get("life")
    crashed = pod_seen("x", ready=False, last_finished_at=after(-5), life_seconds=life)
    sent = receipt(before=before(0, crashed, min_ready_seconds=int(seen.get("min_ready", 0))))
    assert window(sent, PolicySettings(**settings)) == timedelta(seconds=seconds)


def test_window_without_a_look_before_the_write() -> None:
    """A write that was found done has no look before it: the floor holds."""
    assert window(receipt(before=None), SETTINGS) == timedelta(seconds=120)
    assert name_of(verify(every(30, 150), receipt(before=None))) == "RECOVERED"


def test_the_window_holds_for_min_ready_seconds() -> None:
    """minReadySeconds 100: 160 s of calm, not 120."""
    sent = receipt(before=before(0, min_ready_seconds=100))
    assert verify(every(30, 180), sent) is None
    assert name_of(verify(every(30, 190), sent)) == "RECOVERED"


def test_first_look_waits_for_the_delay() -> None:
    """30 s after the write by default."""
    assert first_look(receipt(), SETTINGS) == after(30)


# properties

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A slow machine is no failure."""

PODS = st.sampled_from(
    [
        WELL,
        only(pod_seen("a", ready=False)),
        only(pod_seen("x")),
        only(pod_seen("a", restart_count=1, last_finished_at=after(50))),
        only(pod_seen("a", ready=False, waiting_reason="ImagePullBackOff")),
    ]
)
STATUS = st.sampled_from([{}, {}, {}, {"observed_generation": 4}, {"available": 2}, {"replicas": 4}])


@st.composite
def series(draw: st.DrawFn) -> list[Observation]:
    """Up to forty looks, ten seconds apart, mostly well, some failed."""
    looks = []
    for number in range(draw(st.integers(1, 40))):
        at = 30 + 10 * number
        if draw(st.integers(0, 15)) == 0:
            looks.append(blind(at))
        elif draw(st.integers(0, 7)):
            looks.append(look(at))
        else:
            looks.append(look(at, *draw(PODS), **draw(STATUS)))
    return looks


def calm_seconds(looks: list[Observation]) -> float:
    """How long, up to the last look, every look was readable, rolled out and fully ready."""
    calm = 0.0
    for earlier, later in itertools.pairwise(looks):
        good = all(
            not seen.error and rolled_out(seen, receipt()) and sum(p.ready for p in seen.pods) >= seen.desired
            for seen in (earlier, later)
        )
        calm = calm + (later.at - earlier.at).total_seconds() if good else 0.0
    return calm


@UNHURRIED
@given(series())
def test_no_success_without_a_whole_calm_window_up_to_a_readable_look(looks: list[Observation]) -> None:
    """RECOVERED only if every look of the last 120 s could be read and showed everything ready."""
    progress, sent = Progress(), receipt()
    for number, seen in enumerate(looks, start=1):
        progress = fold(progress, seen, sent)
        verdict = judge(progress, sent, SETTINGS, seen.at)
        if verdict:
            if verdict.name in ("RECOVERED", "PROVISIONAL"):
                assert not seen.error
                assert calm_seconds(looks[:number]) >= 120
            return


@UNHURRIED
@given(series(), st.integers(0, 3000))
def test_a_series_that_ends_in_a_failed_look_is_never_success(looks: list[Observation], late: int) -> None:
    """Whatever was seen before and however late it is."""
    progress, sent = Progress(), receipt()
    for seen in [*looks, blind(500)]:
        progress = fold(progress, seen, sent)
    verdict = judge(progress, sent, SETTINGS, after(500 + late))
    assert name_of(verdict) in ("", "INCONCLUSIVE")
