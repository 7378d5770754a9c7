"""A small Prometheus and Alertmanager for the sandbox: a few rules over its objects, sent as v4 bodies.

Alerts fire after a condition has held for a while and resolve when it is gone, as real ones do: a pod that is
replaced resolves its alert whatever the new pod does.
"""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from server.demo.rules import Labels, conditions, subject
from tools.clock import Clock
from tools.sandbox import Sandbox

FOR = timedelta(seconds=30)
"""How long a condition must hold before its alert fires."""
STICKS = timedelta(seconds=60)
"""A crash loop is Running between two crashes: the condition holds this long after it was last seen."""
EVALUATE_SECONDS = 0.3
log = structlog.get_logger("demo.alerting")


@dataclass
class Active:
    """An alert whose condition holds, or held a moment ago."""

    labels: Labels
    since: datetime
    seen: datetime
    sent: bool = False

    @property
    def group(self) -> str:
        """Alerts of one namespace are sent together, those of nodes too."""
        return self.labels.get("namespace", "")


class Alerting:
    """Evaluates the rules in a thread of its own and posts what changed."""

    def __init__(self, sandbox: Sandbox, clock: Clock, webhook: str) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self._webhook = webhook
        self._active: dict[str, Active] = {}
        self._evaluating = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="alerting", daemon=True)

    def start(self) -> None:
        """Begin to evaluate."""
        self._thread.start()

    def stop(self) -> None:
        """Evaluate no more."""
        self._stop.set()
        self._thread.join(5)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing is evaluated meanwhile, however much of the sandbox's time goes by; what fires goes on firing."""
        with self._evaluating:
            yield
            for active in self._active.values():
                active.seen = self._clock.now()

    def _loop(self) -> None:
        while not self._stop.wait(EVALUATE_SECONDS):
            with self._evaluating:
                bodies = list(self._evaluate(self._clock.now()))
            for body in bodies:
                self._post(body)

    def _evaluate(self, now: datetime) -> Iterator[dict[str, Any]]:
        for labels in conditions(self._sandbox, now):
            self._active.setdefault(_fingerprint(labels), Active(labels, now, now)).seen = now
        there = {each["metadata"]["uid"] for kind in ("Pod", "Node") for each in self._sandbox.list(kind)}
        gone = {k for k, a in self._active.items() if a.labels["uid"] not in there or now - a.seen > STICKS}
        fresh = {k for k, a in self._active.items() if not a.sent and now - a.since >= FOR} - gone
        changed = {self._active[k].group for k in fresh | {k for k in gone if self._active[k].sent}}
        for group in sorted(changed):
            yield self._body(group, fresh, gone, now)
        for key in gone:
            del self._active[key]

    def _body(self, group: str, fresh: set[str], gone: set[str], now: datetime) -> dict[str, Any]:
        alerts = []
        for key, active in self._active.items():
            if active.group == group and (active.sent or key in fresh):
                active.sent = True
                alerts.append(_alert(key, active, None if key not in gone else now))
        return _body(group, alerts)

    def _post(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        request = urllib.request.Request(self._webhook, data, {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except OSError as error:
            log.warning("webhook failed", error=str(error))


def _alert(fingerprint: str, active: Active, ended: datetime | None) -> dict[str, Any]:
    return {
        "status": "resolved" if ended else "firing",
        "labels": active.labels,
        "annotations": {"summary": f"{subject(active.labels)}: {active.labels['reason']}"},
        "startsAt": active.since.isoformat(),
        "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": fingerprint,
    }


def _body(group: str, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    firing = any(alert["status"] == "firing" for alert in alerts)
    labels = {"namespace": group} if group else {}
    return {
        "version": "4",
        "groupKey": f'{{}}:{{namespace="{group}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "sre-agent",
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.invalid",
        "alerts": alerts,
    }


def _fingerprint(labels: Labels) -> str:
    return hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]
