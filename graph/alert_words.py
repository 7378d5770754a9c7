"""What explanations take from an alert's labels: bounded, redacted, and in commands nothing but names.

A label is text that anybody may have written, and a person may paste the command that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tools.excerpts import imperative, message
from tools.records import Alert

_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9\[](?:[-A-Za-z0-9_.:\[\]]{0,251}[A-Za-z0-9\]])?")
LONGEST = 100


def label(alerts: Sequence[Alert], *names: str) -> str:
    """The first value of the first of these labels that gives no orders, for a sentence; empty: none has it."""
    return next((message(text, LONGEST) for text in _values(alerts, names) if not imperative([text])), "")


def named(alerts: Sequence[Alert], *names: str) -> str:
    """The same, for a command: what is no name of an object is left as a place to fill in."""
    found = next((text for text in _values(alerts, names) if _NAME.fullmatch(text)), "")
    return found or f"<{names[-1]}>"


def host(alerts: Sequence[Alert]) -> str:
    """Where an exporter answers, as it says; empty: it does not, or not as an address."""
    return next((text for text in _values(alerts, ("instance",)) if _HOST.fullmatch(text)), "")


def names_of(alerts: Sequence[Alert], most: int = 3) -> str:
    """What the alerts are called, each once."""
    found = list(dict.fromkeys(message(alert.name, LONGEST) for alert in alerts))
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"{', '.join(found[:most])}{more}"


def fire(alerts: Sequence[Alert]) -> str:
    """`KubeAPIDown fires`, or of several that they fire."""
    return f"{names_of(alerts)} {'fires' if len({a.name for a in alerts}) == 1 else 'fire'}"


def _values(alerts: Sequence[Alert], names: Sequence[str]) -> Iterable[str]:
    return (text for name in names for alert in alerts if (text := alert.labels.get(name, "").strip()))
