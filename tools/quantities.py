"""Kubernetes quantities: `100m`, `1.5Gi`, `2e3`."""

from __future__ import annotations

import math
import re

_QUANTITY = re.compile(
    r"^(?P<number>[+-]?(\d+\.?\d*|\.\d+))(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?\Z"
)
_DECIMAL = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {prefix + "i": 1024.0**power for power, prefix in enumerate("KMGTPE", start=1)}


def parse_quantity(value: str | int | float) -> float:
    """The amount as a number. Raises ValueError for text that is no quantity."""
    found = _QUANTITY.match(str(value))
    if not found:
        raise ValueError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    amount = _amount(found["number"], found["suffix"] or "")
    if not math.isfinite(amount):
        raise ValueError("quantities must be finite")
    return amount


def _amount(number: str, suffix: str) -> float:
    unit = _DECIMAL.get(suffix) or _BINARY.get(suffix)
    return float(number) * unit if unit else float(number + suffix)


def format_quantity(amount: float, resource: str) -> str:
    """An amount as the server spells it: processors in thousandths, bytes in Mi or Ki where that is exact."""
    if resource.endswith("cpu"):
        thousandths = round(amount * 1000)
        return str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"
    whole = round(amount)
    for suffix in ("Gi", "Mi", "Ki"):
        if whole and whole % _BINARY[suffix] == 0:
            return f"{whole // int(_BINARY[suffix])}{suffix}"
    return str(whole)
