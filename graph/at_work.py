"""What a pod that is not ready says it is doing: work that goes on is waited for, and a new pod would begin it anew.

A word proves nothing (kubernetes.md R8.2): it is quoted, whoever reads it decides, and no proof rests on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.excerpts import commands, imperative, message
from tools.records import Evidence, PodFacts

_WORK = re.compile(
    r"\b(?:re-?building|re-?indexing|restoring|migrating|replaying|recovering|resync\w*ing|synchroni[sz]ing|syncing"
    r"|catching up|warming(?: up)?|bootstrapping|rebalancing|compacting|backfilling|initiali[sz]ing|loading"
    r"|copying|streaming|verifying|repairing|replicating)\b",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"\b(?:fail|error|timed? ?out|abort|cannot|could not|unable|refused|denied|gave up)", re.IGNORECASE
)
_PROBE = re.compile(r"^\w+ probe (?:failed|errored): ", re.IGNORECASE)
LAST_LINES = 3
"""What was said before that may be over."""


def at_work(pod: PodFacts, evidence: Evidence) -> str:
    """Its own words: `shard is rebuilding its index (41 %)`; empty where it speaks of none, or of work that failed."""
    told = (text for text in _texts(pod, evidence) if _WORK.search(text) and not _OVER.search(text))
    return next((message(text, 140) for text in told if not (imperative([text]) or commands(text))), "")


def _texts(pod: PodFacts, evidence: Evidence) -> Iterator[str]:
    """What its probe was answered lately, then the end of its present log."""
    for event in evidence.events:
        if event.name == pod.name and event.reason == "Unhealthy":
            yield _PROBE.sub("", event.message)
    for item in evidence.items:
        if item.kind == "logs" and f" in {pod.name}:" in item.summary:
            yield from reversed(item.excerpt.splitlines()[-LAST_LINES:])
