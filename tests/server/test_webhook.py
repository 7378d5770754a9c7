"""`POST /webhook`: what Alertmanager is answered, and what is stored when."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from structlog.testing import capture_logs

from server import problems, webhooks
from tests.made_alerts import body, firing, real_bodies, resolved
from tools.clock import ManualClock
from tools.database import Database
from tools.inbox import Inbox
from tools.schema import alerts, incidents

pytest_plugins = ("tests.record_store",)


class Bell:
    """Stands in for the worker: counts its wakes and what was committed when it was woken."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self.seen: list[int] = []

    def __call__(self) -> None:
        self.seen.append(stored(self.store))


def stored(store: Database) -> int:
    """Alerts in the record."""
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(alerts)).scalar_one()


@pytest.fixture
def bell(store: Database) -> Bell:
    """What the webhook rings."""
    return Bell(store)


@pytest.fixture
def app(store: Database, still: ManualClock, bell: Bell) -> Flask:
    """An app with nothing but the webhook; small limits."""
    app = Flask("webhook-under-test", template_folder="server/ui/templates")
    problems.register(app)
    routes = webhooks.blueprint(Inbox(store, still), bell, clock=still, max_bytes=100_000, max_alerts=50)
    app.register_blueprint(routes)
    return app


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    """A sender."""
    with app.test_client() as client:
        yield client


def problem(answer: Any, status: int, kind: str) -> str:
    """The detail of a problem answer."""
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["type"] == f"/problems/{kind}"
    return str(answer.json["detail"])


def test_an_alert_is_answered_with_its_incident(client: FlaskClient, store: Database, bell: Bell) -> None:
    """202, the id, the counts; the worker is woken after the commit."""
    answer = client.post("/webhook", json=body(firing()))
    assert answer.status_code == 202
    with store.read() as connection:
        incident_id = connection.execute(select(incidents.c.id)).scalar_one()
    assert answer.json == {
        "incidents": [incident_id],
        "opened": 1,
        "joined": 0,
        "repeated": 0,
        "resolved": 0,
        "ignored": 0,
        "invalid": 0,
        "notes": [],
    }
    assert bell.seen == [1]


def test_an_alert_that_nobody_knows_is_taken(client: FlaskClient, bell: Bell) -> None:
    """A name that no rule has heard of, without a namespace: 202 and an incident, as for any other."""
    answer = client.post("/webhook", json=body(firing("", "SomethingOfOurOwn", namespace="")))
    assert answer.status_code == 202
    assert len(answer.json["incidents"]) == 1
    assert bell.seen == [1]


def test_nobody_is_woken_for_what_changes_nothing(client: FlaskClient, bell: Bell) -> None:
    """A repeat, a Watchdog, an unknown resolve."""
    client.post("/webhook", json=body(firing()))
    for entry in (firing(), firing("", "Watchdog"), resolved(firing("gone-0"))):
        assert client.post("/webhook", json=body(entry)).status_code == 202
    assert len(bell.seen) == 1
    client.post("/webhook", json=body(resolved(firing())))
    assert len(bell.seen) == 2


def test_the_real_bodies_are_accepted(client: FlaskClient) -> None:
    """All six, and they concern one incident."""
    answers = [client.post("/webhook", json=sent) for sent in real_bodies()]
    assert [answer.status_code for answer in answers] == [202] * 6
    assert len({one for answer in answers for one in answer.json["incidents"]}) == 1


def test_the_content_type_does_not_matter(client: FlaskClient) -> None:
    """A body that can be read is read."""
    answer = client.post("/webhook", data=json.dumps(body(firing())), content_type="text/plain")
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"alert!",
        b'{"version": "4", "alerts": [',
        b"\xff\xfe\x00",
        b"[" * 50_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_not_json_is_told_so(client: FlaskClient, store: Database, data: bytes) -> None:
    """400, and where to point at this URL."""
    detail = problem(client.post("/webhook", data=data), 400, "not-json")
    assert "webhook_config" in detail
    assert stored(store) == 0


@pytest.mark.parametrize("sent", [[], "x", 7, None, {}, {"version": "3", "alerts": []}, {"version": "4"}])
def test_what_is_not_v4_is_told_what_to_send(client: FlaskClient, sent: object) -> None:
    """400: only a person can mend that sender."""
    detail = problem(client.post("/webhook", data=json.dumps(sent)), 400, "not-alertmanager-v4")
    assert 'version "4"' in detail


