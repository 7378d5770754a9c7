"""Whether a workload fell ill together with many others, as the global hold counts them."""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.holding import standing
from graph.services import Services

TOGETHER = timedelta(minutes=15)
"""A hold that is older tells of another outage."""


def fell_ill_together(services: Services, now: datetime) -> str:
    """Why they are taken for one failure, while that is news; else empty. Raises StoreError."""
    held = (hold for hold in standing(services, now) if hold.cause == "correlated_failure")
    return next((hold.why for hold in held if now - hold.since <= TOGETHER), "")
