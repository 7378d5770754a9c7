"""What the kubelet asks of containers: the probes of a pod's spec, with the defaults that the API server fills in.

Defaults by the API reference of Probe: every 10 s, 1 s for an answer, 3 failures in a row. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tools.records import ProbeFacts
from tools.resources import JsonObject

KINDS: tuple[Literal["startup", "liveness", "readiness"], ...] = ("startup", "liveness", "readiness")


def probe_facts(spec: JsonObject) -> tuple[ProbeFacts, ...]:
    """Of all containers of a pod's spec, restarted init containers too."""
    listed = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return tuple(probe for container in listed for probe in _of(container))


def _of(container: JsonObject) -> Iterator[ProbeFacts]:
    for kind in KINDS:
        probe = container.get(f"{kind}Probe") or {}
        if probe:
            yield ProbeFacts(
                container=str(container.get("name", "")),
                kind=kind,
                asks=_asks(probe),
                period_seconds=_number(probe, "periodSeconds", 10),
                timeout_seconds=_number(probe, "timeoutSeconds", 1),
                failures=_number(probe, "failureThreshold", 3),
                delay_seconds=_number(probe, "initialDelaySeconds", 0),
            )


def _asks(probe: JsonObject) -> str:
    """A command may hold a password, and is not kept."""
    if web := probe.get("httpGet"):
        return f"GET :{web.get('port', '')}{web.get('path') or '/'}".partition("?")[0]
    if socket := probe.get("tcpSocket"):
        return f"TCP :{socket.get('port', '')}"
    if grpc := probe.get("grpc"):
        return f"gRPC :{grpc.get('port', '')}"
    return "a command"


def _number(probe: JsonObject, key: str, default: int) -> int:
    value = probe.get(key)
    return value if isinstance(value, int) and value >= 0 else default
