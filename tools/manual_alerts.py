"""A person's request to look at a workload, as an alert: the same path as Alertmanager's.

It fires until its run has ended. Nothing else resolves it: no sender repeats it, so its absence from what
Alertmanager says means nothing. Once the run has ended the request is answered and resolves, which closes the
episode; one whose approval ran out stays open for a day, so that it can be proposed anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import or_, select

from tools.alertmanager import Parsed, own_fingerprint
from tools.clock import Clock
from tools.database import Database
from tools.excerpts import message
from tools.inbox import Inbox
from tools.incident_rows import alert_from
from tools.records import Alert
from tools.schema import alerts, incidents
from tools.synthetic import ACTION_NAME, ACTOR, REQUEST, TEST_NAME

NAME = "ReportedUnhealthy"
"""Tells rules that pods can show whether it is over (see `graph.diagnosis.ABOUT_PODS`)."""
WORKLOAD_LABELS: Mapping[str, str] = {
    "Deployment": "deployment",
    "StatefulSet": "statefulset",
    "DaemonSet": "daemonset",
    "CronJob": "cronjob",
    "Job": "job_name",
    "Pod": "pod",
    "Node": "node",
    "PersistentVolumeClaim": "persistentvolumeclaim",
}
"""How an alert names each kind."""
KEPT_EXPIRED = timedelta(hours=24)
_NAMES = (NAME, TEST_NAME, ACTION_NAME)
_WISHES = {True: "tests what would be done about", False: "asked to look at"}


def manual_alert(
    kind: str,
    namespace: str,
    name: str,
    *,
    actor: str,
    reason: str,
    at: datetime,
    test: bool = False,
    action: str = "",
    request: str = "",
) -> Alert:
    """The alert of one request; each request is one of its own, even about the same workload.

    `test`: one that `tools.synthetic` knows for a test. `action`: the name of the action that is asked for.
    `request`: its name, where the same request may be made twice and has to be one.
    """
    labels = {
        "alertname": ACTION_NAME if action else TEST_NAME if test else NAME,
        "severity": "warning",
        WORKLOAD_LABELS[kind]: name,
        ACTOR: actor,
        REQUEST: request or uuid4().hex[:12],
    }
    if namespace:
        labels["namespace"] = namespace
    wish = f"asked for {action} of" if action else _WISHES[test]
    summary = message(reason, 500) or f"{actor} {wish} {kind} {f'{namespace}/' if namespace else ''}{name}"
    return Alert(
        fingerprint=own_fingerprint(labels),
        status="firing",
        labels=labels,
        annotations={"summary": summary},
        starts_at=at,
    )


class ManualAlerts:
    """Resolves requests whose run has ended."""

    def __init__(self, database: Database, inbox: Inbox, clock: Clock) -> None:
        self._database = database
        self._inbox = inbox
        self._clock = clock

    def settle(self) -> int:
        """Resolve what is answered; returns how many. Raises StoreError."""
        now = self._clock.now()
        answered = [
            alert.model_copy(update={"status": "resolved", "ends_at": now}) for alert in self._answered(now)
        ]
        if answered:
            self._inbox.accept(Parsed(alerts=tuple(answered)))
        return len(answered)

    def _answered(self, now: datetime) -> list[Alert]:
        firing = select(alerts).where(alerts.c.status == "firing", alerts.c.alert_name.in_(_NAMES))
        ended = firing.join(incidents, incidents.c.id == alerts.c.incident_id).where(
            incidents.c.ended_at.is_not(None),
            or_(incidents.c.status != "expired", incidents.c.ended_at < now - KEPT_EXPIRED),
        )
        with self._database.read() as connection:
            found = [alert_from(row) for row in connection.execute(ended)]
        return [alert for alert in found if REQUEST in alert.labels and ACTOR in alert.labels]
