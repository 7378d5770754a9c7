"""Rules about how much, how often and when: freeze windows, a namespace's budget, hands off after many writes. Pure.

They have the form of the rules in `graph.policy` and are among them. Each asks: a person may go on in spite of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from graph.freeze_windows import FreezeWindow
from graph.policy_facts import Answer, PolicyFacts, PolicySettings


def change_freeze(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """No automatic write while a freeze window of POLICY_FILE is open (kubernetes.md 7.2)."""
    covering = (w for w in settings.freeze_windows if w.covers(facts.target.namespace))
    why = open_freezes(covering, facts.now)
    return ("ask", why[0]) if why else None


def namespace_budget(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Automatic writes per hour and day in one namespace, so that one team's trouble leaves budget to others."""
    hour, day = facts.namespace_writes_hour, facts.namespace_writes_day
    if hour >= settings.namespace_writes_per_hour:
        return ("ask", f"{hour} automatic writes in {facts.target.namespace} in the last hour")
    if day >= settings.namespace_writes_per_day:
        return ("ask", f"{day} automatic writes in {facts.target.namespace} in the last day")
    return None


def human_only(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A workload that took its full number of writes in one window is a person's for a day (kubernetes.md 7.2).

    While that window lasts `workload_budget` says so; this is for the time after it.
    """
    times = sorted(attempt.at for attempt in facts.attempts if not attempt.undo)
    window = timedelta(seconds=settings.attempt_window_seconds)
    count = max(settings.workload_writes, 1)
    full = [last for first, last in zip(times, times[count - 1 :], strict=False) if last - first <= window]
    if not full or sum(at >= facts.now - window for at in times) >= count:
        return None
    until = full[-1] + timedelta(seconds=settings.human_only_seconds)
    if until < facts.now:
        return None
    return ("ask", f"{count} writes on this workload up to {_at(full[-1])}: people only until {_at(until)}")


def open_freezes(windows: Iterable[FreezeWindow], now: datetime) -> list[str]:
    """Those of them that are open, in words: which, and until when it lifts itself."""
    return [f"change freeze {window.name!r}: {why}" for window in windows if (why := _frozen(window, now))]


LIMITS = (change_freeze, namespace_budget, human_only)


def _frozen(window: FreezeWindow, now: datetime) -> str:
    """Why it holds now; empty when it does not. One that cannot be told holds."""
    try:
        end = window.open_until(now)
    except (KeyError, ValueError, OSError) as error:
        return f"its time zone cannot be read ({error}), so it counts as open"
    if end is None:
        return ""
    return "it has no end" if end == datetime.max else f"until {end:%Y-%m-%d %H:%M} {window.time_zone}"


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
