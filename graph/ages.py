"""How long, and since when, in words that are read at a glance: `2 s`, `31 min`, `5.2 h`, `36 days`."""

from __future__ import annotations

from datetime import datetime, timedelta

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def lasting(seconds: float) -> str:
    """In the greatest unit of which it is two or more, so that little is lost."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        hours = seconds / HOUR
        return f"{hours:.0f} h" if hours >= 10 else f"{hours:.1f} h"
    return f"{seconds / DAY:.0f} days"


def old(since: datetime, now: datetime) -> str:
    """How long ago that was; an instant ahead, by a clock that goes wrong, is now."""
    return lasting(max(timedelta(0), now - since).total_seconds())


def since(at: datetime, now: datetime) -> str:
    """`14:18:20 UTC (54 min ago)`, with its day where that is another one."""
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M:%S} UTC ({old(at, now)} ago)"
