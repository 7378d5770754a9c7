"""Bad release: proved on its case, and not on what only looks like it (kubernetes.md 4.6, R4.11-R4.13)."""

from __future__ import annotations

from typing import Any

import pytest

from graph.playbooks.bad_release import PLAYBOOK
from graph.state import Finding
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    OLD,
    TARGET,
    ago,
    back_off,
    dependency,
    evidence,
    item,
    items,
    pod,
    pods,
    ready_pod,
    ready_pods,
    released,
    restarted,
    revision,
    waits,
    well,
    workload,
)
from tools.data_migrations import NOTHING_TO_DO, UNTOLD
from tools.records import Evidence, EvidenceItem, PodFacts

SERVING = ready_pods(3, "rs1")
MINUTE, HOUR = 60.0, 3600.0


def proved(found: Evidence) -> Finding | None:
    return PLAYBOOK.proves(found)


def crashing(count: int = 1, **more: Any) -> tuple[PodFacts, ...]:
    """New pods that crash after two seconds, again and again."""
    return pods(count, "rs2", back_off(), **more)


def hanging(count: int = 1, *, age: float = 900.0, **more: Any) -> tuple[PodFacts, ...]:
    """New pods that run and have never been ready."""
    return pods(count, "rs2", well(age - 5), age=age, **more)


LATE: dict[str, Any] = {"workload": workload(progressing_reason="ProgressDeadlineExceeded")}
ON_TIME: dict[str, Any] = {"workload": workload(progressing_reason="ReplicaSetUpdated")}


# its case


def test_a_release_that_crashes_while_older_pods_serve() -> None:
    """The plain case: proved by API facts alone, with the rollback to what still serves."""
    found = released(*crashing(), older=SERVING)
    finding = proved(found)
    assert finding is not None
    assert finding.directness == 1.0
    assert finding.evidence == ("e2", "e3", "e4")
    assert any("3 pods" in line for line in finding.ruled_out)

    (proposal,) = PLAYBOOK.candidates(finding, found, TARGET)
    assert proposal.call.args["to_replicaset"] == "rs1"
    assert (proposal.health_proof, proposal.risk, proposal.problem) == ("proved", "high", "bad_release")


def test_a_release_that_took_every_older_pod_with_it() -> None:
    """Recreate, or a crash between whose starts the pods looked ready: without proof it is less direct."""
    finding = proved(released(*crashing(3)))
    assert finding is not None
    assert finding.directness == 0.85
    assert not any("older" in line for line in finding.ruled_out)


def test_the_ledger_makes_it_direct_again() -> None:
    """The older revision is gone, but was seen healthy."""
    older = revision(1, seen_healthy_seconds=5000.0)
    found = released(*crashing(3), revisions=(revision(2, digest=NEW, age=600), older))
    finding = proved(found)
    assert finding is not None
    assert finding.directness == 1.0


@pytest.mark.parametrize(
    "reason", ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"]
)
def test_a_release_that_cannot_be_started(reason: str) -> None:
    """A missing ConfigMap, a bad mount, a command that is not there."""
    finding = proved(released(*pods(1, "rs2", waits(reason)), older=SERVING))
    assert finding is not None
    assert f"cannot start ({reason}" in finding.summary


def test_an_init_container_that_crashes() -> None:
    """It keeps the release from starting: a check, a download, a wait for the wrong host."""
    found = released(
        *pods(1, "rs2", back_off(name="check", init=True), waits("PodInitializing")), older=SERVING
    )
    finding = proved(found)
    assert finding is not None
    assert "init container check" in finding.summary
    assert [p.call.name for p in PLAYBOOK.candidates(finding, found, TARGET)] == ["rollback_deployment"]


