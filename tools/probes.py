"""What the kubelet asks of containers: the probes of a pod's spec, with the defaults that the API server fills in.

Defaults by the API reference of Probe: every 10 s, 1 s for an answer, 3 failures in a row. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from tools.excerpts import imperative, message
from tools.records import ProbeFacts
from tools.resources import JsonObject

LONGEST = 100
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
    """Redacted, one short line: a path is foreign text and may hold a token. A command is not kept at all."""
    if web := probe.get("httpGet"):
        asks = message(f"GET :{web.get('port', '')}{web.get('path') or '/'}".partition("?")[0], LONGEST)
        return f"GET :{message(str(web.get('port', '')), LONGEST)}" if imperative([asks]) else asks
    if socket := probe.get("tcpSocket"):
        return message(f"TCP :{socket.get('port', '')}", LONGEST)
    if grpc := probe.get("grpc"):
        return message(f"gRPC :{grpc.get('port', '')}", LONGEST)
    return "a command"


def _number(probe: JsonObject, key: str, default: int) -> int:
    value = probe.get(key)
    return value if isinstance(value, int) and value >= 0 else default
