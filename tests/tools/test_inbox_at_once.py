"""The inbox under many hands: at once, in bulk, and killed in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from tests.made_alerts import firing, parsed, resolved
from tools.alertmanager import Parsed
from tools.clock import ManualClock
from tools.database import Database
from tools.inbox import Accepted, Inbox
from tools.incidents import SqlIncidents
from tools.schema import alerts, episode_keys, episodes, incidents

pytest_plugins = ("tests.record_store",)
ROOT = Path(__file__).parents[2]
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def accept_at_once(inbox: Inbox, bodies: list[Parsed]) -> list[Accepted]:
    """Each body in its own thread."""
    gate = threading.Barrier(len(bodies))
    told: list[Accepted] = []

    def accept(body: Parsed) -> None:
        gate.wait()
        told.append(inbox.accept(body))

    threads = [threading.Thread(target=accept, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == len(bodies)
    return told


def counted(store: Database, table: object) -> int:
    """Rows of a table."""
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def test_the_same_body_five_times_at_once_is_one_incident(store: Database, still: ManualClock) -> None:
    """HA peers, retries, the doubled first notification of a group."""
    told = accept_at_once(Inbox(store, still), [parsed(firing())] * 5)
    assert sorted((one.opened, one.repeated) for one in told) == [(0, 1)] * 4 + [(1, 0)]
    assert len({one.incident_ids for one in told}) == 1
    assert (counted(store, alerts), counted(store, incidents), counted(store, episodes)) == (1, 1, 1)


def test_thirty_pods_at_once_are_one_incident(store: Database, still: ManualClock) -> None:
    """Thirty bodies, thirty fingerprints, one run."""
    pods = [f"web-7c9f8d6b5-bxk2{letter}" for letter in LETTERS] + [
        f"web-7c9f8d6b5-bxk5{letter}" for letter in "bcd"
    ]
    told = accept_at_once(Inbox(store, still), [parsed(firing(pod)) for pod in pods])
    assert sum(one.opened for one in told) == 1
    (incident_id,) = {one for answer in told for one in answer.incident_ids}
    assert len(SqlIncidents(store, still).alerts(incident_id)) == 30


def test_firing_and_resolving_at_once_leave_a_record_that_fits(store: Database, still: ManualClock) -> None:
    """Whatever the order: an episode is open exactly while an alert of it fires."""
    entries = [firing(f"web-7c9f8d6b5-bxk2{letter}") for letter in LETTERS[:8]]
    bodies = [parsed(entry) for entry in entries] + [parsed(resolved(entry)) for entry in entries]
    accept_at_once(Inbox(store, still), bodies)
    with store.read() as connection:
        fires = select(alerts.c.episode_id).where(
            alerts.c.status == "firing", alerts.c.episode_id.is_not(None)
        )
        firing_in = set(connection.execute(fires).scalars())
        opened = select(episodes.c.id).where(episodes.c.closed_at.is_(None))
        assert set(connection.execute(opened).scalars()) == firing_in
        assert set(connection.execute(select(episode_keys.c.episode_id)).scalars()) == firing_in


@pytest.fixture
def statements(store: Database) -> list[str]:
    """Statements sent to the database, as they are sent."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    return sent


def test_two_thousand_alerts_are_one_transaction_of_few_statements(
    store: Database, still: ManualClock, statements: list[str]
) -> None:
    """A hundred workloads, twenty pods each: prefetched in chunks, inserted in bulk."""
    pods = [f"{a}{b}{c}dk" for a in LETTERS[:20] for b in LETTERS[:10] for c in LETTERS[:10]]
    entries = [firing(f"app{n % 100}-7c9f8d6b5-{pod}") for n, pod in enumerate(pods)]
    inbox = Inbox(store, still)
    told = inbox.accept(parsed(*entries))
    assert (told.opened, told.joined, len(told.wake)) == (100, 1_900, 100)
    assert len(statements) < 40
    assert sum(statement.startswith("BEGIN") for statement in statements) == 1
    statements.clear()
    assert inbox.accept(parsed(*entries)).repeated == 2_000
    assert len(statements) < 40
    statements.clear()
    assert inbox.accept(parsed(*(resolved(entry) for entry in entries))).resolved == 2_000
    assert len(statements) < 40
    assert counted(store, episode_keys) == 0


ACCEPTER = """
import sys
from tests.made_alerts import firing, parsed
from tools.clock import SystemClock
from tools.database import Database
from tools.inbox import Inbox
inbox = Inbox(Database.open(sys.argv[1]), SystemClock())
for n in range(100_000):
    name = f"{sys.argv[2]}-{n}"
    told = inbox.accept(parsed(firing("", deployment=name), firing("", "Other", deployment=name)))
    print(told.incident_ids[0], flush=True)
"""


def test_what_was_answered_is_there_after_kill_9(store_file: Path) -> None:
    """Killed four times at any instant: every id that was answered is there whole, and nothing is half there."""
    answered: list[str] = []
    for round_ in range(4):
        command = [sys.executable, "-c", ACCEPTER, f"sqlite:///{store_file}", f"r{round_}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
            assert child.stdout is not None
            try:
                answered += [child.stdout.readline().strip() for _ in range(3 + 12 * round_)]
            finally:
                child.send_signal(signal.SIGKILL)
                answered += [line.strip() for line in child.stdout if line.endswith("\n")]
    assert len(answered) >= 84
    assert "" not in answered
    database = Database.open(f"sqlite:///{store_file}")
    with database.read() as connection:
        told = select(alerts.c.incident_id, func.count()).group_by(alerts.c.incident_id)
        whole = {incident_id: count for incident_id, count in connection.execute(told)}
        there = set(connection.execute(select(incidents.c.id)).scalars())
    database.close()
    assert set(answered) <= there
    assert whole == dict.fromkeys(there, 2)