def test_a_migration_that_fails_while_all_older_pods_serve_is_left_to_people() -> None:
    """What it has changed already nobody knows here. Where older pods do not suffice, going back is asked for."""
    migration = pods(1, "rs2", back_off(name="db-migrate", init=True), waits("PodInitializing"))
    served = released(*migration, older=SERVING)
    finding = proved(served)
    assert finding is not None
    assert PLAYBOOK.candidates(finding, served, TARGET) == []
    assert "what the migration says" in finding.next_step
    short = released(*migration, older=SERVING, workload=workload(desired=20))
    short_finding = proved(short)
    assert short_finding is not None
    assert PLAYBOOK.candidates(short_finding, short, TARGET) != []


def test_a_crash_loop_that_is_ready_just_now() -> None:
    """Without a readiness probe new pods are ready between two crashes."""
    looping = pods(3, "rs2", restarted(1.0), ready=True, ready_changed=1.0)
    assert proved(released(*looping)) is not None


def test_killed_for_memory_from_the_start() -> None:
    """It began with the revision: the revision is the cause."""
    killed = back_off(code=137, reason="OOMKilled", life=20.0)
    assert proved(released(*pods(1, "rs2", killed), older=SERVING)) is not None


def test_a_release_that_hangs_past_the_progress_deadline() -> None:
    """Running, never ready, and the Deployment gave up on it."""
    finding = proved(released(*hanging(), older=SERVING, **LATE))
    assert finding is not None
    assert "was never ready" in finding.summary


def test_a_release_that_hangs_where_there_is_no_deadline() -> None:
    """Without a deadline there is no Progressing condition: ten minutes have to do."""
    none: dict[str, Any] = {"workload": workload(progressing_reason="")}
    assert proved(released(*hanging(age=601), older=SERVING, **none)) is not None
    assert proved(released(*hanging(age=590), older=SERVING, **none)) is None


def test_two_bad_releases_in_a_row() -> None:
    """The one before was bad as well: back to the one that was seen healthy."""
    revisions = (
        revision(3, digest=NEW, age=300, replicas=3),
        revision(2, digest="digest-bad", age=600, seen_current_seconds=300.0, seen_ill=True),
        revision(1, seen_healthy_seconds=5000.0, seen_current_seconds=3 * DAY),
    )
    found = evidence(pods=pods(3, "rs3", back_off(), age=300), revisions=revisions)
    finding = proved(found)
    assert finding is not None
    (proposal,) = PLAYBOOK.candidates(finding, found, TARGET)
    assert proposal.call.args["to_revision"] == 1


def test_proved_without_a_way_back_is_explained() -> None:
    """The only older revision lived five minutes: nothing is proposed, and it says so."""
    short = revision(1, age=900, seen_current_seconds=300.0)
    found = released(*crashing(3), revisions=(revision(2, digest=NEW, age=600), short))
    finding = proved(found)
    assert finding is not None
    assert PLAYBOOK.candidates(finding, found, TARGET) == []
    assert "mend the release: kubectl edit" in finding.next_step


def test_a_second_start_of_the_same_bad_release() -> None:
    """Somebody restarted it in hope: two ReplicaSets of one template, both young, neither ever well."""
    revisions = (
        revision(3, digest=NEW, age=300, replicas=3),
        revision(2, digest=NEW, age=900),
        revision(1, seen_healthy_seconds=5000.0),
    )
    found = evidence(pods=pods(3, "rs3", back_off(), age=300), revisions=revisions)
    assert proved(found) is not None


# look-alikes


def test_not_a_revision_that_ran_well_by_the_ledger() -> None:
    """It was ready for ten minutes once: something else has changed."""
    seen = revision(2, digest=NEW, age=HOUR, seen_healthy_seconds=600.0, replicas=3)
    older = revision(1, seen_healthy_seconds=5000.0)
    assert proved(released(*crashing(3), revisions=(seen, older))) is None
    briefly = seen.model_copy(update={"seen_healthy_seconds": 599.0})
    assert proved(released(*crashing(3), revisions=(briefly, older))) is not None


def test_not_pods_that_lived_for_long() -> None:
    """They ran for an hour before they crashed: not broken from the start."""
    slow = pods(3, "rs2", back_off(1, life=HOUR), age=2 * HOUR)
    assert proved(released(*slow, age=2 * HOUR)) is None


