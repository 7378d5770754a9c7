"""The last place is taken once: however many claim at the same instant, no budget is overdrawn."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.made_alerts import firing, parsed
from tools.claim_room import Room
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import Crowded
from tools.inbox import Inbox
from tools.ledger import LedgerEntry, SqlLedger
from tools.records import ActionCall, Target

pytest_plugins = ("tests.record_store",)
MANY = 16
WIDE: dict[str, Any] = {
    "in_flight": 99,
    "cluster_hour": 99,
    "cluster_day": 99,
    "namespace_hour": 99,
    "namespace_day": 99,
}


@pytest.fixture
def entries(store: Database, still: ManualClock) -> list[LedgerEntry]:
    """Writes of as many incidents on as many workloads, half of them in one namespace."""
    alerts = [firing("", "Ill", namespace=_space(n), deployment=f"web-{n}") for n in range(MANY)]
    ids = Inbox(store, still).accept(parsed(*alerts)).incident_ids
    return [
        LedgerEntry(
            key=f"k{n}",
            incident_id=incident_id,
            episode_id="ep",
            call=ActionCall(name="restart_deployment"),
            target=Target(kind="Deployment", namespace=_space(n), name=f"web-{n}", uid=f"uid-{n}"),
            problem="transient_crash",
            automatic=True,
            claimed_at=still.now(),
        )
        for n, incident_id in enumerate(ids)
    ]


def _space(n: int) -> str:
    return "shop" if n % 2 else f"team-{n}"


def race(ledger: SqlLedger, entries: list[LedgerEntry], **room: Any) -> tuple[list[LedgerEntry], set[str]]:
    """All claim at once: who won, and by which rules the others were kept out."""
    gate, won, rules = threading.Barrier(len(entries)), [], set()

    def claim(entry: LedgerEntry) -> None:
        gate.wait()
        try:
            assert ledger.claim(entry, Room(automatic=True, **{**WIDE, **room})) is None
            won.append(entry)
        except Crowded as error:
            rules.add(error.rule)

    threads = [threading.Thread(target=claim, args=(entry,)) for entry in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won, rules


@pytest.mark.parametrize(
    ("room", "most", "rule"),
    [
        ({"in_flight": 2}, 2, "write_in_flight"),
        ({"cluster_hour": 6}, 6, "cluster_budget"),
        ({"cluster_day": 7}, 7, "cluster_budget"),
    ],
)
def test_no_budget_of_the_cluster_is_overdrawn(
    store: Database,
    still: ManualClock,
    entries: list[LedgerEntry],
    room: dict[str, int],
    most: int,
    rule: str,
) -> None:
    """Sixteen threads that policy has let through all at once; one namespace each."""
    apart = [
        entry.model_copy(update={"target": entry.target.model_copy(update={"namespace": f"team-{n}"})})
        for n, entry in enumerate(entries)
    ]
    won, rules = race(SqlLedger(store, still), apart, **room)
    assert (len(won), rules) == (most, {rule})


@pytest.mark.parametrize("span", ["namespace_hour", "namespace_day"])
def test_no_budget_of_a_namespace_is_overdrawn(
    store: Database, still: ManualClock, entries: list[LedgerEntry], span: str
) -> None:
    """Once what was written there has its verdict; the other namespaces go on."""
    ledger = SqlLedger(store, still)
    for entry in [each for each in entries if each.target.namespace == "shop"][:3]:
        assert ledger.claim(entry) is None
        ledger.set_verdict(entry.key, "RECOVERED")
    waiting = [each for each in entries if ledger.get(each.key) is None]
    won, rules = race(ledger, waiting, **{span: 3})
    assert rules == {"namespace_budget"}
    assert {each.target.namespace for each in won} == {_space(n) for n in range(0, MANY, 2)}


def test_one_write_at_a_time_in_a_namespace_and_on_a_workload(
    store: Database, still: ManualClock, entries: list[LedgerEntry]
) -> None:
    """In the namespace unless a person said yes; on the workload whoever did."""
    ledger, (first, second) = (
        SqlLedger(store, still),
        [e for e in entries if e.target.namespace == "shop"][:2],
    )
    assert ledger.claim(first, Room(automatic=True)) is None
    with pytest.raises(Crowded) as kept_out:
        ledger.claim(second, Room(automatic=True))
    assert (kept_out.value.rule, kept_out.value.asks) == ("write_in_flight", True)
    same = second.model_copy(update={"target": first.target})
    with pytest.raises(Crowded) as refused:
        ledger.claim(same, Room(automatic=False))
    assert (refused.value.rule, refused.value.asks) == ("write_in_flight", False)
    assert ledger.get(second.key) is None
    assert ledger.claim(second, Room(automatic=False)) is None


def test_what_is_claimed_already_needs_no_room(
    store: Database, still: ManualClock, entries: list[LedgerEntry]
) -> None:
    """A run that goes on after a crash finds its own claim, however crowded it is."""
    ledger, entry = SqlLedger(store, still), entries[0]
    assert ledger.claim(entry, Room(automatic=True)) is None
    assert ledger.claim(entry, Room(automatic=True, in_flight=0, cluster_hour=0)) == entry
