"""The record of incidents in SQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from tests.made_alerts import firing, parsed
from tools import incident_rows
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import Invalid, NotFound
from tools.inbox import Inbox
from tools.incident_record import ENDED
from tools.incidents import SqlIncidents
from tools.listing import IncidentFilter, SqlListing
from tools.records import Evidence, EvidenceItem, Similar, Target, Verdict
from tools.schema import claimed_targets, episodes, incidents

pytest_plugins = ("tests.record_store",)
Opened = Callable[[str], str]


@pytest.fixture
def record(store: Database, still: ManualClock) -> SqlIncidents:
    """The record under test."""
    return SqlIncidents(store, still)


@pytest.fixture
def opened(store: Database, still: ManualClock) -> Opened:
    """Open an incident for a Deployment of this name, a second after the one before."""

    def open_one(name: str) -> str:
        still.advance(1)
        told = Inbox(store, still).accept(parsed(firing("", "Broken", deployment=name)))
        return told.incident_ids[0]

    return open_one


def target(name: str = "web", uid: str = "") -> Target:
    """A Deployment of namespace shop."""
    return Target(kind="Deployment", namespace="shop", name=name, uid=uid or f"uid-{name}")


def at_once(calls: Iterable[Callable[[], object]]) -> None:
    """Run them in threads that start together."""
    calls = list(calls)
    gate = threading.Barrier(len(calls))
    errors: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        gate.wait()
        try:
            call()
        except BaseException as err:
            errors.append(err)
            raise

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_the_words_that_end_a_run_are_the_graphs() -> None:
    """Two layers name them; they must not part."""
    assert incident_rows.ENDED == ENDED


def test_an_unknown_incident_is_not_found(record: SqlIncidents) -> None:
    """Every call that names one says so."""
    for call in (record.get, record.decision):
        with pytest.raises(NotFound, match="there is no incident nope"):
            call("nope")
    for change in (
        lambda: record.set_status("nope", "investigating"),
        lambda: record.end("nope", "notified"),
        lambda: record.save_decision("nope", {}, summary=""),
        lambda: record.set_action_taken("nope", "x"),
        lambda: record.claim_target("nope", target()),
    ):
        with pytest.raises(NotFound, match="there is no incident nope"):
            change()


def test_status_moves_on_with_a_line_each_time(record: SqlIncidents, opened: Opened) -> None:
    """The same status twice is one line."""
    incident_id = opened("web")
    for status in ("investigating", "investigating", "executing"):
        record.set_status(incident_id, status)
    record.set_status(incident_id, "verifying", "watching for two minutes")
    lines = [entry.text for entry in record.timeline(incident_id) if entry.kind == "status"]
    assert lines == ["investigating", "executing", "watching for two minutes"]
    assert record.get(incident_id).status == "verifying"


def test_ending_releases_and_is_final(record: SqlIncidents, opened: Opened, still: ManualClock) -> None:
    """Ended twice is ended once; nothing moves or wakes it again."""
    incident_id = opened("web")
    record.claim_target(incident_id, target())
    record.end(incident_id, "recovered", "all well")
    ended = record.get(incident_id)
    assert (ended.status, ended.ended_at, ended.wake_at) == ("recovered", still.now(), None)
    still.advance(5)
    record.end(incident_id, "escalated")
    record.set_status(incident_id, "executing")
    record.wake(incident_id, still.now())
    assert record.get(incident_id) == ended
    assert record.due(still.now()) == []
    following = opened("web-again")
    assert record.claim_target(following, target()) == following


def test_a_status_that_ends_a_run_ends_it(record: SqlIncidents, opened: Opened) -> None:
    """Whichever call says so: the target is free afterwards."""
    first, second = opened("a"), opened("b")
    record.claim_target(first, target())
    record.set_status(first, "notified")
    assert record.get(first).ended_at is not None
    assert record.claim_target(second, target()) == second


def test_the_first_claim_owns_the_target_and_the_second_joins(
    record: SqlIncidents, opened: Opened, store: Database
) -> None:
    """Alerts move, the episodes are one, both timelines tell of it; claiming again changes nothing."""
    first, second = opened("a"), opened("b")
    assert record.claim_target(first, target()) == first
    assert record.claim_target(first, target()) == first
    assert record.claim_target(second, target()) == first
    assert record.claim_target(second, target()) == first
    merged, owner = record.get(second), record.get(first)
    assert (merged.status, merged.merged_into, merged.wake_at) == ("merged", first, None)
    assert merged.episode_id == owner.episode_id
    assert [alert.labels["deployment"] for alert in record.alerts(first)] == ["a", "b"]
    assert record.alerts(second) == []
    assert [entry.kind for entry in record.timeline(first)].count("merged") == 1
    with store.read() as connection:
        closed = select(func.count()).select_from(episodes).where(episodes.c.closed_at.is_not(None))
        assert connection.execute(closed).scalar() == 1


def test_alerts_of_the_merged_workload_key_join_the_owner(
    record: SqlIncidents, opened: Opened, store: Database, still: ManualClock
) -> None:
    """The key of the younger episode now points to the older one."""
    first, second = opened("a"), opened("b")
    record.claim_target(first, target())
    record.claim_target(second, target())
    told = Inbox(store, still).accept(parsed(firing("", "Other", deployment="b")))
    assert (told.joined, told.incident_ids) == (1, (first,))


def test_an_owner_whose_alerts_have_resolved_is_woken_by_a_merge_that_brings_none(
    record: SqlIncidents, opened: Opened, store: Database, still: ManualClock
) -> None:
    """It may have something to withdraw."""
    first, second = opened("a"), opened("b")
    record.claim_target(first, target())
    for name in ("a", "b"):
        entry = firing("", "Broken", deployment=name) | {
            "status": "resolved",
            "endsAt": "2026-11-22T15:49:00Z",
        }
        Inbox(store, still).accept(parsed(entry))
    record.wake(first, None)
    record.claim_target(second, target())
    assert record.due(still.now()) == [first]


def test_thirty_claims_at_once_leave_one_unmerged_incident(
    record: SqlIncidents, opened: Opened, store: Database
) -> None:
    """Thirty threads, one target: one owner with all the alerts."""
    ids = [opened(f"guess-{n}") for n in range(30)]
    owners: dict[str, str] = {}

    def claim(incident_id: str) -> Callable[[], object]:
        return lambda: owners.update({incident_id: record.claim_target(incident_id, target())})

    at_once(claim(incident_id) for incident_id in ids)
    (owner,) = set(owners.values())
    assert [i for i in ids if record.get(i).status != "merged"] == [owner]
    assert len(record.alerts(owner)) == 30
    assert len({record.get(i).episode_id for i in ids}) == 1


def test_two_targets_claimed_by_many_are_two_runs(record: SqlIncidents, opened: Opened) -> None:
    """Claims of one target never merge runs of another."""
    ids = [opened(f"guess-{n}") for n in range(12)]
    at_once(
        (lambda i=incident_id, n=n: record.claim_target(i, target(f"t{n % 2}")))
        for n, incident_id in enumerate(ids)
    )
    left = [record.get(i) for i in ids if record.get(i).status != "merged"]
    assert sorted(incident.target.name for incident in left if incident.target) == ["t0", "t1"]


def test_a_claim_needs_a_uid(record: SqlIncidents, opened: Opened) -> None:
    """A name is not an identity."""
    nameless = Target(kind="Deployment", namespace="shop", name="web", uid="")
    with pytest.raises(Invalid, match="Deployment shop/web has no uid"):
        record.claim_target(opened("web"), nameless)


def test_a_run_holds_one_target(record: SqlIncidents, opened: Opened, store: Database) -> None:
    """Resolved anew, it lets the first one go."""
    incident_id = opened("web")
    record.claim_target(incident_id, target("a"))
    record.claim_target(incident_id, target("b"))
    with store.read() as connection:
        assert list(connection.execute(select(claimed_targets.c.uid)).scalars()) == ["uid-b"]


def test_a_claim_finds_the_incident_before_on_the_same_object(record: SqlIncidents, opened: Opened) -> None:
    """Labels did not tell that they belong together; the uid does."""
    first, second = opened("a"), opened("b")
    record.claim_target(first, target())
    record.end(first, "notified")
    record.claim_target(second, target())
    assert record.get(second).previous_id == first


def test_evidence_and_decision_are_kept_and_replaced(
    record: SqlIncidents, opened: Opened, still: ManualClock
) -> None:
    """The newest reading of the run, as it was given."""
    incident_id = opened("web")
    assert (record.evidence(incident_id), record.decision(incident_id)) == (None, None)
    item = EvidenceItem(id="e1", kind="logs", status="found", query="q", summary="s", excerpt="\ud800 π")
    for n in range(2):
        record.save_evidence(incident_id, Evidence(collected_at=still.now(), items=(item,) * (n + 1)))
    kept = record.evidence(incident_id)
    assert kept is not None
    assert len(kept.items) == 2
    decision = {
        "problem": "bad_release",
        "route": "ask",
        "confidence": 0.91,
        "action": {"name": "rollback_deployment", "args": {}},
    }
    record.save_decision(incident_id, decision, summary="the newest revision broke it")
    incident = record.get(incident_id)
    assert record.decision(incident_id) == decision
    assert (incident.problem, incident.route, incident.confidence) == ("bad_release", "ask", 0.91)
    assert (incident.action, incident.summary) == ("rollback_deployment", "the newest revision broke it")
    record.save_decision(incident_id, decision | {"action": None, "route": "notify"}, summary="")
    assert (record.get(incident_id).action, record.get(incident_id).route) == ("", "notify")


def test_verdict_and_action_taken_show_in_the_row(
    record: SqlIncidents, opened: Opened, still: ManualClock
) -> None:
    """The same verdict again is no second line."""
    incident_id = opened("web")
    record.set_action_taken(incident_id, "restart_deployment")
    for _ in range(2):
        record.save_verdict(incident_id, Verdict(name="RECOVERED", reason="stable", at=still.now()))
    incident = record.get(incident_id)
    assert (incident.action_taken, incident.verdict) == ("restart_deployment", "RECOVERED")
    assert [e.text for e in record.timeline(incident_id) if e.kind == "verdict"] == ["RECOVERED: stable"]


def test_due_is_what_has_come_and_not_ended(record: SqlIncidents, opened: Opened, still: ManualClock) -> None:
    """Oldest first, bounded; the future and the ended stay out."""
    first, second, later, ended, parked = (opened(name) for name in "abcde")
    record.wake(later, still.now() + timedelta(seconds=30))
    record.end(ended, "notified")
    record.wake(parked, None)
    assert record.due(still.now()) == [first, second]
    assert record.due(still.now(), limit=1) == [first]
    still.advance(30)
    assert record.due(still.now()) == [first, second, later]


def test_similar_are_the_same_workload_first_then_the_same_class(
    record: SqlIncidents, opened: Opened, still: ManualClock
) -> None:
    """Ended and unmerged ones, newest first, each once."""
    told = {}
    for name, at in (("old", "web"), ("new", "web"), ("class", "api"), ("other", "cart")):
        incident_id = opened(name)
        record.claim_target(incident_id, target(at))
        problem = "unknown" if name == "other" else "transient_crash"
        record.save_decision(incident_id, {"problem": problem, "route": "act"}, summary="")
        record.set_action_taken(incident_id, "restart_deployment")
        record.save_verdict(incident_id, Verdict(name="RECOVERED", reason="r", at=still.now()))
        still.advance(1)
        record.end(incident_id, "recovered")
        told[name] = incident_id
    record.save_decision(opened("running"), {"problem": "transient_crash"}, summary="")
    found = record.similar(target("web"), "transient_crash")
    assert [(one.incident_id, one.same_workload) for one in found] == [
        (told["new"], True),
        (told["old"], True),
        (told["class"], False),
    ]
    assert found[0] == Similar(
        incident_id=told["new"],
        problem="transient_crash",
        action="restart_deployment",
        verdict="RECOVERED",
        same_workload=True,
        closed_at=record.get(told["new"]).ended_at,
    )
    assert [one.incident_id for one in record.similar(None, "unknown")] == [told["other"]]
    assert len(record.similar(target("web"), "transient_crash", limit=1)) == 1
    assert record.similar(target("nowhere"), "") == []


def test_actionable_targets_are_distinct_recent_and_unmerged(
    record: SqlIncidents, opened: Opened, still: ManualClock
) -> None:
    """What counts as "too much is ill at once"."""
    for name, at, route in (("a", "web", "act"), ("b", "api", "ask"), ("c", "cart", "notify")):
        incident_id = opened(name)
        record.claim_target(incident_id, target(at))
        record.save_decision(incident_id, {"route": route}, summary="")
    since = still.now() - timedelta(seconds=30)
    assert sorted(one.name for one in record.actionable_since(since)) == ["api", "web"]
    assert record.actionable_since(still.now() + timedelta(seconds=1)) == []


def test_pages_are_newest_first_without_gaps_or_doubles(
    record: SqlIncidents, opened: Opened, store: Database
) -> None:
    """Followed to the end, every incident came once."""
    ids = [opened(f"w{n}") for n in range(7)]
    listing, seen, after = SqlListing(store), [], ""
    while True:
        page = listing.page(IncidentFilter(), after=after, limit=3)
        seen += [incident.id for incident in page.incidents]
        after = page.next_after
        if not after:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT id FROM incidents WHERE ended_at IS NULL AND wake_at <= '2026' ORDER BY wake_at", "running"),
        (
            "SELECT id FROM incidents WHERE ended_at IS NOT NULL AND ended_at >= '2026' ORDER BY ended_at",
            "ended",
        ),
        ("SELECT id FROM incidents ORDER BY began_at DESC, id DESC LIMIT 50", "newest"),
        ("SELECT id FROM incidents WHERE status='x' ORDER BY began_at DESC, id DESC LIMIT 50", "status"),
        ("SELECT id FROM incidents WHERE namespace='x' ORDER BY began_at DESC, id DESC", "namespace"),
        ("SELECT max(id) FROM alerts WHERE fingerprint IN ('a','b') GROUP BY fingerprint", "fingerprint"),
        ("SELECT * FROM approvals WHERE state = 'pending' ORDER BY created_at", "pending"),
        ("SELECT * FROM outbox WHERE sent_at IS NULL ORDER BY queued_at", "unsent"),
        ("SELECT * FROM actions WHERE target_uid='x' AND claimed_at >= '2026'", "target"),
    ],
)
def test_what_is_asked_often_is_an_index_read(store: Database, statement: str, index: str) -> None:
    """No scan and no sort, however long the record grows."""
    with store.read() as connection:
        plan = " ".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")))
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_a_page_deep_in_the_record_costs_no_sort(store: Database) -> None:
    """The statement that pages are made of walks the index."""
    deep = select(incidents.c.id).where(
        text("(began_at, id) < ('2026', 'x')")
    ).order_by(incidents.c.began_at.desc(), incidents.c.id.desc())  # fmt: skip
    with store.read() as connection:
        plan = " ".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {deep}")))
    assert "ix_incidents_newest" in plan
    assert "TEMP B-TREE" not in plan
