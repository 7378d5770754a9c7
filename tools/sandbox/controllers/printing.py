"""What containers print, made from the pod itself.

The annotation `sim/log` of a pod (or of its template) is what its first container says while it runs,
`sim/crash-log` what it has said when it ends; without them there is a plain text. The same annotations work on
the real control plane of the tests.
"""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.sandbox.faults import Fault

_HEALTHY = ["starting version 1", "listening on :8080", "ready"]
_CRASHED = ["starting version 1", "reading configuration", "fatal: unexpected error, giving up"]
_OOM = ["starting version 1", "loading cache", "cache holds 1048576 entries"]


def at_start(pod: JsonObject, container: str) -> list[str]:
    """Lines of a container that has just started."""
    return _annotated(pod, container, "sim/log") or list(_HEALTHY)


def after_crash(pod: JsonObject, container: str, fault: Fault) -> list[str]:
    """The whole log of a container that this fault has ended."""
    if fault.log_lines:
        return [*at_start(pod, container), *fault.log_lines]
    text = _annotated(pod, container, "sim/crash-log")
    return text or list(_OOM if fault.kind == "oom" else _CRASHED)


def _annotated(pod: JsonObject, container: str, key: str) -> list[str]:
    text = (pod["metadata"].get("annotations") or {}).get(key, "")
    first = container == pod["spec"]["containers"][0]["name"]
    return str(text).splitlines() if first else []
