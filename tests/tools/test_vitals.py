"""How the API and the monitoring are: by what requests met anyway, and by what Prometheus still scrapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.api_pulse import ApiPulse
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.errors import TransientError
from tools.prometheus import PrometheusApi
from tools.resources import NODES, PODS
from tools.sandbox import Sandbox
from tools.sandbox.prometheus import PrometheusServer, Spoilt
from tools.vitals import LiveVitals

SCRAPED, LATELY = "sum(up)", "count(last_over_time(up["
STATE, STATE_LATELY = 'sum(up{job=~".*kube-state', 'count(last_over_time(up{job=~".*kube-state'


def beat(pulse: ApiPulse, count: int, *, seconds: float = 0.01, failed: bool = False) -> None:
    for _ in range(count):
        pulse.record(seconds, failed)


@pytest.mark.parametrize(
    ("good", "failed", "held"),
    [(0, 0, False), (0, 4, False), (0, 5, True), (95, 5, False), (94, 5, True), (1000, 50, False)],
)
def test_more_than_a_twentieth_of_the_requests_failed(good: int, failed: int, held: bool) -> None:
    """And five at least: one hiccup of a quiet agent is none."""
    pulse = ApiPulse(ManualClock())
    beat(pulse, good)
    beat(pulse, failed, failed=True)
    assert bool(pulse.unwell()) is held


@pytest.mark.parametrize(
    ("fast", "slow", "held"), [(18, 2, True), (19, 1, False), (10, 9, False), (0, 20, True)]
)
def test_the_slowest_twentieth_takes_more_than_two_seconds(fast: int, slow: int, held: bool) -> None:
    """Of twenty requests at least."""
    pulse = ApiPulse(ManualClock())
    beat(pulse, fast)
    beat(pulse, slow, seconds=2.1)
    assert bool(pulse.unwell()) is held


def test_what_is_over_for_a_minute_is_over() -> None:
    """It lifts itself."""
    clock = ManualClock()
    pulse = ApiPulse(clock)
    beat(pulse, 30, failed=True)
    clock.advance(59)
    assert "failed 30 of 30 requests" in pulse.unwell()
    clock.advance(2)
    assert pulse.unwell() == ""


def test_every_request_counts_and_a_refusal_is_no_failure(tmp_path: Path) -> None:
    """A 404 is an answer; a server that is gone is none, at each try."""
    clock = ManualClock()
    with Sandbox(clock=clock, nodes=1) as sandbox:
        path = str(sandbox.kubeconfig(tmp_path / "kubeconfig"))
        cluster = KubernetesCluster.connect(path, sleep=lambda seconds: None)
        vitals = LiveVitals.of(cluster, clock, None)
        for _ in range(10):
            cluster.list(NODES)
        for _ in range(5):
            with pytest.raises(Exception, match="missing"):
                cluster.get(PODS, "default", "missing")
        assert vitals.api() == ""
    for _ in range(2):
        with pytest.raises(TransientError):
            cluster.list(NODES)
    assert "failed 8 of 23 requests" in vitals.api()


@pytest.fixture
def server() -> Iterator[PrometheusServer]:
    """It scrapes kube-state-metrics and others."""
    with PrometheusServer() as running:
        for query in (STATE, STATE_LATELY, SCRAPED, LATELY):
            running.hold(query, ({}, [(0, 1)]))
        yield running


def watched(server: PrometheusServer, clock: ManualClock) -> LiveVitals:
    return LiveVitals(clock, ApiPulse(clock), PrometheusApi(server.url))


def test_a_prometheus_that_scrapes_is_well(server: PrometheusServer) -> None:
    """Nothing holds."""
    vitals = watched(server, ManualClock())
    vitals.look()
    assert vitals.monitoring() == ""


@pytest.mark.parametrize(
    ("query", "words"), [(STATE, "kube-state-metrics"), (SCRAPED, "its targets")], ids=["down", "stale"]
)
@pytest.mark.parametrize("left", [(), (({}, [(0.0, 0.0)]),)], ids=["gone", "zero"])
def test_what_was_scraped_and_is_not_any_more_holds_until_it_is_back(
    server: PrometheusServer,
    query: str,
    words: str,
    left: tuple[tuple[dict[str, str], list[tuple[float, float]]], ...],
) -> None:
    """Down, or gone from the targets."""
    vitals = watched(server, ManualClock())
    server.hold(query, *left)
    vitals.look()
    assert f"lost {words}" in vitals.monitoring()
    server.hold(query, ({}, [(0, 1)]))
    vitals.look()
    assert vitals.monitoring() == ""


def test_what_was_never_scraped_is_not_missed() -> None:
    """Not every Prometheus has kube-state-metrics."""
    with PrometheusServer() as server:
        vitals = watched(server, ManualClock())
        vitals.look()
        assert vitals.monitoring() == ""


def test_a_prometheus_that_does_not_answer_is_given_some_seconds(server: PrometheusServer) -> None:
    """It may be restarted; then the agent is blind, until it answers."""
    clock = ManualClock()
    vitals = watched(server, clock)
    server.spoilt = Spoilt(status=500)
    vitals.look()
    assert vitals.monitoring() == ""
    clock.advance(20)
    vitals.look()
    assert vitals.monitoring().startswith("Prometheus does not answer since 12:00 UTC")
    server.spoilt = None
    vitals.look()
    assert vitals.monitoring() == ""


def test_without_a_prometheus_nothing_is_missed() -> None:
    """What is not configured blocks nothing."""
    clock = ManualClock()
    vitals = LiveVitals(clock, ApiPulse(clock), None)
    vitals.look()
    assert vitals.monitoring() == ""