def test_not_a_slow_leak() -> None:
    """Killed for memory after twelve minutes: growth, not a release that cannot run."""
    leak = back_off(1, code=137, reason="OOMKilled", life=720.0)
    assert proved(released(*pods(1, "rs2", leak, age=800), older=SERVING, age=800)) is None


def test_not_while_a_pod_of_the_template_has_run_well_for_long() -> None:
    """Two of five pods crash-looped from their start, others of the same revision are ready for an hour."""
    found = released(*crashing(4), ready_pod("ok", "rs2", age=HOUR), age=2 * HOUR)
    assert proved(found) is None
    young = released(*crashing(4), ready_pod("ok", "rs2", age=5 * MINUTE), age=2 * HOUR)
    assert proved(young) is not None


def test_not_when_older_pods_fail_too() -> None:
    """A shared cause: the database's password was changed."""
    older = (*SERVING[:2], pod("old", "rs1", back_off()))
    assert proved(released(*crashing(), older=older)) is None
    stuck = (*SERVING[:2], pod("old", "rs1", waits("CreateContainerConfigError")))
    assert proved(released(*crashing(), older=stuck)) is None


def test_an_older_pod_that_crashed_once_days_ago_does_not_fail() -> None:
    """A restart count that is not zero is normal after weeks."""
    old = pod("old", "rs1", restarted(5 * DAY, restarts=3), ready=True, age=9 * DAY)
    assert proved(released(*crashing(), older=(*SERVING[:2], old))) is not None


def test_not_while_a_dependency_is_down() -> None:
    """The release came in the middle of a database outage."""
    found = released(*crashing(), older=SERVING, dependencies=(dependency(ready=0),))
    assert proved(found) is None


def test_not_until_it_has_failed_with_everything_back() -> None:
    """The database came back after the newest crash: the next start may work."""
    back = dependency(recovered_at=ago(30), ready_since=ago(30))
    assert proved(released(*crashing(), older=SERVING, dependencies=(back,))) is None
    earlier = dependency(recovered_at=ago(90), ready_since=ago(90))
    assert proved(released(*crashing(), older=SERVING, dependencies=(earlier,))) is not None


def test_a_pod_that_hangs_gets_time_after_a_dependency_is_back() -> None:
    """Five minutes to notice."""
    for recovered, expected in ((200.0, False), (400.0, True)):
        back = dependency(recovered_at=ago(recovered))
        found = released(*hanging(), older=SERVING, dependencies=(back,), **LATE)
        assert (proved(found) is not None) == expected


def test_a_dependency_that_could_not_be_read_lowers_directness() -> None:
    """It may be the cause: below the threshold, and not ruled out."""
    found = released(*crashing(), older=SERVING, items=items(dependencies="forbidden"))
    finding = proved(found)
    assert finding is not None
    assert finding.directness == 0.6
    assert not any("dependency" in line for line in finding.ruled_out)


def test_not_one_of_many() -> None:
    """One of four new pods crashes: a bad node, or bad luck. Half is not most."""
    fine = [ready_pod(f"n{i}", "rs2", age=5 * MINUTE) for i in range(3)]
    assert proved(released(*crashing(1), *fine)) is None
    assert proved(released(*crashing(2), *fine[:2])) is None
    assert proved(released(*crashing(3), *fine[:1])) is not None


def test_not_one_of_many_beyond_those_that_were_read() -> None:
    """At most 100 pods are listed, the failing ones first: the ReplicaSet says how many there are."""
    shown = (*crashing(60), *ready_pods(40, "rs2", age=5 * MINUTE))
    large = revision(2, digest=NEW, age=600, replicas=300)
    assert proved(released(*shown, revisions=(large, revision(1)))) is None
    small = large.model_copy(update={"replicas": 100})
    assert proved(released(*shown, revisions=(small, revision(1)))) is not None


def test_not_a_slow_starter_within_its_deadline() -> None:
    """Eight minutes without being ready, but the rollout still has time."""
    assert proved(released(*hanging(age=480), older=SERVING, **ON_TIME)) is None


