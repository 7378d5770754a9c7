"""The global hold in the record: one row for each cause and time, and signs counted as of an instant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from tools.alertmanager import Parsed
from tools.audit import SqlAudit
from tools.clock import ManualClock
from tools.database import Database
from tools.hold_signs import SqlSigns
from tools.holds import SqlHolds
from tools.inbox import Inbox
from tools.records import Alert
from tools.revisions import SqlRevisions
from tools.schema import alerts, episodes, incidents

pytest_plugins = ("tests.record_store",)
MINUTES = timedelta(minutes=1)


@pytest.fixture
def holds(store: Database) -> SqlHolds:
    """The holds under test."""
    return SqlHolds(store)


@pytest.fixture
def signs(store: Database) -> SqlSigns:
    """The signs under test."""
    return SqlSigns(store)


def test_a_hold_outlives_the_process(
    holds: SqlHolds, store: Database, store_file: Path, still: ManualClock
) -> None:
    """Another opening of the same file reads it."""
    assert holds.engage("nodes_not_ready", "2 of 3 nodes", at=still.now(), weight=2)
    store.close()
    again = Database.open(f"sqlite:///{store_file}")
    (hold,) = SqlHolds(again).active(still.now())
    assert (hold.cause, hold.why, hold.since, hold.weight) == (
        "nodes_not_ready",
        "2 of 3 nodes",
        still.now(),
        2,
    )
    again.close()


def test_one_cause_holds_once_and_what_is_told_of_it_is_kept_up(
    holds: SqlHolds, store: Database, still: ManualClock
) -> None:
    """A second engagement changes the words and not the time, and is no second entry of the audit trail."""
    began = still.now()
    holds.engage("nodes_not_ready", "2 of 3 nodes", at=began, weight=2)
    still.advance(60)
    assert not holds.engage("nodes_not_ready", "3 of 3 nodes", at=still.now(), weight=3)
    (hold,) = holds.active(still.now())
    assert (hold.why, hold.weight, hold.since) == ("3 of 3 nodes", 3, began)
    assert [entry.kind for entry in SqlAudit(store).entries()] == ["held"]


def test_what_held_at_an_instant_is_told_later(holds: SqlHolds, still: ManualClock) -> None:
    """An incident that is decided again later sees the holds of its own time."""
    before = still.now()
    still.advance(60)
    holds.engage("correlated_failure", "five", at=still.now())
    during = still.now()
    still.advance(60)
    (lifted,) = holds.lift(["correlated_failure"], actor="ana", reason="over", at=still.now())
    assert (lifted.lifted_by, lifted.lift_reason) == ("ana", "over")
    assert [len(holds.active(at)) for at in (before, during, still.now())] == [0, 1, 0]
    assert holds.newest(still.now())["correlated_failure"].id == lifted.id
    assert holds.lift(["correlated_failure"], actor="ana", reason="again", at=still.now()) == ()


def firing(name: str, clock: ManualClock, severity: str = "critical") -> Alert:
    """An alert about no workload."""
    labels = {"alertname": name, "severity": severity}
    return Alert(fingerprint=name, status="firing", labels=labels, starts_at=clock.now())


def resolved(alert: Alert, clock: ManualClock) -> Alert:
    """The same, ended now."""
    return alert.model_copy(update={"status": "resolved", "ends_at": clock.now()})


def _incident(
    store: Database, at: Any, name: str, *, alert: str = "KubePodNotReady", seen: Any = None, **more: Any
) -> None:
    row = {
        "id": f"i-{name}-{at.isoformat()}",
        "episode_id": f"e-{name}-{at.isoformat()}",
        "status": "investigating",
        "began_at": at,
        "updated_at": at,
        "target_kind": "Deployment",
        "target_namespace": "shop",
        "target_name": name,
        "target_uid": f"uid-{name}",
        **more,
    }
    with store.write() as connection:
        connection.execute(insert(episodes).values(id=row["episode_id"], opened_at=at))
        connection.execute(insert(incidents).values(**row))
        told = {"fingerprint": row["id"], "status": "firing", "alert_name": alert, "incident_id": row["id"]}
        times = {"first_seen": seen or at, "last_seen": at}
        connection.execute(insert(alerts).values(labels={}, annotations={}, **told, **times))


def test_workloads_are_counted_once_and_only_what_may_need_an_action(
    signs: SqlSigns, store: Database, still: ManualClock
) -> None:
    """Not what was merged, ignored, a test, well again by itself, a node, or has no target; not what is older, what is
    proposed anew, or what a person has asked for.
    """
    now = still.now()
    _incident(store, now, "web")
    _incident(store, now - MINUTES, "web", status="notified")
    _incident(store, now, "api", status="settling", problem="stuck_pod")
    _incident(store, now, "merged", merged_into="another")
    _incident(store, now, "ignored", status="ignored")
    _incident(store, now, "test", workload_key="test:1")
    _incident(store, now, "well", problem="recovered_by_itself")
    _incident(store, now, "node-1", target_kind="Node")
    _incident(store, now, "nobody", target_uid="")
    _incident(store, now - 5 * MINUTES, "old")
    _incident(store, now + MINUTES, "later")
    _incident(store, now, "anew", seen=now - 60 * MINUTES)
    _incident(store, now, "looked-at", alert="ReportedUnhealthy")
    _incident(store, now, "asked-for", alert="ActionRequested")
    assert signs.struck(now - 5 * MINUTES, now, 100) == ("shop/api", "shop/web")
    assert len(signs.struck(now - 5 * MINUTES, now, 1)) == 1


def test_workloads_that_were_seen_lately_are_there(
    signs: SqlSigns, store: Database, still: ManualClock
) -> None:
    """Each once, whatever revisions it has had."""
    revisions = SqlRevisions(store)
    for uid, digest, at in (("a", "1", 0), ("a", "2", 0), ("b", "1", 5), ("gone", "1", 60)):
        revisions.record(uid, digest, 1, healthy=True, at=still.now() - at * MINUTES)
    assert signs.workloads(still.now()) == 2


def test_alerts_fire_by_name_and_by_family(signs: SqlSigns, store: Database, still: ManualClock) -> None:
    """Only while they fire, and after an instant only those that are news."""
    inbox = Inbox(store, still)
    fires = [firing(name, still) for name in ("etcdMembersDown", "KubeAPIDown", "KubeAPIDownish", "Other")]
    inbox.accept(Parsed(alerts=tuple(fires)))
    names, families = {"KubeAPIDown"}, {"etcd"}
    assert signs.firing(names, families, None) == ["KubeAPIDown", "etcdMembersDown"]
    assert signs.firing(names, families, still.now()) == []
    still.advance(60)
    inbox.accept(Parsed(alerts=(resolved(fires[0], still),)))
    assert signs.firing(names, families, None) == ["KubeAPIDown"]


def test_watchdog_is_known_once_it_was_heard(signs: SqlSigns, store: Database, still: ManualClock) -> None:
    """How often it comes is learned from how often it came."""
    inbox = Inbox(store, still)
    assert signs.watchdog(still.now()) is None
    watchdog = firing("Watchdog", still, severity="none")
    inbox.accept(Parsed(alerts=(watchdog,)))
    heard = signs.watchdog(still.now())
    assert heard is not None
    assert (heard.firing, heard.every) == (True, None)
    for _ in range(3):
        still.advance(300)
        inbox.accept(Parsed(alerts=(watchdog,)))
    heard = signs.watchdog(still.now())
    assert heard is not None
    assert (heard.last, heard.every) == (still.now(), 5 * MINUTES)
    still.advance(60)
    inbox.accept(Parsed(alerts=(resolved(watchdog, still),)))
    heard = signs.watchdog(still.now())
    assert heard is not None
    assert heard.firing is False
