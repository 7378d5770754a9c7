"""Small pieces of answers: counts, places, lists that end, texts that are not too long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tools.excerpts import bounded
from tools.objects import metadata
from tools.resources import NAMESPACES, NODES, JsonObject
from tools.seen_pods import SeenPod
from tools.subjects import Subject

LONGEST = 4000
"""Bytes of one answer."""
SHOWN = 20
GROUPS = 12


def capped(text: str, limit: int = LONGEST) -> str:
    """At most `limit` bytes of whole lines, the cut marked."""
    return bounded(text.strip(), limit)


def place_words(subjects: Sequence[Subject]) -> str:
    """` in namespace shop`, ` of Deployment shop/web`; empty for the whole cluster."""
    if not subjects:
        return ""
    told = [
        f"namespace {subject.name}" if subject.kind == NAMESPACES.kind else str(subject)
        for subject in subjects
    ]
    all_places = all(subject.kind == NAMESPACES.kind for subject in subjects)
    on_node = all(subject.kind == NODES.kind for subject in subjects)
    return f" {'in' if all_places else 'on' if on_node else 'of'} {' and '.join(told[:GROUPS])}"


def count(number: int, word: str) -> str:
    """`1 pod`, `3 pods`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def trouble_line(pod: SeenPod) -> str:
    """One pod that is not well."""
    words = pod.trouble.words if pod.trouble else "well"
    return f"- {pod.namespace}/{pod.name}: {words}"


def title(pod: SeenPod) -> str:
    """Whose pod it is."""
    return f"{pod.owner_kind} {pod.namespace}/{pod.owner}" if pod.owner else f"Pod {pod.namespace}/{pod.name}"


def namespace_of(item: JsonObject) -> str:
    """`metadata.namespace`, which bundles by hand may leave out."""
    return str(metadata(item).get("namespace") or "default")


def limited(lines: Iterable[str], most: int, what: str) -> list[str]:
    """At most so many lines; how many were left out stands below them."""
    every = list(lines)
    more = len(every) - most
    return every if more <= 0 else [*every[:most], f"[... {more} more {what}]"]