def test_not_a_pod_that_was_ready_and_is_not_any_more() -> None:
    """It became ready and lost it: no hang from the start."""
    lost = pods(1, "rs2", well(1700.0), age=1800.0, ready_changed=600.0)
    assert proved(released(*lost, older=SERVING, age=1800.0, **LATE)) is None


def test_a_pod_that_waited_for_a_node_was_never_ready_either() -> None:
    """Its Ready condition was set when it was scheduled, minutes after its birth."""
    waited = pods(1, "rs2", well(700.0), age=1200.0, ready_changed=705.0)
    assert proved(released(*waited, older=SERVING, age=1200.0, **LATE)) is not None


def test_not_a_pod_whose_container_has_not_started() -> None:
    """A volume that cannot be mounted, an init container that waits: the release's code has not run."""
    creating = pods(1, "rs2", well(890.0, name="proxy"), waits("ContainerCreating"), age=900.0)
    assert proved(released(*creating, older=SERVING, **LATE)) is None
    unscheduled = pods(1, "rs2", age=900.0, phase="Pending", unschedulable="0/3 nodes are available")
    assert proved(released(*unscheduled, older=SERVING, **LATE)) is None


def test_not_a_hang_that_older_pods_share() -> None:
    """Old and new pods run and are not ready: what they wait for is not in the release."""
    older = pods(3, "rs1", well(), age=DAY, ready_changed=900.0)
    assert proved(released(*hanging(), older=older, **LATE)) is None
    mostly = (*older[:1], *SERVING[1:])
    assert proved(released(*hanging(), older=mostly, **LATE)) is not None


def test_not_an_image_error() -> None:
    """Another class, with its own playbook."""
    assert proved(released(*pods(1, "rs2", waits("ImagePullBackOff")), older=SERVING)) is None


def test_not_a_restart_of_a_release_that_ran_well() -> None:
    """R4.11: same template, new number. Its pods of before the restart are ready still."""
    revisions = (
        revision(3, digest=NEW, age=600, replicas=1),
        revision(2, digest=NEW, age=2 * HOUR, replicas=2, ready=2),
        revision(1),
    )
    new = pods(1, "rs3", back_off())
    found = evidence(pods=(*new, *ready_pods(2, "rs2", age=2 * HOUR)), revisions=revisions)
    assert proved(found) is None


def test_not_a_restart_of_a_release_of_last_week() -> None:
    """The ReplicaSet is ten minutes old, the template is not."""
    revisions = (
        revision(3, digest=NEW, age=600, replicas=3),
        revision(2, digest=NEW, age=7 * DAY),
        revision(1, age=20 * DAY, seen_healthy_seconds=5000.0),
    )
    assert proved(evidence(pods=pods(3, "rs3", back_off()), revisions=revisions)) is None


def test_not_a_revision_older_than_a_day() -> None:
    """It has been current for three days: even if all its pods are young, as after a drained node."""
    found = released(*crashing(3), revisions=(revision(2, digest=NEW, age=3 * DAY), revision(1, age=9 * DAY)))
    assert proved(found) is None


def test_a_rollback_renumbers_an_old_replicaset() -> None:
    """Gone back to an hour ago, it fails from the start: its own age says nothing, that of its pods does."""
    renumbered = revision(3, digest=NEW, age=9 * DAY, replicas=3)
    abandoned = revision(2, digest="digest-2", age=2 * HOUR)
    oldest = revision(1, digest="digest-1", age=20 * DAY, seen_healthy_seconds=5000.0)
    new = pods(3, "rs3", back_off(14), age=HOUR)
    found = evidence(pods=new, revisions=(renumbered, abandoned, oldest))
    finding = proved(found)
    assert finding is not None
    (proposal,) = PLAYBOOK.candidates(finding, found, TARGET)
    assert proposal.call.args["to_revision"] == 1

    old = pods(3, "rs3", back_off(600), age=2 * DAY)
    assert proved(evidence(pods=old, revisions=(renumbered, abandoned, oldest))) is None


