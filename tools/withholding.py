"""Kubernetes objects without their secrets, still good to decide by: what a bundle may hold of them.

Every value of an environment variable goes, and so does what `tools.redaction` takes for a secret anywhere else.
Identity stays: names, uids, labels, selectors and images, which controllers and decisions rest on. The same value
leaves the same placeholder, and doing it twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tools.redaction import placeholder, redact, secret_key
from tools.resources import JsonObject

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Holds the whole object once more as text, environment and all."""
OWN_PREFIX = "sre-agent/"
_IDENTITY = frozenset(
    {"apiVersion", "creationTimestamp", "generateName", "image", "kind", "name", "namespace", "nodeName"}
    | {"resourceVersion", "uid"}
)
_IDENTITIES = frozenset(
    {
        "labels",
        "managedFields",
        "matchExpressions",
        "matchLabels",
        "nodeSelector",
        "ownerReferences",
        "selector",
    }
)
_CONTENTS = frozenset({"binaryData", "data", "stringData"})
_HELD = re.compile(r"(<redacted:[a-z]+:[0-9a-f]{8}>)(?: tcp://[a-z0-9.-]+)*")
Hosts = Callable[[str, str], Collection[str]]
"""Hosts that a variable of this name and value names and that a reader of the object still has to find."""


def without_secrets(obj: JsonObject, hosts: Hosts = lambda name, value: ()) -> JsonObject:
    """A copy without secrets. `hosts`: what stays readable of a variable, beside its placeholder."""
    copied: JsonObject = _Withholding(hosts).mapping(obj)
    return copied


def without_hosts(obj: Any) -> Any:
    """Without the hosts that `without_secrets` left beside placeholders: the same whoever was asked to keep some."""
    if isinstance(obj, dict):
        return {key: without_hosts(value) for key, value in obj.items()}
    if isinstance(obj, list):
        return [without_hosts(value) for value in obj]
    held = _HELD.fullmatch(obj) if isinstance(obj, str) else None
    return held[1] if held else obj


class _Withholding:
    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def mapping(self, obj: Mapping[str, Any]) -> JsonObject:
        holds_contents = obj.get("kind") in ("ConfigMap", "Secret")
        return {
            key: _contents(value) if holds_contents and key in _CONTENTS else self._value(key, value)
            for key, value in obj.items()
        }

    def _value(self, key: str, value: Any) -> Any:
        if key in _IDENTITIES or (key in _IDENTITY and isinstance(value, str)):
            return value
        if isinstance(value, dict):
            return _annotations(value) if key == "annotations" else self.mapping(value)
        if isinstance(value, list):
            if key in ("args", "command"):
                return _arguments(value)
            return [self._entry(key, entry) for entry in value]
        return redact(value) if isinstance(value, str) else value

    def _entry(self, key: str, entry: Any) -> Any:
        named = isinstance(entry, dict) and isinstance(entry.get("value"), str) and "name" in entry
        if not named:
            return self._value("", entry)
        name, value = str(entry["name"]), entry["value"]
        if key == "env":
            return {**self.mapping(entry), "value": self._variable(name, value)}
        return {**self.mapping(entry), "value": _named("value", value) if secret_key(name) else redact(value)}

    def _variable(self, name: str, value: str) -> str:
        found = sorted(self._hosts(name, value))
        return " ".join([_named("env", without_hosts(value)), *(f"tcp://{host}" for host in found)])


def _named(kind: str, value: str) -> str:
    """The placeholder of a value; nothing is put in place of nothing, or of a placeholder."""
    return value if not value or _HELD.fullmatch(value) else placeholder(kind, value)


def _contents(value: Any) -> Any:
    return (
        {key: _named("data", str(text)) for key, text in value.items()} if isinstance(value, dict) else value
    )


def _annotations(annotations: Mapping[str, Any]) -> JsonObject:
    def kept(key: str, value: str) -> str:
        if key.startswith(OWN_PREFIX):
            return value  # a ledger key that our own marks are known by
        hidden = key == LAST_APPLIED or secret_key(key.rpartition("/")[2])
        return _named("value", value) if hidden else redact(value)

    return {key: kept(key, str(value)) for key, value in annotations.items()}


def _arguments(arguments: list[Any]) -> list[str]:
    """Arguments, but what follows a telling flag (`--password`, then its value) replaced."""
    shown: list[str] = []
    telling = False
    for argument in map(str, arguments):
        value = not argument.startswith("-")
        shown.append(_named("value", argument) if telling and value else redact(argument))
        telling = argument.startswith("-") and "=" not in argument and secret_key(argument.lstrip("-"))
    return shown
