"""Amounts as people read them: bytes of what the kubelet, the scheduler or a spec tells, and what a pod asks for."""

from __future__ import annotations

from tools.quantities import format_quantity, parse_quantity
from tools.records import PodFacts

_UNITS = (("Ti", 2.0**40), ("Gi", 2.0**30), ("Mi", 2.0**20), ("Ki", 2.0**10))


def size(amount: float) -> str:
    """`14.0Gi`, `214Mi`: whole Mi and Ki, one digit after the point above."""
    for unit, length in _UNITS:
        if amount >= length:
            value = amount / length
            digits = 0 if (unit in ("Mi", "Ki") and value >= 10) or value == round(value) else 1
            return f"{value:.{digits}f}{unit}"
    return f"{amount:.0f}"


def readable(text: str) -> str:
    """`14.0Gi`, of `14682104Ki`; text that is no quantity stays as it is."""
    try:
        return size(parse_quantity(text))
    except ValueError:
        return text


def asked(pod: PodFacts) -> str:
    """`500m CPU and 1Gi memory`, `no CPU and no memory`; empty: that was not read."""
    if pod.cpu_request is None or pod.memory_request is None:
        return ""
    cores = format_quantity(pod.cpu_request, "cpu") if pod.cpu_request else "no"
    memory = size(pod.memory_request) if pod.memory_request else "no"
    return f"{cores} CPU and {memory} memory"