def test_not_the_first_revision_ever() -> None:
    """Nothing to go back to, nothing to compare with."""
    assert proved(released(*crashing(3), revisions=(revision(1, name="rs2", digest=NEW, age=600),))) is None


def test_not_while_the_controller_has_not_seen_the_newest_template() -> None:
    """Somebody mends the release this very moment: its ReplicaSet is not there yet."""
    newer: dict[str, Any] = {"workload": workload(template_digest="digest-newest")}
    assert proved(released(*crashing(), older=SERVING, **newer)) is None


def test_not_when_another_revision_is_numbered_higher() -> None:
    """R4.13: the bad revision's ReplicaSet is the newest; otherwise the picture is torn."""
    revisions = (revision(3, digest=OLD), revision(2, digest=NEW, age=600))
    assert proved(released(*crashing(3), revisions=revisions)) is None


def test_terminating_and_evicted_pods_do_not_count() -> None:
    """What is on its way out proves nothing."""
    gone = (*crashing(1, deleting=True), *crashing(1, phase="Failed"))
    assert proved(released(*gone, older=SERVING)) is None


def test_not_without_pods() -> None:
    """A quota keeps the controller from making any."""
    assert proved(released(older=SERVING, **LATE)) is None


def test_changed_configuration_is_not_brought_back_by_a_rollback() -> None:
    """The containers of both revisions are the same: explained, with what to restore; a real release asks."""
    crash = pod("x", "rs2", back_off(), age=600)
    one, two = revision(1, release_digest="a"), revision(2, digest=NEW, age=600, release_digest="a")
    same = evidence(pods=(crash, *ready_pods(3, "rs1")), revisions=(two, one.model_copy(update={"ready": 3})))
    finding = PLAYBOOK.proves(same)
    assert finding is not None
    assert PLAYBOOK.candidates(finding, same, TARGET) == []
    assert "ConfigMap" in finding.next_step

    released = two.model_copy(update={"release_digest": "b"})
    other = same.model_copy(update={"revisions": (released, same.revisions[1])})
    assert len(PLAYBOOK.candidates(finding, other, TARGET)) == 1


@pytest.mark.parametrize(
    ("days", "reason", "serving", "proved"),
    [
        (3, "ProgressDeadlineExceeded", 3, True),
        (8, "ProgressDeadlineExceeded", 3, False),
        (3, "ReplicaSetUpdated", 3, False),
        (3, "ProgressDeadlineExceeded", 0, False),
    ],
)
def test_a_rollout_that_has_hung_since_it_began_is_not_over(
    days: float, reason: str, serving: int, proved: bool
) -> None:
    """Older than a day, and still the release: its deadline is over, and pods of the one before serve."""
    late = workload(progressing_reason=reason, updated=1)
    bad = pod("new", "rs2", back_off(restarts=int(days * 280)), age=days * DAY)
    found = released(bad, older=ready_pods(serving, "rs1", age=9 * DAY), age=days * DAY, workload=late)
    assert (PLAYBOOK.proves(found) is not None) is proved


@pytest.mark.parametrize(
    ("before", "proved"), [(("Secret db", "Secret db key a"), False), (("Secret db",), True)]
)
def test_a_key_that_the_revision_before_takes_too_was_taken_away(
    before: tuple[str, ...], proved: bool
) -> None:
    """One that only the newest takes is its own mistake."""
    container = waits("CreateContainerConfigError", waiting_message="couldn't find key a in Secret shop/db")
    found = released(pod("new", "rs2", container), older=ready_pods(3, "rs1"))
    current, older = found.revisions
    older = older.model_copy(update={"refers_to": before})
    assert (PLAYBOOK.proves(found.model_copy(update={"revisions": (current, older)})) is not None) is proved


# a migration that has run


MIGRATED = "Successfully applied 3 migrations"


