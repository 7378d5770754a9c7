"""How large a PersistentVolumeClaim is, may become, and whether it is on its way there: pure."""

from __future__ import annotations

from math import ceil

from tools.objects import condition
from tools.quantities import parse_quantity
from tools.resources import JsonObject

GROWTH = 1.2
_MI, _GI = 1024.0**2, 1024.0**3
_COARSE = 10 * _GI
"""From here on sizes are whole Gi, below whole Mi: a whole Gi more would be too much for a small volume."""
_WAITING = ("FileSystemResizePending", "Resizing")
_FAILED = ("ControllerResizeError", "NodeResizeError")
_INFEASIBLE = ("ControllerResizeInfeasible", "NodeResizeInfeasible")


def asked_for(claim: JsonObject) -> float | None:
    """Bytes of `spec.resources.requests.storage`; None where that cannot be read."""
    return _bytes(asked_text(claim))


def asked_text(claim: JsonObject) -> str:
    """The same as the API spells it; empty where it asks for none."""
    requests = ((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}
    return str(requests.get("storage", ""))


def there_is(claim: JsonObject) -> float | None:
    """Bytes that its volume has, by `status.capacity`."""
    return _bytes(((claim.get("status") or {}).get("capacity") or {}).get("storage"))


def grown(size: float) -> str:
    """A fifth more than `size` bytes, rounded up to a whole Mi or Gi, as the API spells it."""
    wanted = size * GROWTH
    unit, suffix = (_GI, "Gi") if wanted >= _COARSE else (_MI, "Mi")
    return f"{ceil(round(wanted / unit, 6))}{suffix}"


def waits_for(claim: JsonObject) -> str:
    """What holds back a growth that was asked for: a condition with its message, or empty."""
    return _held(claim, _WAITING)


def failed(claim: JsonObject) -> str:
    """Why a growth that was asked for does not come, or empty."""
    told = ((claim.get("status") or {}).get("allocatedResourceStatuses") or {}).get("storage")
    return str(told) if told in _INFEASIBLE else _held(claim, _FAILED)


def _held(claim: JsonObject, kinds: tuple[str, ...]) -> str:
    for kind in kinds:
        found = condition(claim, kind)
        if found.get("status") == "True":
            return f"{kind}: {found.get('message') or 'no message'}"
    return ""


def _bytes(text: object) -> float | None:
    if not isinstance(text, str | int | float):
        return None
    try:
        return parse_quantity(text)
    except ValueError:
        return None
