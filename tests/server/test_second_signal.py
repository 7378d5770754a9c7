"""What alerts say beside the pods, where Prometheus is configured: unknown is never good, and late firing counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.rechecking import recheck
from tests.chaos.faults import Scene
from tests.harness import Harness, harness
from tests.server.ways import approve, told, writes
from tools.sandbox.prometheus import PrometheusServer, Spoilt

pytestmark = pytest.mark.timeout(300)
NAME = "KubePodCrashLooping"


@contextmanager
def rolled_back(folder: Path) -> Iterator[tuple[Harness, PrometheusServer, str]]:
    """A bad release that was taken back just now, by an agent that knows a Prometheus; the incident's id."""
    scene = Scene("bad_release", "shop")
    with (
        PrometheusServer() as server,
        harness(folder, MODE="auto", PROMETHEUS_URL=server.url) as agent,
    ):
        scene.prepare(agent.sandbox)
        agent.advance(1200, step=120)
        scene.strike(agent.sandbox, agent.clock)
        agent.advance(60, step=20)
        incident_id, *_ = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        agent.drive()
        approve(agent)
        yield agent, server, incident_id


def pass_time(agent: Harness, seconds: float) -> None:
    """Time passes, and the chore runs as the worker runs it."""
    for _ in range(int(seconds // 60)):
        agent.advance(60, step=20)
        recheck(agent.agent.services, agent.agent.inbox)


def fire(server: PrometheusServer, **labels: str) -> None:
    """This alert fires in Prometheus from now on."""
    told_by = {"alertname": NAME, "alertstate": "firing", "namespace": "shop", **labels}
    server.hold("ALERTS{", (told_by, [(0, 1)]))


def notes(agent: Harness, incident_id: str) -> list[str]:
    """What later looks have said."""
    lines = agent.agent.services.incidents.timeline(incident_id)
    return [line.text for line in lines if line.kind == "recheck"]


def test_a_prometheus_that_is_dead_is_never_a_recovery(tmp_path: Path) -> None:
    """The pods are well to the end, nobody knows what the alerts do: INCONCLUSIVE, with that as the reason."""
    with rolled_back(tmp_path) as (agent, server, incident_id):
        server.spoilt = Spoilt(503)
        agent.advance(1500, step=30)
        assert told(agent, incident_id)[2:] == ("inconclusive", "INCONCLUSIVE")
        (message,) = [
            m for m in agent.agent.services.outbox.for_incident(incident_id) if m.kind == "escalated"
        ]
        assert "whether its alerts fire is not known: Prometheus" in message.body


def test_one_that_comes_back_in_time_is_believed(tmp_path: Path) -> None:
    """The verdict waits for it, and for no longer than it must."""
    with rolled_back(tmp_path) as (agent, server, incident_id):
        server.spoilt = Spoilt(503)
        agent.advance(300, step=30)
        assert told(agent, incident_id)[2:] == ("verifying", "")
        server.spoilt = None
        agent.advance(120, step=30)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")


def test_without_its_exporter_silence_means_nothing(tmp_path: Path) -> None:
    """kube-state-metrics is down: no alert about pods can fire."""
    with rolled_back(tmp_path) as (agent, server, incident_id):
        server.hold("min(up{", ({}, [(0, 0)]))
        agent.advance(1500, step=30)
        assert told(agent, incident_id)[2:] == ("inconclusive", "INCONCLUSIVE")


def test_an_alert_that_goes_on_firing_counts_as_a_failed_attempt(tmp_path: Path) -> None:
    """Not yet at the verdict, since rules look back; twenty minutes later it does, and nothing is undone for it."""
    with rolled_back(tmp_path) as (agent, server, incident_id):
        fire(server, pod="web-7c9f8d6b5-bxk2q")
        agent.advance(240, step=20)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        pass_time(agent, 1200)

        assert told(agent, incident_id)[2:] == ("escalated", "NOT_RECOVERED")
        assert notes(agent, incident_id) == [f"came back: {NAME} still fires 20 min after it was well"]
        assert [e.verdict for e in agent.agent.services.ledger.for_incident(incident_id)] == ["NOT_RECOVERED"]
        assert len(writes(agent)) == 1


@pytest.mark.parametrize("pod", ["cart-7c9f8d6b5-bxk2q", "web-cache-7c9f8d6b5-bxk2q"])
def test_alerts_of_others_are_theirs(tmp_path: Path, pod: str) -> None:
    """Another workload of the namespace, also one whose name begins alike."""
    with rolled_back(tmp_path) as (agent, server, incident_id):
        fire(server, pod=pod)
        agent.advance(240, step=20)
        pass_time(agent, 1200)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        assert notes(agent, incident_id) == ["well: its alerts are quiet"]


def test_one_that_dies_after_the_verdict_is_said(tmp_path: Path) -> None:
    """What the pods have proved stands; that nobody confirmed it is on the timeline."""
    with rolled_back(tmp_path) as (agent, server, incident_id):
        agent.advance(240, step=20)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        server.spoilt = Spoilt(503)
        pass_time(agent, 6000)
        assert told(agent, incident_id)[2:] == ("recovered", "RECOVERED")
        (line,) = notes(agent, incident_id)
        assert line.startswith("unknown: whether its alerts fire is not known")
