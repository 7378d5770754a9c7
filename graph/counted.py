"""How many, in words that fit one as well: "1 pod crashes", "3 pods crash"."""

from __future__ import annotations

from collections.abc import Sequence

from tools.excerpts import quote
from tools.records import EventFacts, PodFacts


def pods(count: int, one: str, many: str, *, kind: str = "") -> str:
    """`1 pod is …` or `3 pods are …`; `kind` stands before pod: `new`."""
    word = f"{kind} pod" if kind else "pod"
    return f"1 {word} {one}" if count == 1 else f"{count} {word}s {many}"


def all_pods(count: int, one: str, many: str, *, kind: str = "") -> str:
    """`The only pod is …` or `All 3 pods are …`."""
    word = f"{kind} pod" if kind else "pod"
    return f"The only {word} {one}" if count == 1 else f"All {count} {word}s {many}"


def part(count: int, of: int, one: str, many: str) -> str:
    """`1 of 3 pods is …`, `2 of 3 pods are …`."""
    return f"{count} of {times(of, 'pod')} {one if count == 1 else many}"


def ready(pods: Sequence[PodFacts]) -> str:
    """`2 of 3 pods are ready`."""
    return f"{sum(pod.ready for pod in pods)} of {len(pods)} pods are ready"


def times(count: int, what: str) -> str:
    """`1 restart`, `3 restarts`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def told(event: EventFacts) -> str:
    """`Unhealthy, 174 times: "…"`."""
    return f"{event.reason}{often(event)}: {quote(event.message)}"


def often(event: EventFacts) -> str:
    """`, 174 times`, nothing of one that came once; a sum over objects is said to be one: `, 528 times on 3 pods`."""
    on = f" on {event.objects} {event.kind.lower()}s" if event.objects > 1 else ""
    return f", {event.count} times{on}" if event.count > 1 else ""
