"""What becomes of alerts: incidents, episodes, repeats and resolves (product.md section 3, kubernetes.md 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.made_alerts import BEGIN, body, firing, real_bodies, resolved
from tools.alertmanager import parse
from tools.approvals import Approval, SqlApprovals
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import NotFound, Refused
from tools.inbox import Accepted, Inbox
from tools.incidents import Incident, SqlIncidents
from tools.records import Evidence, Target
from tools.schema import alerts, episodes, incidents

pytest_plugins = ("tests.record_store",)
WEB = Target(kind="Deployment", namespace="shop", name="web", uid="uid-web")
OTHER_POD = "web-7c9f8d6b5-zt9wm"
Send = Callable[..., Accepted]


@pytest.fixture
def inbox(store: Database, still: ManualClock) -> Inbox:
    """The inbox under test."""
    return Inbox(store, still)


@pytest.fixture
def record(store: Database, still: ManualClock) -> SqlIncidents:
    """The record that it writes."""
    return SqlIncidents(store, still)


@pytest.fixture
def send(inbox: Inbox, still: ManualClock) -> Send:
    """Accept a body of these entries, a second after the one before."""

    def accept(*entries: Any, **fields: Any) -> Accepted:
        still.advance(1)
        return inbox.accept(parse(body(*entries, **fields), now=still.now()))

    return accept


def count(store: Database, table: Any, *conditions: Any) -> int:
    """Rows of a table."""
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()


def rows(store: Database, table: Any) -> list[Any]:
    """All rows of a table, oldest first."""
    with store.read() as connection:
        return list(connection.execute(select(table).order_by(table.c.id)))


def open_episodes(store: Database) -> int:
    """Episodes whose alerts have not resolved."""
    return count(store, episodes, episodes.c.closed_at.is_(None))


def finish(record: SqlIncidents, still: ManualClock, incident_id: str, status: str = "notified") -> Incident:
    """The run looks at the cluster, and ends."""
    still.advance(1)
    record.save_evidence(incident_id, Evidence(collected_at=still.now()))
    still.advance(1)
    record.end(incident_id, status)
    return record.get(incident_id)


def test_the_real_bodies_in_order_are_one_incident(
    inbox: Inbox, record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """Partial resolve, truncated group, late copies: one run, one episode, closed by the last resolve."""
    told = []
    for sent in real_bodies():
        told.append(inbox.accept(parse(sent, now=still.now())))
        still.advance(5)
    (incident_id,) = {one for answer in told for one in answer.incident_ids}
    counts = [(t.opened, t.joined, t.repeated, t.resolved) for t in told]
    assert counts == [(1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 0, 1), (0, 0, 2, 0), (0, 0, 0, 1), (0, 0, 1, 0)]
    assert [answer.wake for answer in told] == [(incident_id,), (), (), (), (incident_id,), ()]
    assert [alert.status for alert in record.alerts(incident_id)] == ["resolved", "resolved"]
    assert open_episodes(store) == 0
    incident = record.get(incident_id)
    assert (incident.status, incident.alert_name, incident.namespace) == (
        "received",
        "KubePodCrashLooping",
        "shop",
    )
    assert incident.description.startswith("Pod shop/web-7c9f8d6b5-bxk2q (web) is in waiting state")


def test_a_new_incident_is_received_and_due(send: Send, record: SqlIncidents, still: ManualClock) -> None:
    """It is driven at once, with no other message than the commit."""
    told = send(firing())
    assert told.opened == 1
    assert told.wake == told.incident_ids == tuple(record.due(still.now()))
    assert record.get(told.incident_ids[0]).began_at == still.now()


def test_a_body_that_says_resolved_for_a_cut_group_resolves_nothing_else(send: Send, store: Database) -> None:
    """With max_alerts the group status lies (R1.4): the alert that was cut off still fires."""
    one, two = firing(), firing(OTHER_POD)
    send(one, two)
    told = send(resolved(one), status="resolved", truncatedAlerts=1)
    assert (told.resolved, told.wake) == (1, ())
    assert open_episodes(store) == 1


def test_a_firing_alert_sent_again_is_only_counted(send: Send, record: SqlIncidents, store: Database) -> None:
    """Retries, repeat_interval, HA peers (R1.8)."""
    first = send(firing())
    again = send(firing())
    assert (again.opened, again.joined, again.repeated, again.wake) == (0, 0, 1, ())
    assert again.incident_ids == first.incident_ids
    (row,) = rows(store, alerts)
    assert (row.times, row.last_seen > row.first_seen) == (2, True)


def test_a_start_that_moves_back_is_the_same_alert(send: Send, store: Database) -> None:
    """Two Prometheus replicas differ by seconds, and Alertmanager keeps the earlier start (R1.10)."""
    send(firing(start=3))
    told = send(firing(start=0))
    assert (told.opened, told.repeated) == (0, 1)
    assert [row.starts_at for row in rows(store, alerts)] == [BEGIN]


def test_thirty_pods_of_one_deployment_are_one_incident(send: Send, record: SqlIncidents) -> None:
    """One body or thirty: one run with thirty alerts (R1.11)."""
    pods = [f"web-7c9f8d6b5-bxk{letter}{other}" for letter in "bcdfg" for other in "bcdfgh"]
    told = [send(*(firing(pod) for pod in pods[:10])), *(send(firing(pod)) for pod in pods[10:])]
    (incident_id,) = {one for answer in told for one in answer.incident_ids}
    assert sum(answer.opened for answer in told) == 1
    assert len(record.alerts(incident_id)) == 30


def test_another_alert_of_the_workload_joins_the_run(send: Send, record: SqlIncidents) -> None:
    """While a run goes on, whatever fires for its workload is part of it."""
    told = send(firing())
    joined = send(firing("", "KubeDeploymentReplicasMismatch", deployment="web"))
    assert (joined.opened, joined.joined, joined.incident_ids) == (0, 1, told.incident_ids)
    assert "KubeDeploymentReplicasMismatch joined" in [
        entry.text for entry in record.timeline(told.incident_ids[0])
    ]


def test_other_workloads_are_other_incidents(send: Send) -> None:
    """Another name, another namespace, another kind."""
    told = send(
        firing(),
        firing(namespace="cart"),
        firing("", deployment="api"),
        firing("", statefulset="web"),
        firing("", "KubeNodeNotReady", namespace="", node="n1"),
    )
    assert (told.opened, len(told.incident_ids)) == (5, 5)


def test_a_repeat_after_the_run_opens_nothing(send: Send, record: SqlIncidents, still: ManualClock) -> None:
    """The episode is open, the run has told what it had to tell."""
    told = send(firing())
    finish(record, still, told.incident_ids[0])
    again = send(firing())
    assert (again.opened, again.repeated, again.incident_ids) == (0, 1, told.incident_ids)
    assert record.due(still.now()) == []


def test_another_alert_after_the_run_is_a_linked_incident(
    send: Send, record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """Never swallowed: a new incident of the same episode that knows the one before."""
    first = send(firing()).incident_ids[0]
    finish(record, still, first)
    told = send(firing("", "KubeDeploymentReplicasMismatch", deployment="web"))
    second = record.get(told.incident_ids[0])
    assert told.opened == 1
    assert second.previous_id == first
    assert second.episode_id == record.get(first).episode_id
    assert open_episodes(store) == 1


def test_the_same_alert_of_a_pod_that_failed_later_is_a_linked_incident(
    send: Send, record: SqlIncidents, still: ManualClock
) -> None:
    """It began after the run had looked, so the run cannot have seen it."""
    first = send(firing()).incident_ids[0]
    finish(record, still, first)
    later = (still.now() - BEGIN).total_seconds() + 5
    told = send(firing(OTHER_POD, start=later))
    assert record.get(told.incident_ids[0]).previous_id == first


def test_the_same_alert_of_a_pod_that_the_run_saw_failing_is_a_repeat(
    send: Send, record: SqlIncidents, still: ManualClock
) -> None:
    """Thirty pods arrive one by one; a quick run ends before the last of them, and has judged them all."""
    first = send(firing()).incident_ids[0]
    finish(record, still, first)
    told = send(firing(OTHER_POD, start=1))
    assert (told.opened, told.repeated, told.incident_ids) == (0, 1, (first,))
    assert len(record.alerts(first)) == 2


@pytest.mark.parametrize("status", ["withdrawn", "ignored"])
def test_a_run_that_judged_nothing_covers_nothing(
    send: Send, record: SqlIncidents, still: ManualClock, status: str
) -> None:
    """After a withdrawn run the same alert of another pod is looked at."""
    first = send(firing()).incident_ids[0]
    finish(record, still, first, status)
    assert send(firing(OTHER_POD, start=1)).opened == 1


def test_an_alert_that_flaps_in_an_open_episode_is_a_repeat(
    send: Send, record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """One of two pods recovers and fails again: the same alert, and nothing new to tell."""
    one, two = firing(), firing(OTHER_POD)
    first = send(one, two).incident_ids[0]
    finish(record, still, first)
    send(resolved(one, end=60))
    after_the_look = (still.now() - BEGIN).total_seconds()
    told = send(firing(start=after_the_look))
    assert (told.opened, told.repeated) == (0, 1)
    assert [alert.status for alert in record.alerts(first)] == ["resolved", "firing", "firing"]


def test_the_last_resolve_closes_the_episode_and_wakes_the_run(
    send: Send, record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """A run that waits must get the chance to withdraw; it is due again (R1.14)."""
    one, two = firing(), firing(OTHER_POD)
    (incident_id,) = send(one, two).incident_ids
    record.set_status(incident_id, "awaiting_approval")
    record.wake(incident_id, None)
    assert (send(resolved(one)).wake, open_episodes(store)) == ((), 1)
    assert record.due(still.now()) == []
    told = send(resolved(two))
    assert (told.wake, told.resolved, open_episodes(store)) == ((incident_id,), 1, 0)
    assert record.due(still.now()) == [incident_id]


def test_a_resolve_never_ends_an_incident(send: Send, record: SqlIncidents) -> None:
    """A quiet alert is not a recovery (R1.14)."""
    (incident_id,) = send(firing()).incident_ids
    send(resolved(firing()))
    assert record.get(incident_id).ended_at is None


def test_a_resolve_after_the_run_wakes_nobody(send: Send, record: SqlIncidents, still: ManualClock) -> None:
    """The episode closes; the ended run stays as it is."""
    (incident_id,) = send(firing()).incident_ids
    ended = finish(record, still, incident_id)
    assert send(resolved(firing())).wake == ()
    assert record.get(incident_id) == ended


def test_firing_again_after_the_end_is_a_new_episode_that_knows_the_last(
    send: Send, record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """Resolve, then fire again: a new incident, linked, whether or not the old run has ended."""
    first = send(firing()).incident_ids[0]
    send(resolved(firing(), end=60))
    second = send(firing(start=90)).incident_ids[0]
    send(resolved(firing(start=90), end=120))
    finish(record, still, second)
    third = send(firing(start=150)).incident_ids[0]
    assert [record.get(one).previous_id for one in (first, second, third)] == ["", first, second]
    assert len({record.get(one).episode_id for one in (first, second, third)}) == 3
    assert count(store, episodes) == 3


def test_an_older_firing_body_does_not_reopen(send: Send, store: Database) -> None:
    """A delayed copy arrives after the resolve (R1.13)."""
    send(firing())
    send(resolved(firing(), end=60))
    told = send(firing())
    assert (told.opened, told.repeated, open_episodes(store)) == (0, 1, 0)
    assert count(store, alerts, alerts.c.status == "firing") == 0


def test_an_old_start_long_after_the_resolve_does_fire(send: Send, still: ManualClock) -> None:
    """A Prometheus that was cut off comes back with the first start of its alert: no delivery is that late."""
    send(firing())
    send(resolved(firing(), end=60))
    still.advance(2 * 3600)
    assert send(firing()).opened == 1


def test_an_older_resolve_does_not_end_what_fires_again(send: Send, store: Database) -> None:
    """A delayed copy of the first resolve arrives after the second firing."""
    send(firing())
    send(resolved(firing(), end=60))
    send(firing(start=90))
    told = send(resolved(firing(), end=60))
    assert (told.resolved, told.repeated, open_episodes(store)) == (0, 1, 1)


def test_a_resolve_for_an_alert_never_seen_is_stored_and_no_more(send: Send, store: Database) -> None:
    """Normal after a restart or a truncated group (R1.13)."""
    told = send(resolved(firing()))
    assert (told.ignored, told.incident_ids, told.wake) == (1, (), ())
    assert [(row.status, row.incident_id) for row in rows(store, alerts)] == [("resolved", None)]
    assert send(firing()).opened == 0
    assert send(firing(start=120)).opened == 1


@pytest.mark.parametrize(
    "entry",
    [
        firing("", "Watchdog", severity="none", namespace=""),
        firing("", "Watchdog", severity="critical"),
        firing("", "InfoInhibitor"),
        firing(severity="none"),
        firing(severity="Info"),
    ],
)
def test_what_is_no_problem_is_stored_and_no_more(send: Send, store: Database, entry: Any) -> None:
    """Watchdog, InfoInhibitor, severities none and info; resolved and sent again too."""
    assert [send(entry).ignored, send(entry).ignored, send(resolved(entry)).ignored] == [1, 1, 1]
    assert count(store, incidents) == 0
    assert [row.times for row in rows(store, alerts)] == [3]


def test_an_alert_that_nobody_knows_is_an_incident_all_the_same(send: Send, record: SqlIncidents) -> None:
    """No name, no namespace, no pod: it is read, explained and told (R1.7)."""
    (incident_id,) = send({"status": "firing", "labels": {"weird": "yes"}}).incident_ids
    assert record.get(incident_id).alert_name == ""


def test_a_malformed_alert_is_kept_beside_its_neighbours(send: Send, store: Database) -> None:
    """One of three: the others open their incidents, this one is a row with its reason."""
    told = send(firing(), {"status": "melting"}, firing("", deployment="api"))
    assert (told.opened, told.invalid) == (2, 1)
    (kept,) = [row for row in rows(store, alerts) if row.status == "invalid"]
    assert kept.note.startswith('alerts[1]: "status" is "melting"')
    assert "melting" in kept.annotations["excerpt"]


def test_every_alert_of_a_body_is_counted_once(send: Send) -> None:
    """What the answer says adds up."""
    send(firing(), firing("", deployment="api"))
    told = send(
        firing(), firing(OTHER_POD), resolved(firing("", deployment="api")), firing("", deployment="new"), None,
        firing("", "Watchdog"),
    )  # fmt: skip
    counts = told.model_dump(exclude={"incident_ids", "wake"})
    assert counts == {"opened": 1, "joined": 1, "repeated": 1, "resolved": 1, "ignored": 1, "invalid": 1}


def test_the_same_alert_twice_in_a_body_is_one(send: Send, store: Database) -> None:
    """And a resolve beside its own firing ends it."""
    told = send(firing(), firing(), resolved(firing()))
    assert (told.opened, told.repeated, told.resolved) == (1, 1, 1)
    assert [(row.status, row.times) for row in rows(store, alerts)] == [("resolved", 3)]
    assert open_episodes(store) == 0


def test_hostile_text_is_kept_as_text(send: Send, record: SqlIncidents) -> None:
    """Quotes, markup, SQL, control characters and surrogates change nothing but themselves."""
    nasty = "'; DROP TABLE incidents; -- <script>alert(1)</script> \x00\x1b[31m \ud800 {{7*7}} %s"
    entry = firing(nasty, nasty, deployment=nasty) | {"annotations": {"description": nasty, nasty: nasty}}
    (incident_id,) = send(entry).incident_ids
    kept = nasty.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert record.get(incident_id).alert_name == kept
    assert record.get(incident_id).description == kept
    assert record.alerts(incident_id)[0].annotations == {"description": kept, kept: kept}


def test_an_alert_that_came_as_the_run_ended_opens_the_next(
    send: Send, record: SqlIncidents, still: ManualClock
) -> None:
    """It joined after the last look; ending the run must not bury it."""
    (first,) = send(firing()).incident_ids
    record.save_evidence(first, Evidence(collected_at=still.now()))
    send(firing("", "KubeDeploymentReplicasMismatch", deployment="web"))
    record.end(first, "notified")
    (second,) = record.due(still.now())
    assert record.get(second).previous_id == first
    assert [alert.name for alert in record.alerts(second)] == ["KubeDeploymentReplicasMismatch"]
    assert [alert.name for alert in record.alerts(first)] == ["KubePodCrashLooping"]
    send(firing("", "KubeDeploymentReplicasMismatch", deployment="web"))
    assert record.due(still.now()) == [second]


def test_ending_a_run_that_saw_everything_opens_nothing(
    send: Send, record: SqlIncidents, still: ManualClock
) -> None:
    """Alerts that joined before the last look, and the same alert of pods that were failing then."""
    (first,) = send(firing()).incident_ids
    send(firing("", "KubeDeploymentReplicasMismatch", deployment="web"))
    still.advance(1)
    record.save_evidence(first, Evidence(collected_at=still.now()))
    send(firing(OTHER_POD, start=2))
    record.end(first, "notified")
    assert record.due(still.now()) == []
    assert len(record.alerts(first)) == 3


def test_a_late_alert_that_has_resolved_needs_no_run(
    send: Send, record: SqlIncidents, still: ManualClock
) -> None:
    """Only what fires is carried on."""
    (first,) = send(firing()).incident_ids
    record.save_evidence(first, Evidence(collected_at=still.now()))
    late = firing("", "KubeDeploymentReplicasMismatch", deployment="web")
    send(late)
    send(resolved(late))
    record.end(first, "notified")
    assert record.due(still.now()) == []


def approval(incident_id: str, still: ManualClock) -> Approval:
    """A pending approval."""
    return Approval(
        id="a1",
        incident_id=incident_id,
        digest="d",
        proposal={},
        shown={},
        created_at=still.now(),
        expires_at=still.now(),
    )


def test_a_decision_makes_the_run_due(
    send: Send, record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """In the same transaction, so that no kill can part them."""
    (incident_id,) = send(firing()).incident_ids
    record.wake(incident_id, None)
    approvals = SqlApprovals(store)
    approvals.request(approval(incident_id, still))
    assert record.due(still.now()) == []
    approvals.decide("a1", "approved", at=still.now())
    assert record.due(still.now()) == [incident_id]


def test_reopening_starts_one_new_run_over_what_fires(
    inbox: Inbox, send: Send, record: SqlIncidents, still: ManualClock
) -> None:
    """However often it is asked for."""
    (first,) = send(firing(), firing(OTHER_POD)).incident_ids
    send(resolved(firing(OTHER_POD)))
    finish(record, still, first, "expired")
    second = inbox.reopen(first)
    assert inbox.reopen(first) == second
    assert record.get(second).previous_id == first
    assert [alert.labels["pod"] for alert in record.alerts(second)] == ["web-7c9f8d6b5-bxk2q"]
    assert record.due(still.now()) == [second]
    assert send(resolved(firing())).wake == (second,)


def test_reopening_is_refused_where_there_is_nothing_to_decide(
    inbox: Inbox, send: Send, record: SqlIncidents, still: ManualClock
) -> None:
    """A run that goes on, alerts that have resolved, an id that is none."""
    (first,) = send(firing()).incident_ids
    with pytest.raises(Refused, match="goes on by itself"):
        inbox.reopen(first)
    finish(record, still, first, "expired")
    send(resolved(firing()))
    with pytest.raises(Refused, match="no alert of incident"):
        inbox.reopen(first)
    with pytest.raises(NotFound):
        inbox.reopen("none")


def test_what_fires_again_while_the_old_run_verifies_comes_back_to_it(
    send: Send, record: SqlIncidents, store: Database, still: ManualClock
) -> None:
    """A new incident at first; when it finds the same target it joins the old run and its episode opens again."""
    (first,) = send(firing()).incident_ids
    record.claim_target(first, WEB)
    record.set_status(first, "verifying")
    send(resolved(firing(), end=60))
    (second,) = send(firing(start=90)).incident_ids
    assert record.claim_target(second, WEB) == first
    assert (record.get(second).status, record.get(second).merged_into) == ("merged", first)
    assert [alert.status for alert in record.alerts(first)] == ["resolved", "firing"]
    assert open_episodes(store) == 1
    told = send(firing(OTHER_POD, start=95))
    assert (told.joined, told.incident_ids) == (1, (first,))
    record.end(first, "escalated")
    told = send(resolved(firing(start=90), end=120), resolved(firing(OTHER_POD, start=95), end=120))
    assert (told.resolved, open_episodes(store)) == (2, 0)
