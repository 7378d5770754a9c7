"""Transient crash: a restart only where a cause has provably ended and the pods have not come back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from graph.confidence import parts, total
from graph.playbooks.transient_crash import PLAYBOOK
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    NOW,
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    items,
    pod,
    pods,
    restarted,
    revision,
    well,
    workload,
)
from tools.records import ContainerFacts, EventFacts, Evidence, ItemStatus, PodFacts

HOUR = 3600.0
RAN_WELL = revision(2, digest=NEW, replicas=3, seen_healthy_seconds=3 * DAY)


def came_back(seconds_ago: float, **more: Any) -> Any:
    """The database has been ready again for so long."""
    return dependency(recovered_at=ago(seconds_ago), **more)


def broken(since: float, *, crash: ContainerFacts | None = None, count: int = 3) -> tuple[PodFacts, ...]:
    """Pods with a readiness probe that have not been ready for so long, and crash."""
    return pods(count, "rs2", crash or back_off(), age=DAY, ready_changed=since)


def outage(*found: PodFacts, back: float = 120.0, **more: Any) -> Evidence:
    """Pods of a revision that had run well; the database came back `back` seconds ago."""
    base = {"pods": found or broken(600), "revisions": (RAN_WELL,), "dependencies": (came_back(back),)}
    return evidence(**{**base, **more})


def proved(found: Evidence) -> Finding | None:
    return PLAYBOOK.proves(found)


# its case


def test_pods_that_crash_since_their_database_was_down_and_is_back() -> None:
    """Proved, and sure enough to act; one restart with a fixed time."""
    found = outage()
    finding = proved(found)
    assert finding is not None
    assert finding.directness == 0.95
    assert "database" in finding.summary
    assert total(parts(finding, found, TARGET, "restart_deployment", ()), 0.8) >= 0.8

    (proposal,) = PLAYBOOK.candidates(finding, found, TARGET)
    assert proposal.call.name == "restart_deployment"
    assert proposal.call.args == {
        "namespace": "shop",
        "name": "web",
        "uid": "uid-web",
        "from_digest": NEW,
        "restarted_at": "2026-01-05T12:00:00Z",
    }
    assert (proposal.risk, proposal.workload_digest) == ("medium", NEW)


def test_without_the_ledger_a_long_life_before_will_do() -> None:
    """Pods that are three days old and have restarted five times had run well."""
    found = outage(*pods(3, "rs2", back_off(), age=3 * DAY, ready_changed=600.0), revisions=(unknown(),))
    finding = proved(found)
    assert finding is not None
    assert finding.directness == 0.85


def unknown() -> Any:
    """The current revision, which the ledger never saw."""
    return revision(2, digest=NEW, replicas=3)


def test_no_candidates_without_the_workload() -> None:
    """There is nothing to bind a write to."""
    finding = proved(outage())
    assert finding is not None
    assert PLAYBOOK.candidates(finding, outage(workload=None), TARGET) == []


@pytest.mark.parametrize(
    ("delay", "proves"),
    [
        pytest.param("10s", False, id="the first back-off: broken for 70 s at least"),
        pytest.param("40s", False, id="three back-offs: for 90 s at least"),
        pytest.param("1m20s", True, id="four: for 130 s"),
        pytest.param("5m0s", True, id="the longest: for 350 s"),
        pytest.param("", False, id="the message does not say"),
    ],
)
def test_how_long_a_loop_has_lasted_is_told_by_its_back_off(delay: str, proves: bool) -> None:
    """Without a readiness probe Ready tells of the newest crash only, 60 s ago; the database came back 120 s ago."""
    looping = pods(3, "rs2", back_off(1, delay=delay), age=DAY, ready_changed=60.0)
    assert (proved(outage(*looping)) is not None) == proves


def test_a_run_that_was_a_restart_follows_an_earlier_crash() -> None:
    """Its newest run lasted from 200 s to 60 s ago, and it was not the first: it had crashed before."""
    long_run = pods(3, "rs2", back_off(2, life=140.0), age=DAY, ready_changed=60.0)
    assert proved(outage(*long_run)) is not None
    first_crash = pods(3, "rs2", back_off(0, life=140.0), age=DAY, ready_changed=60.0)
    assert proved(outage(*first_crash)) is None


def test_a_loop_that_runs_and_is_ready_just_now() -> None:
    """Between two crashes."""
    between = pods(3, "rs2", restarted(1.0, gap=160.0), age=DAY, ready=True, ready_changed=1.0)
    assert proved(outage(*between)) is not None


# look-alikes


def test_not_while_the_dependency_is_still_down() -> None:
    """A restart makes new pods that crash as well."""
    assert proved(outage(dependencies=(dependency(ready=0),))) is None


def test_not_while_another_dependency_is_down() -> None:
    """The database is back, the queue is not; or it is scaled to zero."""
    for down in (dependency("queue", ready=0), dependency("queue", pods=0, ready=0)):
        assert proved(outage(dependencies=(came_back(120), down))) is None


def test_not_while_some_of_its_pods_are_not_ready() -> None:
    """No instant since which all of them are."""
    assert proved(outage(dependencies=(dependency(pods=3, ready=2),))) is None


@pytest.mark.parametrize("status", ["failed", "forbidden"])
def test_not_when_a_dependency_could_not_be_read(status: ItemStatus) -> None:
    """One of those that could not be read may be down."""
    assert proved(outage(items=items(dependencies=status))) is None


def test_not_when_it_recovered_before_the_pods_broke() -> None:
    """The database was restarted this morning: its recovery is no cause that ended."""
    assert proved(outage(back=700)) is None
    assert proved(outage(back=599)) is not None


def test_not_when_a_pod_that_was_made_since_crashes_too() -> None:
    """A restart would make more of these."""
    since = pod("new", "rs2", back_off(3), age=100.0)
    assert proved(outage(*broken(600), since)) is None
    before = pod("new", "rs2", back_off(3), age=130.0)
    assert proved(outage(*broken(600), before)) is not None


def test_not_when_one_of_several_pods_of_the_dependency_was_merely_replaced() -> None:
    """The newest of three is younger than the crash, the oldest had been ready all along."""
    never_down = came_back(120, pods=3, ready=3, ready_since=ago(9 * DAY))
    assert proved(outage(dependencies=(never_down,))) is None
    all_down = came_back(120, pods=3, ready=3, ready_since=ago(125))
    assert proved(outage(dependencies=(all_down,))) is not None


def test_not_without_any_dependency() -> None:
    """Nothing shows a cause that has ended."""
    assert proved(outage(dependencies=())) is None
    assert proved(outage(dependencies=(dependency(),))) is None


def test_not_a_new_revision() -> None:
    """It has never run well: the release may be what is wrong."""
    young = pods(3, "rs2", back_off(), age=600.0)
    assert proved(outage(*young, revisions=(unknown(), revision(1)))) is None


def test_not_a_revision_that_was_seen_healthy_too_shortly() -> None:
    """Nine minutes are not ten."""
    seen = revision(2, digest=NEW, replicas=3, seen_healthy_seconds=599.0)
    assert proved(outage(*pods(3, "rs2", back_off(), age=600.0), revisions=(seen,))) is None


@pytest.mark.parametrize(
    "crash",
    [
        pytest.param(back_off(code=126), id="cannot be executed"),
        pytest.param(back_off(code=127), id="not found"),
        pytest.param(back_off(code=128, reason="StartError"), id="cannot be started"),
        pytest.param(back_off(code=137, reason="OOMKilled"), id="killed for memory"),
    ],
)
def test_not_a_cause_that_a_restart_cannot_mend(crash: ContainerFacts) -> None:
    """The same command, the same limit, the same end; one of three is enough."""
    assert proved(outage(*broken(600, crash=crash))) is None
    assert proved(outage(*broken(600, count=2), *pods(1, "rs2", crash, age=DAY, ready_changed=600.0))) is None


def test_killed_without_the_kernel_s_word_is_no_memory() -> None:
    """137 is any SIGKILL: of a failing liveness probe, for one."""
    assert proved(outage(*broken(600, crash=back_off(code=137)))) is not None


def test_not_pods_that_came_back_by_themselves() -> None:
    """They crashed once after days and have been running again since."""
    back = pods(
        3, "rs2", restarted(90.0, life=DAY, gap=600.0, restarts=1), age=DAY, ready=True, ready_changed=90.0
    )
    assert proved(outage(*back)) is None


def test_not_pods_that_do_not_crash() -> None:
    """Running and not ready: nothing says what a restart would change."""
    assert proved(outage(*pods(3, "rs2", well(), age=DAY, ready_changed=600.0))) is None


def test_not_pods_of_an_older_revision() -> None:
    """What the template asks for now is what a restart would start."""
    older = pods(3, "rs1", back_off(), age=DAY, ready_changed=600.0)
    assert proved(outage(*older, revisions=(RAN_WELL, revision(1)))) is None


def test_not_while_the_newest_template_has_no_revision_yet() -> None:
    """Somebody releases something this very moment."""
    assert proved(outage(workload=workload(template_digest="digest-newest"))) is None


def test_long_after_the_recovery_it_is_a_person_s_decision() -> None:
    """Two hours of crashes with the database up may have another reason: below the threshold."""
    found = outage(*broken(3 * HOUR), back=2 * HOUR)
    finding = proved(found)
    assert finding is not None
    assert total(parts(finding, found, TARGET, "restart_deployment", ()), 0.8) < 0.8


def test_the_time_of_the_restart_is_that_of_the_evidence() -> None:
    """Proposed again from the same evidence, it is the same call."""
    found = outage()
    finding = proved(found)
    assert finding is not None
    first, second = (PLAYBOOK.candidates(finding, found, TARGET)[0] for _ in range(2))
    assert first == second
    assert datetime.fromisoformat(str(first.call.args["restarted_at"])) == NOW


@pytest.mark.parametrize(
    ("delay", "since", "proves"),
    [
        pytest.param("5m0s", 900.0, True, id="the longest, seen first 900 s ago"),
        pytest.param("5m0s", 400.0, False, id="the longest, seen first only after the database was back"),
        pytest.param("2m40s", 900.0, False, id="not the longest: the loop is younger than its first event"),
    ],
)
def test_events_tell_since_when_a_loop_has_the_longest_back_off(
    delay: str, since: float, proves: bool
) -> None:
    """The back-off has stopped growing, and the database came back 500 s ago."""
    looping = pods(3, "rs2", back_off(9, delay=delay), age=DAY, ready_changed=60.0)
    told = EventFacts(
        kind="Pod",
        name="rs2-0",
        type="Warning",
        reason="BackOff",
        message="Back-off restarting failed container app in pod rs2-0_shop(uid-rs2-0)",
        first_seen=ago(since),
    )
    assert (proved(outage(*looping, back=500.0, events=(told,))) is not None) == proves
