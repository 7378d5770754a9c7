"""Every series that /metrics can show, with its labels: one of each is counted, asked or answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from server.advising import AdviserCollector
from server.metrics import Metrics
from tools.clock import ManualClock
from tools.controls import PauseState
from tools.holds import Cause, Hold
from tools.llm import GroqLLM
from tools.tallies import STAGE_BOUNDS, Counts, Stage, Tally

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class _Full:
    """A record in which there is one of everything."""

    def count(self) -> Counts:
        return Counts(
            alerts=_one("received"),
            ended=_one("crash_loop", "act", "recovered"),
            running=_one("verifying"),
            approvals=_one("approved"),
            actions=_one("restart_deployment", "automatic"),
            verdicts=_one("restart_deployment", "RECOVERED"),
            blocked=_one("mode"),
            decisions=_one("playbook", "act"),
            sent=_one("recovered"),
            unsent=_one("recovered", "failing"),
            stages=(Stage(name="decision", cumulative=(1,) * (len(STAGE_BOUNDS) + 1), seconds=1),),
        )


class _Running:
    """Not paused."""

    def pause_state(self) -> PauseState:
        return PauseState(paused=False)

    pause_now = pause_state

    def pause(self, *, actor: str, reason: str, at: datetime) -> None:
        raise NotImplementedError

    resume = pause


class _NoHolds:
    """Nothing holds."""

    def active(self, now: datetime) -> tuple[Hold, ...]:
        return ()

    def newest(self, now: datetime) -> dict[Cause, Hold]:
        return {}

    def recent(self, *, limit: int = 20) -> list[Hold]:
        return []

    def engage(self, cause: Cause, why: str, *, at: datetime, weight: int = 0) -> bool:
        raise NotImplementedError

    def lift(self, causes: Collection[Cause], *, actor: str, reason: str, at: datetime) -> tuple[Hold, ...]:
        raise NotImplementedError

    def forget_weight(self, cause: Cause) -> None:
        raise NotImplementedError


def _one(*labels: str) -> tuple[Tally, ...]:
    return (Tally(labels=labels, count=1),)


def exposed() -> dict[str, set[str]]:
    """Labels by the name of the sample."""
    metrics, clock = Metrics(), ManualClock(NOW)
    metrics.follow(_Full(), _Running(), _NoHolds(), clock)
    model = GroqLLM("no-key", ("a-model",), clock)
    model.usage.called("a-model", "answered", 1.0)
    model.usage.spent("a-model", 1, 1)
    metrics.registry.register(AdviserCollector(model))
    metrics.request("GET", "/health", 200, 0.001)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found
