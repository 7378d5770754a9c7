"""What becomes of an alert: opens an incident, joins one, or is only recorded. Pure; `tools.inbox` does the SQL.

The rules are product.md section 3 "Two lives" and kubernetes.md R1.8 to R1.14:

- an alert that fires already is a repeat, even when its start has moved back;
- one that fires again is news when it started after its last end; an older body that comes late is not;
- an alert of a workload whose run goes on joins that run;
- after the run, with the episode still open, another alert opens a new incident that knows the last one;
- a resolve closes what fires and opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tools.records import Alert
from tools.workload_key import workload_key

LATE_BODY = timedelta(hours=1)
"""How long after a resolve a body that is older than it may still be on its way.

Alertmanager gives up a delivery within its group interval. What fires later than this with an old start does
fire: a Prometheus that was cut off and came back sends its alerts with their first start.
"""

_NEVER = frozenset({"Watchdog", "InfoInhibitor"})
_QUIET = frozenset({"none", "info"})


@dataclass
class AlertRow:
    """A row of `alerts`, there already (`id`) or to be inserted (`alert`)."""

    fingerprint: str
    status: str
    starts_at: datetime
    last_seen: datetime
    id: int | None = None
    alert: Alert | None = None
    incident_id: str | None = None
    episode_id: str | None = None
    ends_at: datetime | None = None
    resolved_at: datetime | None = None
    times: int = 1
    note: str = ""
    changed: bool = False


@dataclass
class Place:
    """The newest run of an open episode: where alerts of a workload key belong."""

    incident_id: str
    episode_id: str
    ended: bool = False
    covers: bool = False
    looked_at: datetime | None = None
    names: frozenset[str] = frozenset()

    def judged(self, alert: Alert) -> bool:
        """The run has ended, and had this in sight: the same alert, of another pod, firing when it looked."""
        if not self.covers or self.looked_at is None or alert.name not in self.names:
            return False
        return alert.starts_at < self.looked_at


@dataclass(frozen=True)
class Opening:
    """An incident to open."""

    place: Place
    alert: Alert
    key: str
    previous_id: str
    new_episode: bool


@dataclass
class Known:
    """What the record says about the alerts of a body."""

    latest: dict[str, AlertRow] = field(default_factory=dict)
    """By fingerprint: the newest row."""
    places: dict[str, Place] = field(default_factory=dict)
    """By workload key, for open episodes."""
    previous: dict[str, str] = field(default_factory=dict)
    """By workload key: the last incident, for closed ones."""


def not_an_incident(alert: Alert) -> str:
    """Why an alert is stored and no more, or an empty string."""
    if alert.name in _NEVER:
        return f"{alert.name} is no problem of a workload"
    if alert.severity.lower() in _QUIET:
        return f"severity {alert.severity.lower()}"
    return ""


class Batch:
    """Sorts the alerts of one body, one after the other."""

    def __init__(self, known: Known, now: datetime, new_id: Callable[[], str]) -> None:
        self.known = known
        self.now = now
        self._new_id = new_id
        self.fresh: list[AlertRow] = []
        self.openings: list[Opening] = []
        self.joins: dict[str, list[str]] = {}
        """Alert names by incident that they joined."""
        self.ends: dict[str, list[str]] = {}
        """Names of resolved alerts by incident."""
        self.counts = dict.fromkeys(("joined", "repeated", "resolved", "ignored"), 0)
        self.incident_ids: dict[str, None] = {}

    def take(self, alert: Alert) -> None:
        """Decide about one alert."""
        latest = self.known.latest.get(alert.fingerprint)
        if alert.status == "resolved":
            self._resolve(alert, latest)
        elif latest is not None and not self._is_news(alert, latest):
            self._repeat(alert, latest)
        elif reason := not_an_incident(alert):
            self._count("ignored", self._insert(alert, None, note=reason))
        else:
            self._place(alert, latest)

    def changed(self) -> list[AlertRow]:
        """Rows to update."""
        return [row for row in self.known.latest.values() if row.changed and row.id is not None]

    def _is_news(self, alert: Alert, latest: AlertRow) -> bool:
        if latest.status == "firing" or latest.resolved_at is None:
            return False
        ended_at = latest.ends_at or latest.resolved_at
        return alert.starts_at > ended_at or self.now - latest.resolved_at > LATE_BODY

    def _repeat(self, alert: Alert, row: AlertRow) -> None:
        self._touch(row)
        if row.status == "firing":
            row.starts_at = min(row.starts_at, alert.starts_at)
        self._count("repeated" if row.incident_id else "ignored", row)

    def _place(self, alert: Alert, latest: AlertRow | None) -> None:
        key = workload_key(alert.labels)
        place = self.known.places.get(key)
        if place is None:
            self._open(alert, key, self._new_id(), self.known.previous.get(key, ""))
        elif not place.ended:
            self.joins.setdefault(place.incident_id, []).append(alert.name)
            self._count("joined", self._insert(alert, place))
        elif place.judged(alert) or (latest is not None and latest.episode_id == place.episode_id):
            self._count("repeated", self._insert(alert, place))
        else:
            self._open(alert, key, place.episode_id, place.incident_id)

    def _open(self, alert: Alert, key: str, episode_id: str, previous_id: str) -> None:
        place = Place(incident_id=self._new_id(), episode_id=episode_id)
        new_episode = key not in self.known.places
        self.openings.append(Opening(place, alert, key, previous_id, new_episode))
        self.known.places[key] = place
        self._insert(alert, place)
        self.incident_ids[place.incident_id] = None

    def _resolve(self, alert: Alert, latest: AlertRow | None) -> None:
        ended_at = alert.ends_at or self.now
        if latest is None:
            self._count("ignored", self._insert(alert, None, note="resolved, never seen firing"))
        elif latest.status == "firing" and ended_at >= latest.starts_at:
            self._touch(latest)
            latest.status, latest.ends_at, latest.resolved_at = "resolved", ended_at, self.now
            self._count("resolved" if latest.incident_id else "ignored", latest)
            if latest.incident_id:
                self.ends.setdefault(latest.incident_id, []).append(alert.name)
        else:
            self._touch(latest)
            if latest.status == "resolved":
                latest.ends_at = max(latest.ends_at or ended_at, ended_at)
            self._count("repeated" if latest.incident_id else "ignored", latest)

    def _insert(self, alert: Alert, place: Place | None, note: str = "") -> AlertRow:
        row = AlertRow(
            fingerprint=alert.fingerprint,
            status=alert.status,
            starts_at=alert.starts_at,
            last_seen=self.now,
            alert=alert,
            incident_id=place.incident_id if place else None,
            episode_id=place.episode_id if place else None,
            ends_at=alert.ends_at,
            resolved_at=self.now if alert.status == "resolved" else None,
            note=note,
        )
        self.fresh.append(row)
        self.known.latest[alert.fingerprint] = row
        return row

    def _touch(self, row: AlertRow) -> None:
        row.times += 1
        row.last_seen = self.now
        row.changed = True

    def _count(self, what: str, row: AlertRow) -> None:
        self.counts[what] += 1
        if row.incident_id:
            self.incident_ids[row.incident_id] = None
