"""Alertmanager's webhook body, version 4, as alerts that the rest can trust (kubernetes.md 1.1).

Everything in it is text from strangers (R1.5). What can be understood is kept, whatever stands beside it: one
bad alert never costs the others, and a bad time never costs the alert.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from tools.column_types import storable
from tools.errors import Invalid
from tools.records import Alert, Record

MAX_ALERTS = 10_000
"""Handled per body (R1.9); the rest is recorded as a number."""
MAX_INVALID = 100
"""Malformed alerts recorded one by one per body; the rest as a number."""
REPLICA_LABELS = ("prometheus_replica", "prometheus", "__replica__")
"""Labels that name who sent the alert, not what it is about (R1.12)."""

_LABEL_BYTES = 1024
_ANNOTATION_BYTES = 4096
_URL_BYTES = 2048
_PAIRS = 128
_EXCERPT = 500
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_SEND = 'send Alertmanager\'s webhook body (webhook_configs, version "4")'

Value = TypeVar("Value")


class InvalidAlert(Record):
    """An entry of `alerts` that is none, kept so that a person can see what was lost."""

    reason: str
    excerpt: str = ""


class Parsed(Record):
    """One body."""

    alerts: tuple[Alert, ...] = ()
    invalid: tuple[InvalidAlert, ...] = ()
    truncated: int = 0
    """Alerts that Alertmanager itself cut (`max_alerts`): its group status means nothing then (R1.4)."""
    group_key: str = ""
    notes: tuple[str, ...] = ()
    """What was put right, for whoever sends it."""


def parse(
    body: object,
    *,
    now: datetime,
    max_alerts: int = MAX_ALERTS,
    replica_labels: Sequence[str] = REPLICA_LABELS,
) -> Parsed:
    """The body's alerts, each by its own status and labels (R1.1, R1.2).

    Raises Invalid, saying what to send, when it is no v4 body at all: only a person can mend that sender.
    """
    if not isinstance(body, dict):
        raise Invalid(f"the body is {_kind(body)}, not an object: {_SEND}")
    if body.get("version") != "4":
        raise Invalid(f'"version" is {_cut(json.dumps(body.get("version")), 40)}, not "4": {_SEND}')
    given = body.get("alerts")
    if not isinstance(given, list):
        raise Invalid(f'"alerts" is {_kind(given)}, not a list: {_SEND}')
    reader = _Reader(now, frozenset(replica_labels))
    for position, entry in enumerate(given[:max_alerts]):
        reader.take(position, entry)
    return Parsed(
        alerts=tuple(reader.alerts),
        invalid=(*reader.kept_invalid(), *_beyond(len(given), max_alerts)),
        truncated=_count(body.get("truncatedAlerts")),
        group_key=_cut(_text(body.get("groupKey")), _LABEL_BYTES),
        notes=tuple(reader.notes[:MAX_INVALID]),
    )


def own_fingerprint(labels: Mapping[str, str], replica_labels: Sequence[str] = REPLICA_LABELS) -> str:
    """The identity of an alert: its labels without those of whoever sent it (R1.12)."""
    told = sorted((name, value) for name, value in labels.items() if name not in replica_labels)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def parse_time(text: object) -> datetime | None:
    """RFC 3339 with 0 to 9 fractional digits; None for anything else and for Go's zero time (R1.3)."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return instant if instant.year > 1 else None


class _Reader:
    """Goes over one body's entries."""

    def __init__(self, now: datetime, replica_labels: frozenset[str]) -> None:
        self.now = now
        self.replica_labels = replica_labels
        self.alerts: list[Alert] = []
        self.invalid: list[InvalidAlert] = []
        self.notes: list[str] = []

    def take(self, position: int, entry: object) -> None:
        try:
            self.alerts.append(self._alert(position, entry))
        except Invalid as err:
            excerpt = _cut(storable(json.dumps(entry, ensure_ascii=False)), _EXCERPT)
            self.invalid.append(InvalidAlert(reason=f"alerts[{position}]: {err}", excerpt=excerpt))

    def kept_invalid(self) -> list[InvalidAlert]:
        more = len(self.invalid) - MAX_INVALID
        kept = self.invalid[:MAX_INVALID]
        return [*kept, InvalidAlert(reason=f"{more} more alerts are malformed")] if more > 0 else kept

    def _alert(self, position: int, entry: object) -> Alert:
        if not isinstance(entry, dict):
            raise Invalid(f"{_kind(entry)}, not an object")
        status = entry.get("status")
        if status not in ("firing", "resolved"):
            raise Invalid(f'"status" is {_cut(json.dumps(status), 40)}, not "firing" or "resolved"')
        labels = _pairs(entry.get("labels"), "labels")
        if not labels:
            raise Invalid('"labels" is empty: nothing says what the alert is about')
        return Alert(
            fingerprint=self._fingerprint(entry.get("fingerprint"), labels),
            status=status,
            labels=_kept(labels, _LABEL_BYTES),
            annotations=_kept(_pairs(entry.get("annotations") or {}, "annotations"), _ANNOTATION_BYTES),
            starts_at=self._starts_at(position, entry),
            ends_at=self._ends_at(position, entry) if status == "resolved" else None,
            generator_url=_cut(_text(entry.get("generatorURL")), _URL_BYTES),
        )

    def _fingerprint(self, given: object, labels: Mapping[str, str]) -> str:
        # Senders by hand reuse one word for many alerts; only what looks like Alertmanager's hash is believed.
        believed = isinstance(given, str) and _FINGERPRINT.fullmatch(given)
        if believed and not self.replica_labels.intersection(labels):
            return str(given)
        return own_fingerprint(labels, tuple(self.replica_labels))

    def _starts_at(self, position: int, entry: dict[str, Any]) -> datetime:
        instant = parse_time(entry.get("startsAt"))
        if instant is None:
            self._note_time(position, "startsAt", entry.get("startsAt"))
        return instant or self.now

    def _ends_at(self, position: int, entry: dict[str, Any]) -> datetime:
        instant = parse_time(entry.get("endsAt"))
        if instant is None:
            self._note_time(position, "endsAt", entry.get("endsAt"))
        return instant or self.now

    def _note_time(self, position: int, name: str, given: object) -> None:
        told = _cut(storable(json.dumps(given, ensure_ascii=False)), 60)
        self.notes.append(
            f"alerts[{position}].{name} is {told}, not an RFC 3339 time: the time of receipt stands for it"
        )


def _beyond(count: int, limit: int) -> tuple[InvalidAlert, ...]:
    if count <= limit:
        return ()
    return (
        InvalidAlert(reason=f"{count - limit} alerts beyond the first {limit} of one body were not read"),
    )


def _pairs(given: object, name: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise Invalid(f'"{name}" is {_kind(given)}, not an object')
    pairs = {}
    for key, value in given.items():
        if isinstance(value, dict | list):
            raise Invalid(f'"{name}.{_cut(storable(key), 60)}" is {_kind(value)}, not a text')
        pairs[storable(key)] = storable(_text(value))
    return pairs


def _kept(pairs: Mapping[str, str], limit: int) -> dict[str, str]:
    return {_cut(key, 256): _cut(value, limit) for key, value in list(pairs.items())[:_PAIRS]}


def _text(value: object) -> str:
    if isinstance(value, str):
        return storable(value)
    return "" if value is None else json.dumps(value)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit // 4:
        return text
    data = text.encode("utf-8", "replace")
    return text if len(data) <= limit else data[:limit].decode("utf-8", "ignore")


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _kind(value: object) -> str:
    if value is None:
        return "missing"
    words = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return next((word for kind, word in words.items() if isinstance(value, kind)), "a number")
