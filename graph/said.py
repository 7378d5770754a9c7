"""What a program that failed says of itself: the one line that a person would read first.

A log proves nothing (kubernetes.md R8.2), so no class rests on it. It is quoted, said whose it is, and left out where
it tells somebody what to do (R8.4).
"""

from __future__ import annotations

from collections.abc import Iterable

from graph.log_words import FAILED, logs
from graph.state import Finding
from tools.excerpts import commands, imperative, quote
from tools.records import Evidence, EvidenceItem, PodFacts

MOST = 2
EMPTY = "its log is empty"


def said(evidence: Evidence, pod: str = "", container: str = "") -> str:
    """`license expired 2026-03-08`: of this pod and container, or of what failed first; empty where none tells."""
    return next((item.decides for item in _telling(evidence) if _of(item, pod, container)), "")


def quoted(evidence: Evidence, pod: str = "", container: str = "") -> str:
    """`; its log: "license expired 2026-03-08"`, to be put behind what is proved; empty where none tells."""
    line = said(evidence, pod, container)
    return f"; its log: {quote(line)}" if line else ""


def says(evidence: Evidence, pods: Iterable[PodFacts]) -> str:
    """`; web says: "license expired"`, of the first of these pods that says something: where `its` would be unclear."""
    names = {pod.name for pod in pods}
    for item in _telling(evidence):
        container, _, where = _whose(item).partition(" in ")
        if where in names:
            return f"; {container} says: {quote(item.decides)}"
    return ""


def silent(evidence: Evidence, pod: str, container: str) -> str:
    """Why this container is not quoted: that its log is empty, or could not be read; empty where it says something."""
    own = [item for item in logs(evidence) if _of(item, pod, container)]
    if not own or any(item.status == "found" for item in own):
        return ""
    return EMPTY if all(item.status == "no_data" for item in own) else "its log could not be read"


def with_words(finding: Finding, evidence: Evidence) -> Finding:
    """The finding with the deciding lines of the logs that were read, unless it quotes them already."""
    if not finding.broken:
        return finding
    told = quote(" ".join((finding.summary, *finding.facts)))
    kinds = (*FAILED, "running_logs") if finding.problem == "unknown" else FAILED
    lines = dict.fromkeys(
        _labelled(item) for item in _telling(evidence, kinds) if quote(item.decides)[1:-1] not in told
    )
    if not lines:
        return finding
    facts = (*finding.facts[:1], *list(lines)[:MOST], *finding.facts[1:])
    return finding.model_copy(update={"facts": facts})


def _telling(evidence: Evidence, kinds: tuple[str, ...] = FAILED) -> list[EvidenceItem]:
    """Of each container once: what was said before a crash before what is said now."""
    told = [
        item
        for kind in kinds
        for item in evidence.items
        if item.kind == kind and item.decides and not _orders(item.decides)
    ]
    return list({_whose(item): item for item in reversed(told)}.values())[::-1]


def _orders(line: str) -> bool:
    return imperative([line]) or commands(line)


def _labelled(item: EvidenceItem) -> str:
    return f"log of {_whose(item)}: {quote(item.decides)}"


def _whose(item: EvidenceItem) -> str:
    """`web in web-7d4`, from `previous run of web in web-7d4: 12 lines read`."""
    return item.summary.partition(" run of ")[2].partition(":")[0]


def _of(item: EvidenceItem, pod: str, container: str) -> bool:
    name, _, where = _whose(item).partition(" in ")
    return pod in ("", where) and container in ("", name)