def after_migrating(said: str, older: tuple[PodFacts, ...] = (), told: str = NOTHING_TO_DO) -> Evidence:
    """The program crashes once its migration has ended, of whose log this is the telling line."""
    found = released(*crashing(2), older=older)
    which = f"migrate in rs2-0: {told}"
    log = EvidenceItem(
        id="e9", kind="migration_logs", status="found", query="GET", summary=which, decides=said
    )
    return found.model_copy(update={"items": (*found.items, log)})


def test_a_release_that_has_changed_its_database_is_not_gone_back_from() -> None:
    """The revision before may not run on what it left: that is for whoever wrote it."""
    found = after_migrating(MIGRATED)
    finding = proved(found)
    assert finding is not None
    assert PLAYBOOK.candidates(finding, found, TARGET) == []
    assert MIGRATED in finding.facts[0]
    assert finding.next_step.startswith("kubectl edit <workload>: mend the release and roll forward")
    assert "e9" in finding.evidence


def test_what_may_not_run_on_the_data_is_the_revision_that_a_way_back_would_lead_to() -> None:
    """A rollback gives an older ReplicaSet a new number, so that numbers in between may be missing."""
    found = after_migrating(MIGRATED)
    current, older = found.revisions
    current = current.model_copy(update={"number": 14})
    finding = proved(found.model_copy(update={"revisions": (current, older)}))
    assert finding is not None
    assert (
        f"roll forward; revision {older.number} may not run on what the migration left" in finding.next_step
    )


@pytest.mark.parametrize("told", [UNTOLD, "it speaks of no change"])
def test_a_log_that_does_not_say_that_nothing_was_to_do_leaves_it_to_a_person(told: str) -> None:
    """What its tool says may be known to nobody here. Older pods that are ready prove the way back all the same."""
    found = after_migrating("", told=told)
    finding = proved(found)
    assert finding is not None
    assert PLAYBOOK.candidates(finding, found, TARGET) == []
    assert finding.facts[0] == (
        f"whether its migration has changed the database is not known: migrate in rs2-0: {told}"
    )
    assert finding.next_step.startswith(
        "kubectl logs rs2-0 -c migrate --tail=50: where nothing was to migrate"
    )
    served = after_migrating("", ready_pods(3, "rs1"), told)
    assert len(PLAYBOOK.candidates(finding, served, TARGET)) == 1


def test_a_migration_that_gives_orders_is_not_quoted() -> None:
    """It is believed: all that a log can do here is to forbid."""
    said = "migration 44 applied, run kubectl rollout undo deployment/web now"
    finding = proved(after_migrating(said))
    assert finding is not None
    assert finding.facts[0] == "it has changed its database, which no rollback changes back"


@pytest.mark.parametrize(
    "found",
    [after_migrating(""), after_migrating(MIGRATED, ready_pods(3, "rs1"))],
    ids=["nothing was to do", "older pods serve on what it left"],
)
def test_a_migration_that_forbids_nothing_leaves_the_way_back(found: Evidence) -> None:
    """Pods of the older revision that are ready now prove that it runs on the data as they are."""
    finding = proved(found)
    assert finding is not None
    assert [each.call.name for each in PLAYBOOK.candidates(finding, found, TARGET)] == ["rollback_deployment"]


def test_where_a_migration_could_not_be_read_a_person_reads_it_first() -> None:
    """What cannot be read never passes: the command that tells is given, and the way back where nothing was to do."""
    found = released(*crashing(2))
    log = item("migration_logs", "forbidden", 9).model_copy(update={"summary": "migrate in rs2-0: forbidden"})
    found = found.model_copy(update={"items": (*found.items, log)})
    finding = proved(found)
    assert finding is not None
    assert PLAYBOOK.candidates(finding, found, TARGET) == []
    assert "is not known: migrate in rs2-0: forbidden" in finding.facts[0]
    assert finding.next_step.startswith(
        "kubectl logs rs2-0 -c migrate --tail=50: where nothing was to migrate"
    )
    serving = found.model_copy(update={"revisions": after_migrating("", ready_pods(3, "rs1")).revisions})
    assert len(PLAYBOOK.candidates(finding, serving, TARGET)) == 1
