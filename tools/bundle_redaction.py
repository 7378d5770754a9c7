"""A bundle without secrets, that is decided as it would be with them.

Objects: `tools.withholding`, with the names of Services left beside a variable that named one, since a dependency
is told from there. Logs, labels and annotations of alerts, answers of a model: `tools.redaction`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tools.bundle import Bundle
from tools.dependencies import hosts_in, service_hosts
from tools.manual_alerts import WORKLOAD_LABELS
from tools.redaction import placeholder, redact, secret_key
from tools.resources import SERVICES, JsonObject
from tools.withholding import Hosts, without_secrets

_IDENTITY = frozenset({"alertname", "namespace", "uid", "container", "severity", *WORKLOAD_LABELS.values()})


def redacted(bundle: Bundle) -> Bundle:
    """A copy; what has been redacted already stays as it is."""
    hosts = _of_services(bundle.objects)
    return replace(
        bundle,
        alerts=tuple(_body(body) for body in bundle.alerts),
        objects=tuple(without_secrets(obj, hosts) for obj in bundle.objects),
        logs={name: redact(text) for name, text in bundle.logs.items()},
        metrics=tuple(_texts(entry) for entry in bundle.metrics),
        llm=tuple(_texts(line) for line in bundle.llm),
        history=_texts(bundle.history),
    )


def _of_services(objects: Iterable[JsonObject]) -> Hosts:
    known = {host for obj in objects if obj["kind"] == SERVICES.kind for host in service_hosts(obj)}

    def hosts(name: str, value: str) -> Collection[str]:
        return known.intersection(hosts_in(name, value))

    return hosts


def _body(body: JsonObject) -> JsonObject:
    return {
        key: [_alert(alert) for alert in value]
        if key == "alerts" and isinstance(value, list)
        else _texts(value, key)
        for key, value in body.items()
    }


def _alert(alert: Any) -> Any:
    if not isinstance(alert, dict):
        return _texts(alert)
    return {
        key: _pairs(value) if isinstance(value, dict) else _texts(value, key) for key, value in alert.items()
    }


def _pairs(pairs: Mapping[str, Any]) -> JsonObject:
    """Labels and annotations. What names the object stays: without it nothing is found."""
    return {key: value if key in _IDENTITY else _texts(value, key) for key, value in pairs.items()}


def _texts(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _texts(inner, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(inner, key) for inner in value]
    if not isinstance(value, str):
        return value
    kept = redact(value)
    return placeholder("value", value) if kept == value and value and secret_key(key) else kept
