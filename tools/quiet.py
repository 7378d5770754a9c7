"""Alerts that a person has silenced, or that a greater one inhibits: nobody acts on them by themselves (R1.16).

Where Alertmanager's API is configured it is asked right before a write that nobody approved. An alert that it does not
know is not quiet: another Alertmanager may hold it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from tools.alertmanager import own_fingerprint
from tools.records import Alert

_PLAIN = re.compile(r"[A-Za-z_][\w:.-]*")
_MOST_NAMES = 20


class Silences(Protocol):
    """What Alertmanager says of alerts that fire."""

    def states(self, matcher: str) -> list[dict[str, Any]]:
        """Those that fire and fit, quiet ones too; an empty matcher fits all. Raises TransientError."""
        ...


def why_quiet(alertmanager: Silences, alerts: Sequence[Alert]) -> str:
    """Why nothing is done about these by itself, else empty. Raises TransientError.

    One silence is enough, for a person asked for quiet; inhibition counts when all of them are inhibited: the warnings
    of a workload often are, by its critical alert.
    """
    firing = [alert for alert in alerts if alert.status == "firing"]
    told = alertmanager.states(_matcher(firing)) if firing else []
    found = [(alert, _status(alert, told)) for alert in firing]
    for alert, status in found:
        if status.get("silencedBy"):
            return f"{alert.name} is silenced in Alertmanager ({_ids(status['silencedBy'])})"
    if found and all(status.get("inhibitedBy") for _, status in found):
        names = ", ".join(sorted({alert.name for alert in firing}))
        return f"{names}: inhibited in Alertmanager by a greater alert"
    return ""


def _status(alert: Alert, told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is said of this alert; nothing where it is not known."""
    for entry in told:
        labels, status = entry.get("labels"), entry.get("status")
        if isinstance(labels, dict) and isinstance(status, dict) and _is(alert, entry, labels):
            return status
    return {}


def _is(alert: Alert, entry: dict[str, Any], labels: dict[str, Any]) -> bool:
    if alert.fingerprint in (entry.get("fingerprint"), own_fingerprint(labels)):
        return True
    return labels == alert.labels


def _matcher(alerts: Sequence[Alert]) -> str:
    """Of these names; empty where one of them is no plain word, so that all are asked for."""
    names = sorted({alert.name for alert in alerts})
    if len(names) > _MOST_NAMES or not all(_PLAIN.fullmatch(name) for name in names):
        return ""
    return f'alertname=~"{"|".join(names)}"'


def _ids(ids: object) -> str:
    named = [str(each) for each in ids] if isinstance(ids, list) else []
    return ", ".join(sorted(named)[:3])
