"""What the logs of failing containers speak of: a hint to name in an explanation, and never a proof (R8.2). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from tools.records import Evidence, EvidenceItem

Topic: TypeAlias = Literal["certificate", "permission", "disk"]

_PATTERNS: tuple[tuple[Topic, re.Pattern[str]], ...] = (
    (
        "certificate",
        re.compile(
            r"certificate (?:has |is )?expired|certificate verify failed[^\n]*expired|CERT_HAS_EXPIRED"
            r"|CertificateExpiredException|NotAfter:|certificate is not yet valid|expired or is not yet valid",
            re.IGNORECASE,
        ),
    ),
    (
        "permission",
        re.compile(
            r"permission denied|read-only file system|\bEACCES\b|\bEROFS\b|operation not permitted"
            r"|AccessDeniedException",
            re.IGNORECASE,
        ),
    ),
    ("disk", re.compile(r"no space left on device|\bENOSPC\b|disk quota exceeded", re.IGNORECASE)),
)


FAILED = ("previous_logs", "logs")
"""Kinds of logs of what failed; where nothing does, what runs may tell of errors that no state of a pod shows."""


class Hint(NamedTuple):
    """What a log speaks of, and the line that does."""

    topic: Topic
    line: str
    evidence_id: str


def hint(evidence: Evidence) -> Hint | None:
    """The first topic that a log speaks of: what was said before a crash before what is said now."""
    return next(filter(None, (_in(item.excerpt, item.id) for item in logs(evidence))), None)


def logs(evidence: Evidence) -> Iterator[EvidenceItem]:
    """Of what failed: what was said before a crash before what is said now."""
    for kind in FAILED:
        yield from (item for item in evidence.items if item.kind == kind)


def _in(text: str, evidence_id: str) -> Hint | None:
    for line in text.splitlines():
        for topic, pattern in _PATTERNS:
            if pattern.search(line):
                return Hint(topic, line.strip()[:200], evidence_id)
    return None
