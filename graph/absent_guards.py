"""Guards that nobody could ask, because what they rest on is not configured: named, and in nobody's way.

A source that is configured and does not answer is another matter: then the guard that rests on it refuses or asks.
"""

from __future__ import annotations

from graph.services import Services

SILENCES = "silenced alerts: Alertmanager's API is not configured (ALERTMANAGER_URL)"
PROMETHEUS = "blind monitoring, growth of memory: Prometheus is not configured (PROMETHEUS_URL)"
WATCHDOG = "monitoring that went away: Watchdog was never heard of"


def absent_guards(services: Services) -> tuple[str, ...]:
    """In words, the setting that would add it with each. Raises StoreError."""
    absent = {
        SILENCES: services.silences is None,
        PROMETHEUS: services.metrics is None,
        WATCHDOG: services.signs is None or services.signs.watchdog(services.clock.now()) is None,
    }
    return tuple(words for words, is_absent in absent.items() if is_absent)
