"""How the agent's own senses are: the API that it writes to, and the monitoring that tells it what is wrong.

Nothing here waits: what the API answered is counted as it comes, and Prometheus is asked by a chore.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from tools.api_pulse import ApiPulse
from tools.clock import Clock
from tools.cluster import KubernetesCluster
from tools.errors import ToolError
from tools.prometheus import SeriesReader

STATE_METRICS = 'up{job=~".*kube-state-metrics.*"}'
ANYTHING = "up"
PATIENCE = timedelta(seconds=20)
"""Prometheus may be restarted: silent for longer is silent."""


class Vitals(Protocol):
    """Why nothing should be written by itself, in words; empty when all is well."""

    def api(self) -> str:
        """Of the Kubernetes API."""
        ...

    def monitoring(self) -> str:
        """Of Prometheus and what it scrapes; empty also where none is configured."""
        ...


class LiveVitals:
    """What is counted and what was seen at the last look."""

    def __init__(self, clock: Clock, pulse: ApiPulse, prometheus: SeriesReader | None) -> None:
        self._clock = clock
        self.pulse = pulse
        self._prometheus = prometheus
        self._blind = ""
        self._silent_since: datetime | None = None

    @classmethod
    def of(cls, cluster: KubernetesCluster, clock: Clock, prometheus: SeriesReader | None) -> LiveVitals:
        """Counts the requests to this cluster from now on."""
        pulse = ApiPulse(clock)
        cluster.observed_by(pulse.record)
        return cls(clock, pulse, prometheus)

    def api(self) -> str:
        return self.pulse.unwell()

    def monitoring(self) -> str:
        return self._blind

    def look(self) -> None:
        """Ask Prometheus, where one is configured. Never raises: that it does not answer is what is looked for."""
        if self._prometheus is None:
            return
        now = self._clock.now()
        try:
            self._blind = _blind(self._prometheus, now)
            self._silent_since = None
        except ToolError as error:
            self._silent_since = self._silent_since or now
            if now - self._silent_since >= PATIENCE:
                self._blind = f"Prometheus does not answer since {self._silent_since:%H:%M} UTC: {error}"


def _blind(prometheus: SeriesReader, now: datetime) -> str:
    """What was scraped within a day and is not any more. What never was is not missed. Raises ToolError."""
    for what, series in (("kube-state-metrics", STATE_METRICS), ("its targets", ANYTHING)):
        told = prometheus.instant(f"sum({series})", now).series
        if any(value > 0 for found in told for _, value in found.points):
            continue
        if prometheus.instant(f"count(last_over_time({series}[1d]))", now).series:
            return f"Prometheus has lost {what}: what it says of the cluster is old"
    return ""
