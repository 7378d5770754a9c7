"""The write-ahead ledger: claimed once, whoever asks."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from tests.made_alerts import firing, parsed
from tools.audit import SqlAudit
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import NotFound
from tools.inbox import Inbox
from tools.incidents import SqlIncidents
from tools.ledger import LedgerEntry, SqlLedger
from tools.records import ActionCall, Receipt, Target

pytest_plugins = ("tests.record_store",)
ROOT = Path(__file__).parents[2]
WEB = Target(kind="Deployment", namespace="shop", name="web", uid="uid-web")
CALL = ActionCall(name="restart_deployment", args={"restarted_at": "2026-11-22T15:50:00Z"})


@pytest.fixture
def ledger(store: Database, still: ManualClock) -> SqlLedger:
    """The ledger under test."""
    return SqlLedger(store, still)


@pytest.fixture
def incident_id(store: Database, still: ManualClock) -> str:
    """An incident to act for."""
    return Inbox(store, still).accept(parsed(firing())).incident_ids[0]


def entry(incident_id: str, still: ManualClock, key: str = "k1", **fields: object) -> LedgerEntry:
    """A claim."""
    told = {
        "key": key,
        "incident_id": incident_id,
        "episode_id": "ep",
        "call": CALL,
        "target": WEB,
        "problem": "transient_crash",
        "automatic": True,
        "inverse": ActionCall(name="nothing"),
        "claimed_at": still.now(),
    }
    return LedgerEntry.model_validate(told | fields)


def receipt(still: ManualClock, outcome: str = "done", key: str = "k1") -> Receipt:
    """What a write did."""
    return Receipt.model_validate(
        {"key": key, "call": CALL, "target": WEB, "sent_at": still.now(), "outcome": outcome}
    )


def test_a_claim_is_ours_once(ledger: SqlLedger, incident_id: str, still: ManualClock) -> None:
    """Asked again, the entry that was there comes back, as it was written."""
    ours = entry(incident_id, still)
    assert ledger.claim(ours) is None
    assert ledger.claim(entry(incident_id, still, problem="other")) == ours
    assert ledger.get("k1") == ours
    assert ledger.get("k2") is None


def test_one_of_many_threads_gets_the_claim(ledger: SqlLedger, incident_id: str, still: ManualClock) -> None:
    """Sixteen at once."""
    gate, won = threading.Barrier(16), []

    def claim(n: int) -> None:
        gate.wait()
        if ledger.claim(entry(incident_id, still, undo_of=f"thread {n}")) is None:
            won.append(n)

    threads = [threading.Thread(target=claim, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = ledger.get("k1")
    assert kept is not None
    assert [f"thread {n}" for n in won] == [kept.undo_of]


CLAIMER = """
import sys
from tools.clock import SystemClock
from tools.database import Database
from tools.ledger import LedgerEntry, SqlLedger
database = Database.open(sys.argv[1])
entry = LedgerEntry.model_validate_json(sys.argv[2])
ledger = SqlLedger(database, SystemClock())
print("ready", flush=True)
sys.stdin.readline()
keys = [f"k{n}" for n in range(20)]
print(",".join(key for key in keys if ledger.claim(entry.model_copy(update={"key": key})) is None))
"""


def test_one_of_many_processes_gets_each_claim(
    store_file: Path, ledger: SqlLedger, incident_id: str, still: ManualClock
) -> None:
    """Four processes race for twenty keys; each key is won once."""
    told = entry(incident_id, still).model_dump_json()
    command = [sys.executable, "-c", CLAIMER, f"sqlite:///{store_file}", told]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(4)
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        answers = [racer.communicate("go\n", timeout=60)[0] for racer in racers]
    finally:
        for racer in racers:
            racer.kill()
            racer.wait()
    won = [key for answer in answers for key in answer.strip().split(",") if key]
    assert sorted(won) == sorted(f"k{n}" for n in range(20))


def test_a_receipt_is_kept_and_only_an_unknown_one_replaced(
    ledger: SqlLedger, incident_id: str, still: ManualClock
) -> None:
    """A node that runs again does not rewrite history."""
    ledger.claim(entry(incident_id, still))
    for outcome, kept in (("unknown", "unknown"), ("done", "done"), ("refused", "done")):
        ledger.finish("k1", receipt(still, outcome))
        known = ledger.get("k1")
        assert known is not None
        assert known.receipt is not None
        assert known.receipt.outcome == kept
    with pytest.raises(NotFound, match="the ledger has no entry k9"):
        ledger.finish("k9", receipt(still))


def test_a_claim_that_was_never_sent_is_forgotten(
    ledger: SqlLedger, incident_id: str, still: ManualClock
) -> None:
    """It counts nowhere; one with a receipt stays."""
    ledger.claim(entry(incident_id, still))
    ledger.release("k1")
    assert ledger.get("k1") is None
    ledger.claim(entry(incident_id, still))
    ledger.finish("k1", receipt(still))
    ledger.release("k1")
    assert ledger.get("k1") is not None


def test_budgets_are_counted_from_it(ledger: SqlLedger, incident_id: str, still: ManualClock) -> None:
    """By time, target, namespace and problem; newest first."""
    begin = still.now()
    elsewhere = Target(kind="Deployment", namespace="cart", name="api", uid="uid-api")
    ledger.claim(entry(incident_id, still, "old"))
    still.advance(60)
    ledger.claim(entry(incident_id, still, "new"))
    ledger.claim(entry(incident_id, still, "other", target=elsewhere, problem="bad_release"))

    def keys(**narrow: str) -> list[str]:
        return [found.key for found in ledger.since(begin, **narrow)]

    assert keys() == ["new", "other", "old"]
    assert keys(target_uid="uid-web") == ["new", "old"]
    assert keys(namespace="cart") == ["other"]
    assert keys(problem="bad_release") == ["other"]
    assert [found.key for found in ledger.since(begin + timedelta(seconds=1))] == ["new", "other"]
    assert [found.key for found in ledger.for_incident(incident_id)] == ["old", "new", "other"]


def test_in_flight_is_what_is_still_being_judged(
    ledger: SqlLedger, incident_id: str, store: Database, still: ManualClock
) -> None:
    """Until a verdict, or until its incident has ended."""
    for key in ("k1", "k2"):
        ledger.claim(entry(incident_id, still, key))
    ledger.set_verdict("k1", "RECOVERED")
    assert [found.key for found in ledger.in_flight()] == ["k2"]
    SqlIncidents(store, still).end(incident_id, "escalated")
    assert ledger.in_flight() == []


def test_what_the_ledger_does_is_audited(
    ledger: SqlLedger, incident_id: str, store: Database, still: ManualClock
) -> None:
    """Claim, release and receipt; a claim that was lost leaves nothing."""
    ledger.claim(entry(incident_id, still))
    ledger.claim(entry(incident_id, still))
    ledger.release("k1")
    ledger.release("k1")
    ledger.claim(entry(incident_id, still))
    ledger.finish("k1", receipt(still))
    told = SqlAudit(store).entries(incident_id=incident_id)
    assert [one.kind for one in told] == [
        "action_claimed",
        "action_released",
        "action_claimed",
        "action_finished",
    ]
    assert told[0].detail["call"] == CALL.model_dump()
    assert told[3].detail["outcome"] == "done"
