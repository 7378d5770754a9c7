"""A real Alertmanager delivers to the real webhook, over HTTP."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from sqlalchemy import event, select

from server import problems, webhooks
from tests.made_alerts import rfc3339
from tests.ports import free_port
from tests.served import serving, until
from tools.alertmanager_api import AlertmanagerApi
from tools.clock import SystemClock
from tools.database import Database
from tools.inbox import Inbox
from tools.incidents import Incident, SqlIncidents
from tools.schema import alerts, episodes, incidents

pytest_plugins = ("tests.record_store",)
pytestmark = pytest.mark.alertmanager

CONFIG = """
route:
  receiver: agent
  group_by: [namespace]
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 1s
receivers:
  - name: agent
    webhook_configs:
      - url: http://127.0.0.1:{port}/webhook
        send_resolved: true
        max_alerts: {max_alerts}
"""


@dataclass
class Agent:
    """The webhook, its store, and the answers that it gave."""

    store: Database
    statuses: list[int] = field(default_factory=list)
    port: int = 0
    alertmanager_port: int = 0
    """Where Alertmanager will listen."""

    def rows(self, table: Any) -> list[Any]:
        """All rows, oldest first."""
        with self.store.read() as connection:
            order = table.c.began_at if table is incidents else table.c.id
            return list(connection.execute(select(table).order_by(order)))

    def incidents(self) -> list[Incident]:
        """All incidents, oldest first."""
        record = SqlIncidents(self.store, SystemClock())
        return [record.get(row.id) for row in self.rows(incidents)]


@pytest.fixture
def agent(store: Database) -> Iterator[Agent]:
    """The webhook on a free port."""
    agent = Agent(store, alertmanager_port=free_port())
    app = Flask("delivered", template_folder="server/ui/templates")
    problems.register(app)
    api = AlertmanagerApi(f"http://127.0.0.1:{agent.alertmanager_port}")
    app.register_blueprint(webhooks.blueprint(Inbox(store, SystemClock()), lambda: None, alertmanager=api))

    def note(response: Response) -> Response:
        agent.statuses.append(response.status_code)
        return response

    app.after_request(note)
    with serving(app) as port:
        agent.port = port
        yield agent


@dataclass
class Alertmanager:
    """A running Alertmanager."""

    port: int

    def request(self, method: str, path: str, sent: object = None) -> int:
        """The status of a request to its API; 0 when it does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, json.dumps(sent), {"Content-Type": "application/json"})
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def post(self, begin: datetime, end: datetime | None = None, **labels: str) -> None:
        """What Prometheus sends: this alert fires since `begin`, or ended at `end`."""
        entry = {
            "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "severity": "warning"}
            | labels,
            "annotations": {"description": "Pod is crash looping \u2713"},
            "startsAt": rfc3339(begin),
            "endsAt": rfc3339(end or datetime.now(UTC) + timedelta(minutes=10)),
            "generatorURL": "http://prometheus:9090/graph",
        }
        assert self.request("POST", "/api/v2/alerts", [entry]) == 200


@pytest.fixture
def max_alerts() -> int:
    """None is cut off."""
    return 0


@pytest.fixture
def alertmanager(agent: Agent, tmp_path: Path, max_alerts: int) -> Iterator[Alertmanager]:
    """Debian's Alertmanager, alone, delivering to `agent`."""
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        pytest.skip("prometheus-alertmanager is not installed: apt-get install prometheus-alertmanager")
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG.format(port=agent.port, max_alerts=max_alerts))
    running = Alertmanager(agent.alertmanager_port)
    command = [
        binary,
        f"--config.file={config}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{running.port}",
        "--cluster.listen-address=",
    ]
    with (
        (tmp_path / "alertmanager.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: running.request("GET", "/-/ready") == 200)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def test_an_alert_lives_from_firing_to_firing_again(agent: Agent, alertmanager: Alertmanager) -> None:
    """Fired, repeated, resolved, fired again: two incidents, two episodes, linked."""
    begin = datetime.now(UTC) - timedelta(minutes=1)
    pod = "web-7c9f8d6b5-bxk2q"
    alertmanager.post(begin, pod=pod)
    (first,) = until(agent.incidents)
    assert (first.status, first.pod, first.description) == ("received", pod, "Pod is crash looping \u2713")
    until(lambda: agent.rows(alerts)[0].times >= 3)
    assert len(agent.incidents()) == 1

    alertmanager.post(begin, datetime.now(UTC), pod=pod)
    ended = until(lambda: [row for row in agent.rows(alerts) if row.status == "resolved"])
    assert (ended[0].incident_id, ended[0].ends_at is not None) == (first.id, True)
    assert [row.closed_at is not None for row in agent.rows(episodes)] == [True]

    alertmanager.post(datetime.now(UTC), pod=pod)
    _, second = until(lambda: found if len(found := agent.incidents()) == 2 else [])
    assert second.previous_id == first.id
    assert second.episode_id != first.episode_id
    assert len({row.fingerprint for row in agent.rows(alerts)}) == 1
    assert set(agent.statuses) == {202}


def test_pods_of_one_deployment_are_one_incident(agent: Agent, alertmanager: Alertmanager) -> None:
    """A real group with a resolved and a firing alert in one body."""
    begin = datetime.now(UTC) - timedelta(minutes=1)
    pods = [f"web-7c9f8d6b5-bxk2{letter}" for letter in "bcdfg"]
    for pod in pods:
        alertmanager.post(begin, pod=pod)
    until(lambda: len(agent.rows(alerts)) == 5)
    alertmanager.post(begin, datetime.now(UTC), pod=pods[0])
    until(lambda: agent.rows(alerts)[0].status == "resolved")
    assert [incident.previous_id for incident in agent.incidents()] == [""]
    assert [row.closed_at for row in agent.rows(episodes)] == [None]


def test_what_could_not_be_stored_comes_again(agent: Agent, alertmanager: Alertmanager) -> None:
    """503 while the store cannot be written, with nothing kept; then one incident, from the retry."""

    def forbid(raw: Any, record: object) -> None:
        raw.execute("PRAGMA query_only=ON")

    event.listen(agent.store.engine, "connect", forbid)
    agent.store.engine.dispose()
    alertmanager.post(datetime.now(UTC) - timedelta(minutes=1), pod="web-7c9f8d6b5-bxk2q")
    until(lambda: len(agent.statuses) >= 2)
    assert set(agent.statuses) == {503}
    assert agent.rows(alerts) == []
    event.remove(agent.store.engine, "connect", forbid)
    agent.store.engine.dispose()
    until(agent.incidents)
    until(lambda: agent.statuses[-1] == 202)
    assert len(agent.incidents()) == 1


@pytest.mark.parametrize("max_alerts", [1])
def test_what_was_cut_off_is_asked_for(agent: Agent, alertmanager: Alertmanager) -> None:
    """A receiver that lets one alert of three through: the two others are read from Alertmanager's API (R1.4)."""
    begin = datetime.now(UTC) - timedelta(minutes=1)
    for name in ("web", "cart", "till"):
        alertmanager.post(begin, deployment=name)
    alertmanager.post(begin, deployment="other", namespace="elsewhere")
    found = until(lambda: rows if len(rows := agent.rows(alerts)) >= 4 else [])
    assert sorted(row.labels["deployment"] for row in found) == ["cart", "other", "till", "web"]
    assert {row.status for row in found} == {"firing"}
    assert set(agent.statuses) == {202}
