"""What a decision was made from, kept as a bundle: what was read of the cluster, the alerts, and what was remembered.

It is kept after the decision is, so that no decision waits for it. A run that was resumed between its reading and
its decision has not read what it decided from; nothing is kept of it then, rather than something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from graph.autonomy import limits_with_levels
from graph.remembered import history, holds_told
from graph.services import Services
from graph.state import IncidentState
from tools import targets
from tools.bundle import Bundle, BundleMeta
from tools.errors import ToolError
from tools.recording import Reading, kind_named
from tools.records import Alert
from tools.resources import SERVICES, JsonObject


def keep(services: Services, state: IncidentState) -> None:
    """Keep it, where readings are kept. Raises StoreError."""
    reading, incident_id = services.reading, state["incident_id"]
    if services.readings is None or reading is None:
        return
    alerts = services.incidents.alerts(incident_id)
    if not alerts:  # an undo on request: no body could be replayed
        return
    if state.get("target") and not _has_read(reading):
        return  # asked before the target is named again, which may read a Service too
    if state.get("approval_id"):
        _name_again(services, alerts)
    now = state["evidence"].collected_at
    told = history(services, state, reading.objects.values())
    services.readings.keep(
        incident_id, _bundle(services, incident_id, alerts, told, now), services.clock.now()
    )


def keep_holds(services: Services, incident_id: str) -> None:
    """A hold that showed itself only before the write, added to what is kept: it is what decided in the end.

    It counts from the decision's own time on, so that a replay decides as the run did. Raises StoreError.
    """
    bundle = services.readings.of(incident_id).bundle if services.readings else None
    if services.readings is None or bundle is None:
        return
    latest = bundle.meta.now.isoformat().replace("+00:00", "Z")
    held = [{**hold, "at": min(str(hold["at"]), latest)} for hold in holds_told(services)]
    told = replace(bundle, history={**bundle.history, "holds": held})
    services.readings.keep(incident_id, told, services.clock.now())


def webhook_body(alerts: list[Alert]) -> JsonObject:
    """The alerts as a sender would deliver them now."""
    firing = any(alert.status == "firing" for alert in alerts)
    empty: JsonObject = {"groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}}
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "sre-agent",
        **empty,
        "externalURL": "",
        "alerts": [_entry(alert) for alert in alerts],
    }


def _deliveries(alerts: list[Alert]) -> Iterator[JsonObject]:
    """All of them firing, then those that have resolved: one that only ever resolves opens no incident."""
    yield webhook_body([alert.model_copy(update={"status": "firing", "ends_at": None}) for alert in alerts])
    if over := [alert for alert in alerts if alert.status == "resolved"]:
        yield webhook_body(over)


def _entry(alert: Alert) -> JsonObject:
    return {
        "status": alert.status,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": alert.starts_at.isoformat(),
        "endsAt": alert.ends_at.isoformat() if alert.ends_at else "0001-01-01T00:00:00Z",
        "generatorURL": alert.generator_url,
        "fingerprint": alert.fingerprint,
    }


def _name_again(services: Services, alerts: list[Alert]) -> None:
    """A second decision of a run read the target anew, but not what led to it."""
    try:
        targets.resolve(services.cluster, alerts, metrics=services.metrics, now=services.clock.now())
    except ToolError:
        return  # a replay will say that it was not captured


def _has_read(reading: Reading) -> bool:
    """This process has gathered the evidence: it reads the Services, whatever the target is."""
    return kind_named(SERVICES) in reading.answered or reading.unanswered


def _bundle(
    services: Services, incident_id: str, alerts: list[Alert], told: JsonObject, now: datetime
) -> Bundle:
    reading = services.reading
    assert reading is not None
    silent = reading.unanswered and not reading.answered
    meta = BundleMeta(
        now=now,
        api="refused" if silent else None,
        forbidden=tuple(sorted(reading.forbidden)),
        captured=None if silent else tuple(sorted(reading.answered)),
        mode=services.policy.mode,
        policy=limits_with_levels(services).model_dump(mode="json", exclude={"mode"}),
        incident_id=incident_id,
    )
    return Bundle(
        meta=meta,
        alerts=tuple(_deliveries(alerts)),
        objects=tuple(reading.objects.values()),
        logs=dict(reading.logs),
        metrics=tuple(_series(reading, now)),
        llm=tuple(line.model_dump(mode="json") for line in services.heard.heard) if services.heard else (),
        history=told,
    )


def _series(reading: Reading, now: datetime) -> Iterator[dict[str, Any]]:
    for query, answer in reading.series.items():
        series = [
            {
                "labels": dict(line.labels),
                "values": [[(now - at).total_seconds(), value] for at, value in line.points],
            }
            for line in answer.series
        ]
        yield {"query_contains": query, "series": series}
