"""Prometheus series. What the record holds is counted from it at scrape time, so that restarts lose nothing.

Only the server's own requests are counted in this process.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from server.auth import Auth
from tools.clock import Clock
from tools.controls import Controls
from tools.errors import ToolError
from tools.holds import CAUSES, Holds
from tools.tallies import STAGE_BOUNDS, Stage, Tallies, Tally

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One registry per server."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "sre_agent_http_requests",
            "Requests answered, by route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "sre_agent_http_request_duration_seconds",
            "Time until the answer was ready, by route.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. `route` is the rule, never the path: ids would make endless series."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def follow(self, tallies: Tallies, controls: Controls, holds: Holds, clock: Clock) -> None:
        """Count the record too."""
        self.registry.register(RecordCollector(tallies, controls, holds, clock))

    def text(self) -> bytes:
        """The exposition of all series."""
        return generate_latest(self.registry)


class RecordCollector(Collector):
    """Series derived from the record at the moment of the scrape."""

    def __init__(self, tallies: Tallies, controls: Controls, holds: Holds, clock: Clock) -> None:
        self._tallies = tallies
        self._controls = controls
        self._holds = holds
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing is read when the collector is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All series, or only that the store cannot be read."""
        readable = GaugeMetricFamily(
            "sre_agent_store_readable", "1 when the record could be read for this scrape."
        )
        try:
            series = list(self._series())
        except ToolError:
            series, value = [], 0.0
        else:
            value = 1.0
        readable.add_metric((), value)
        return [readable, *series]

    def _series(self) -> Iterable[Metric]:
        counted = self._tallies.count()
        yield _counter("alerts", "Alerts taken in, by what became of them.", ("result",), counted.alerts)
        yield _counter(
            "incidents",
            "Incidents that have ended, by problem class, route and outcome.",
            ("problem", "route", "outcome"),
            counted.ended,
        )
        yield _gauges("running_incidents", "Incidents that have not ended.", ("status",), counted.running)
        asked = [tally for tally in counted.approvals if tally.labels != ("pending",)]
        yield _counter("approvals", "Approvals that were answered or ran out.", ("outcome",), asked)
        yield _counter("actions", "Writes, by action and who decided.", ("action", "by"), counted.actions)
        yield _counter("verdicts", "Writes that were judged.", ("action", "verdict"), counted.verdicts)
        yield _counter("blocked", "Decisions held back, by rule.", ("rule",), counted.blocked)
        yield _counter("decisions", "Decisions, by who made them.", ("decider", "route"), counted.decisions)
        yield _counter(
            "aftermaths",
            "Incidents without a write, by what the agent would have done and what people did.",
            ("action", "outcome"),
            counted.aftermaths,
        )
        yield _counter("notifications", "Messages sent, by kind.", ("kind",), counted.sent)
        yield _gauges(
            "unsent_notifications", "Messages that wait or fail.", ("kind", "state"), counted.unsent
        )
        yield _stages(counted.stages)
        yield _gauge("inbox_depth", "Incidents that nobody has taken up yet.", counted.inbox_depth)
        pending = sum(tally.count for tally in counted.approvals if tally.labels == ("pending",))
        yield _gauge("pending_approvals", "Approvals that wait.", pending)
        waits = self._age(counted.oldest_pending)
        yield _gauge("oldest_pending_approval_seconds", "Age of the oldest approval that waits.", waits)
        unhandled = self._age(counted.oldest_unhandled)
        yield _gauge("oldest_unhandled_alert_seconds", "Age of the oldest alert not taken up yet.", unhandled)
        yield _gauge("paused", "1 while actions are paused.", float(self._controls.pause_state().paused))
        yield self._hold_gauge()

    def _hold_gauge(self) -> Metric:
        """One series for each cause, so that none appears out of nothing."""
        family = GaugeMetricFamily("sre_agent_hold", "1 while a global hold is in force.", labels=("cause",))
        held = {hold.cause for hold in self._holds.active(self._clock.now())}
        for cause in CAUSES:
            family.add_metric((cause,), float(cause in held))
        return family

    def _age(self, since: datetime | None) -> float:
        return max(0.0, (self._clock.now() - since).total_seconds()) if since else 0.0


def _counter(name: str, words: str, labels: tuple[str, ...], tallies: Iterable[Tally]) -> Metric:
    family = CounterMetricFamily(f"sre_agent_{name}", words, labels=labels)
    for tally in tallies:
        family.add_metric(tally.labels, tally.count)
    return family


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"sre_agent_{name}", words, value=value)


def _gauges(name: str, words: str, labels: tuple[str, ...], tallies: Iterable[Tally]) -> Metric:
    family = GaugeMetricFamily(f"sre_agent_{name}", words, labels=labels)
    for tally in tallies:
        family.add_metric(tally.labels, tally.count)
    return family


def _stages(stages: Iterable[Stage]) -> Metric:
    family = HistogramMetricFamily(
        "sre_agent_stage_duration_seconds", "How long the stages of incidents took.", labels=("stage",)
    )
    names = [*map(str, STAGE_BOUNDS), "+Inf"]
    for stage in stages:
        family.add_metric((stage.name,), list(zip(names, stage.cumulative, strict=True)), stage.seconds)
    return family


def blueprint(metrics: Metrics, auth: Auth) -> Blueprint:
    """`GET /metrics`."""
    pages = Blueprint("metrics", __name__)

    @pages.get("/metrics")
    @auth.needs("viewer")
    def show() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return pages
