"""A small Prometheus and Alertmanager for the sandbox: two rules over its pods, sent as v4 bodies.

Alerts fire after a condition has held for a while and resolve when it is gone, as real ones do: a pod that is
replaced resolves its alert whatever the new pod does.
"""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from tools.clock import Clock
from tools.sandbox import Sandbox

FOR = timedelta(seconds=90)
"""How long a condition must hold before its alert fires."""
STICKS = timedelta(seconds=60)
"""A crash loop is Running between two crashes: the condition holds this long after it was last seen."""
EVALUATE_SECONDS = 0.2
IMAGE_REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName"})
log = structlog.get_logger("demo.alerting")


@dataclass
class Active:
    """An alert whose condition holds, or held a moment ago."""

    labels: dict[str, str]
    since: datetime
    seen: datetime
    sent: bool = False


class Alerting:
    """Evaluates the rules in a thread of its own and posts what changed."""

    def __init__(self, sandbox: Sandbox, clock: Clock, webhook: str) -> None:
        self._sandbox = sandbox
        self._clock = clock
        self._webhook = webhook
        self._active: dict[str, Active] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="alerting", daemon=True)

    def start(self) -> None:
        """Begin to evaluate."""
        self._thread.start()

    def stop(self) -> None:
        """Evaluate no more."""
        self._stop.set()
        self._thread.join(5)

    def firing(self, namespace: str) -> int:
        """How many alerts of the namespace fire now."""
        return sum(a.sent and a.labels["namespace"] == namespace for a in list(self._active.values()))

    def _loop(self) -> None:
        while not self._stop.wait(EVALUATE_SECONDS):
            bodies = list(self._evaluate(self._clock.now()))
            for body in bodies:
                self._post(body)

    def _evaluate(self, now: datetime) -> Iterator[dict[str, Any]]:
        pods = self._sandbox.list("Pod")
        uids = {pod["metadata"]["uid"] for pod in pods}
        for labels in (labels for pod in pods for labels in _conditions(pod)):
            key = _fingerprint(labels)
            self._active.setdefault(key, Active(labels, now, now)).seen = now
        gone = {k for k, a in self._active.items() if a.labels["uid"] not in uids or now - a.seen > STICKS}
        fresh = {k for k, a in self._active.items() if not a.sent and now - a.since >= FOR} - gone
        changed = {
            self._active[k].labels["namespace"] for k in fresh | {k for k in gone if self._active[k].sent}
        }
        for namespace in sorted(changed):
            yield self._group(namespace, fresh, gone, now)
        for key in gone:
            del self._active[key]

    def _group(self, namespace: str, fresh: set[str], gone: set[str], now: datetime) -> dict[str, Any]:
        alerts = []
        for key, active in self._active.items():
            if active.labels["namespace"] == namespace and (active.sent or key in fresh):
                active.sent = True
                alerts.append(_alert(key, active, None if key not in gone else now))
        return _body(namespace, alerts)

    def _post(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        request = urllib.request.Request(self._webhook, data, {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except OSError as error:
            log.warning("webhook failed", error=str(error))


def _conditions(pod: dict[str, Any]) -> Iterator[dict[str, str]]:
    metadata = pod["metadata"]
    for status in pod.get("status", {}).get("containerStatuses", []):
        reason = status.get("state", {}).get("waiting", {}).get("reason", "")
        name = {"CrashLoopBackOff": "KubePodCrashLooping"}.get(reason, "")
        if reason in IMAGE_REASONS:
            name, reason = "ImagePullBackOff", "ImagePullBackOff"
        if name:
            yield {
                "alertname": name,
                "severity": "warning",
                "namespace": metadata["namespace"],
                "pod": metadata["name"],
                "uid": metadata["uid"],
                "container": status["name"],
                "reason": reason,
                "job": "kube-state-metrics",
            }


def _alert(fingerprint: str, active: Active, ended: datetime | None) -> dict[str, Any]:
    where = f"{active.labels['namespace']}/{active.labels['pod']}"
    return {
        "status": "resolved" if ended else "firing",
        "labels": active.labels,
        "annotations": {"summary": f"{active.labels['reason']} of {where}"},
        "startsAt": active.since.isoformat(),
        "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": fingerprint,
    }


def _body(namespace: str, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    firing = any(alert["status"] == "firing" for alert in alerts)
    return {
        "version": "4",
        "groupKey": f'{{}}:{{namespace="{namespace}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "sre-agent",
        "groupLabels": {"namespace": namespace},
        "commonLabels": {"namespace": namespace},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.invalid",
        "alerts": alerts,
    }


def _fingerprint(labels: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()[:16]
