"""Webhook bodies for tests, in Alertmanager's own form."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tools.alertmanager import Parsed, parse

PAYLOADS = Path(__file__).parent / "payloads"
NEVER = "0001-01-01T00:00:00Z"
BEGIN = datetime(2026, 11, 22, 15, 45, tzinfo=UTC)
"""When alerts of tests start, unless they say otherwise."""


def real_bodies() -> list[dict[str, Any]]:
    """The six bodies that a real Alertmanager sent, in the order it sent them."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]


def rfc3339(instant: datetime) -> str:
    """As Alertmanager writes instants."""
    return instant.isoformat().replace("+00:00", "Z")


def firing(
    pod: str = "web-7c9f8d6b5-bxk2q", name: str = "KubePodCrashLooping", *, start: float = 0.0, **labels: str
) -> dict[str, Any]:
    """An entry of `alerts` that fires since `start` seconds after BEGIN."""
    told = {"alertname": name, "namespace": "shop", "severity": "warning", "pod": pod} | labels
    return {
        "status": "firing",
        "labels": {key: value for key, value in told.items() if value},
        "annotations": {"summary": f"{name} on {pod}"},
        "startsAt": rfc3339(BEGIN + timedelta(seconds=start)),
        "endsAt": NEVER,
        "generatorURL": "http://prometheus:9090/graph",
    }


def resolved(entry: dict[str, Any], *, end: float = 60.0) -> dict[str, Any]:
    """The same alert, ended `end` seconds after BEGIN."""
    return entry | {"status": "resolved", "endsAt": rfc3339(BEGIN + timedelta(seconds=end))}


def body(*entries: Any, **fields: Any) -> dict[str, Any]:
    """A v4 body."""
    some_fire = any(isinstance(entry, dict) and entry.get("status") == "firing" for entry in entries)
    return {
        "version": "4",
        "groupKey": '{}:{namespace="shop"}',
        "truncatedAlerts": 0,
        "status": "firing" if some_fire else "resolved",
        "receiver": "sre-agent",
        "groupLabels": {"namespace": "shop"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "alerts": list(entries),
    } | fields


def parsed(*entries: Any, now: datetime = BEGIN, **fields: Any) -> Parsed:
    """The same body, parsed."""
    return parse(body(*entries, **fields), now=now)
