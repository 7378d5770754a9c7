"""What decisions were made from, kept with their incidents: found again, replaced, bounded, and said when it is not."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from tools.alertmanager import Parsed
from tools.bundle import Bundle, BundleMeta, LogName
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import NotFound
from tools.inbox import Inbox
from tools.readings import SqlReadings
from tools.records import Alert
from tools.schema import readings

pytest_plugins = ("tests.record_store",)
LOG = LogName("shop", "web-1", "web")
NOISE = random.Random(7)


@pytest.fixture
def incident_id(store: Database, still: ManualClock) -> str:
    """An incident of the record."""
    labels = {"alertname": "PodIll", "namespace": "shop", "pod": "web-1"}
    alert = Alert(fingerprint="0" * 16, status="firing", labels=labels, starts_at=still.now())
    return Inbox(store, still).accept(Parsed(alerts=(alert,))).incident_ids[0]


def bundle(still: ManualClock, *objects: dict[str, object], lines: int = 1) -> Bundle:
    """One with a log of so many lines that do not compress well."""
    text = "".join(f"{number} {noise()}\n" for number in range(lines))
    return Bundle(BundleMeta(now=still.now()), objects=objects, logs={LOG: text})


def noise() -> str:
    """Words without a pattern."""
    return " ".join(NOISE.choice("abcdefghij") * NOISE.randint(1, 4) for _ in range(30))


def event(uid: str) -> dict[str, object]:
    """An event about this object."""
    told = {"name": f"{uid}.1", "namespace": "shop"}
    about = {"kind": "Pod", "name": uid, "uid": uid}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": told,
        "involvedObject": about,
        "message": noise(),
    }


POD: dict[str, object] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "uid": "web-1"}}


def test_the_newest_decision_is_what_is_kept(store: Database, still: ManualClock, incident_id: str) -> None:
    """One row for an incident, however often it is decided."""
    kept = SqlReadings(store)
    kept.keep(incident_id, bundle(still), still.now())
    kept.keep(incident_id, bundle(still, POD), still.now() + timedelta(minutes=1))
    found = kept.of(incident_id).bundle
    assert found is not None
    assert found.objects == (POD,)
    with store.read() as connection:
        assert len(connection.execute(select(readings.c.incident_id)).all()) == 1


def test_what_is_too_large_loses_old_lines_then_foreign_events(
    store: Database, still: ManualClock, incident_id: str
) -> None:
    """Never what the decision is about."""
    kept = SqlReadings(store, most_bytes=8000)
    kept.keep(incident_id, bundle(still, POD, event("web-1"), lines=2000), still.now())
    cut = kept.of(incident_id).bundle
    assert cut is not None
    assert [line.split()[0] for line in cut.logs[LOG].splitlines()] == [str(n) for n in range(1960, 2000)]
    assert len(cut.objects) == 2
    kept.keep(incident_id, bundle(still, POD, event("web-1"), *map(event, map(str, range(900)))), still.now())
    least = kept.of(incident_id).bundle
    assert least is not None
    assert [obj["kind"] for obj in least.objects] == ["Pod", "Event"]


def test_what_stays_too_large_is_not_kept_and_says_so(
    store: Database, still: ManualClock, incident_id: str
) -> None:
    """The decision stands all the same, and an earlier reading does not stand in for this one."""
    kept = SqlReadings(store, most_bytes=1024)
    kept.keep(incident_id, bundle(still), still.now())
    kept.keep(incident_id, bundle(still, lines=2000), still.now())
    found = kept.of(incident_id)
    assert (found.bundle, found.missing) == (None, "what it read takes more than 1 KiB")


def test_an_incident_without_a_reading_is_told_from_none(
    store: Database, still: ManualClock, incident_id: str
) -> None:
    """Nothing kept says why; an incident that does not exist is NotFound."""
    assert "no decision" in SqlReadings(store).of(incident_id).missing
    with pytest.raises(NotFound):
        SqlReadings(store).of("0" * 16)


def test_no_secret_reaches_the_database(store: Database, still: ManualClock, incident_id: str) -> None:
    """What is kept is redacted before it is stored, not when it is given away."""
    secret = "kept-by-mistake"
    pod = {**POD, "spec": {"containers": [{"name": "web", "env": [{"name": "GREETING", "value": secret}]}]}}
    SqlReadings(store).keep(incident_id, bundle(still, pod), still.now())
    found = SqlReadings(store).of(incident_id).bundle
    assert found is not None
    assert secret not in str(found.objects)
    assert "<redacted:env:" in str(found.objects)