def test_a_body_that_is_too_large_is_told_the_limit(client: FlaskClient, store: Database) -> None:
    """413 with the number and the way out."""
    answer = client.post("/webhook", json=body(firing(filler="x" * 100_000)))
    detail = problem(answer, 413, "body-too-large")
    assert "100000 bytes" in detail
    assert "group_by" in detail
    assert stored(store) == 0


def test_an_empty_group_is_accepted(client: FlaskClient) -> None:
    """A v4 body with no alerts is understood."""
    assert client.post("/webhook", json=body()).status_code == 202


def test_one_malformed_alert_is_told_and_the_others_taken(client: FlaskClient, store: Database) -> None:
    """202 with the count and the reason."""
    answer = client.post("/webhook", json=body(firing("a-0"), {"status": "firing"}, firing("b-0")))
    assert (answer.status_code, answer.json["opened"], answer.json["invalid"]) == (202, 2, 1)
    assert answer.json["notes"] == ['alerts[1]: "labels" is missing, not an object']
    assert stored(store) == 3


def test_a_bad_time_is_told_and_the_alert_taken(client: FlaskClient) -> None:
    """No alert is lost over its clock."""
    answer = client.post("/webhook", json=body(firing() | {"startsAt": "soon"}))
    assert (answer.status_code, answer.json["opened"]) == (202, 1)
    assert answer.json["notes"][0].startswith('alerts[0].startsAt is "soon"')


def test_what_is_beyond_the_limit_is_told(client: FlaskClient) -> None:
    """A storm is accepted; a 4xx would bring it back for ever."""
    answer = client.post("/webhook", json=body(*(firing(f"app{n}-0") for n in range(60))))
    assert (answer.status_code, answer.json["opened"], answer.json["invalid"]) == (202, 50, 1)
    assert answer.json["notes"] == ["10 alerts beyond the first 50 of one body were not read"]


def test_a_truncated_group_is_logged(client: FlaskClient) -> None:
    """Somebody has set max_alerts on this receiver (R1.4)."""
    with capture_logs() as logs:
        client.post("/webhook", json=body(firing(), truncatedAlerts=7))
    (line,) = [line for line in logs if line["log_level"] == "warning"]
    assert (line["truncated"], "max_alerts: 0" in line["event"]) == (7, True)


def test_the_body_is_not_logged(client: FlaskClient) -> None:
    """Labels and annotations may hold secrets; counts are enough."""
    with capture_logs() as logs:
        client.post("/webhook", json=body(firing(secret="hunter2"), {"status": "hunter3"}))
    assert "hunter2" not in str(logs)


@pytest.mark.parametrize("pragma", ["query_only=ON", "max_page_count=1"])
def test_a_store_that_cannot_commit_is_a_503_and_nothing_is_stored(
    client: FlaskClient, store: Database, bell: Bell, pragma: str
) -> None:
    """Real SQLite errors; when the store is well again the retry is taken."""

    def limit(raw: Any, record: object) -> None:
        raw.execute(f"PRAGMA {pragma}")

    sent = body(*(firing(f"app{n}-0", filler="x" * 1000) for n in range(40)))
    event.listen(store.engine, "connect", limit)
    store.engine.dispose()
    detail = problem(client.post("/webhook", json=sent), 503, "store-unavailable")
    assert detail.startswith("Nothing of this body was stored: ")
    assert (stored(store), bell.seen) == (0, [])
    event.remove(store.engine, "connect", limit)
    store.engine.dispose()
    assert client.post("/webhook", json=sent).json["opened"] == 40


def test_the_same_body_from_many_senders_at_once_is_one_incident(app: Flask, store: Database) -> None:
    """Through HTTP as through the inbox."""
    gate = threading.Barrier(8)
    answers: list[Any] = []

    def send() -> None:
        client = app.test_client()
        gate.wait()
        answers.append(client.post("/webhook", json=body(firing(), firing("api-0"))))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 8
    assert sum(answer.json["opened"] for answer in answers) == 2
    assert len({tuple(sorted(answer.json["incidents"])) for answer in answers}) == 1


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_post(client: FlaskClient, method: str) -> None:
    """405 for the rest."""
    call: Callable[..., Any] = getattr(client, method)
    problem(call("/webhook"), 405, "method-not-allowed")
