"""How much more memory a container may be given in one step, and how an amount of it is spelled (kubernetes.md 4.8)."""

from __future__ import annotations

from math import ceil

from tools.quantities import format_quantity, parse_quantity

FACTOR = 1.5
"""At most this much of the present limit in one step, up or back."""
MOST_BYTES = 16 * 2**30
"""No container is given more, whatever it has now; policy may lower it."""
SHARE_OF_NODE = 0.5
"""Of the largest node's allocatable memory: a container that fills a node can run nowhere else."""
_MIB = 2**20


def raised_request(request: int, before: int, limit: int) -> int:
    """The request that goes with a new limit: the same share of it, in whole MiB, and equal only if it was.

    So the QoS class stays, and so does the ratio that a LimitRange may bound.
    """
    if request == before:
        return limit
    raised = ceil(request * limit / before / _MIB) * _MIB
    return raised if raised < limit else request


def spelled_bytes(amount: int) -> str:
    """As the API server spells it: `192Mi`, `1500M`, `1000`."""
    text = format_quantity(amount, "memory")
    if not text.isdigit():
        return text
    for suffix, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if amount and amount % size == 0:
            return f"{amount // size}{suffix}"
    return text


def whole_bytes(text: object) -> int | None:
    """A quantity of memory as bytes; None for what is absent, no quantity, or no whole number of them."""
    try:
        amount = parse_quantity(text) if isinstance(text, str | int) else None
    except ValueError:
        return None
    return int(amount) if amount is not None and amount == int(amount) else None
