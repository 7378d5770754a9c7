"""How long a container that its liveness probe kills says it was busy, and the probe that would let it finish.

The number is the program's own, of its log: it is quoted with what it rests on, and a person decides.
"""

from __future__ import annotations

import re
from math import ceil
from typing import NamedTuple

from graph.probe_words import patience_seconds
from graph.workload_words import restarts_all
from tools.excerpts import commands, imperative, message
from tools.records import Evidence, ProbeFacts

_TOOK = re.compile(
    r"(?<![\w.:-])(\d{1,6}(?:\.\d{1,3})?) ?(ms|s|secs?|seconds?|millis(?:econds)?)\b", re.IGNORECASE
)
_NO_ANSWER = re.compile(
    r"\b(?:start(?:ed|s|up|ing)?|boot\w*|initiali[sz]\w*|shut(?:ting)? ?down|grace\w*|drain\w*|interval|every|ttl"
    r"|uptime|expir\w*|deadline|sleep\w*|wait for|retry\w* in|back-?off|next \w+ in)\b",
    re.IGNORECASE,
)
"""A start, an end, a plan: no time in which it should have answered."""
LONGEST_SECONDS = 600.0
"""What is longer is no single piece of work, but an age or a deadline."""


class Busy(NamedTuple):
    """The longest time that one thing took, and the line that says so."""

    seconds: float = 0.0
    line: str = ""


def longest_told(evidence: Evidence, pod: str, container: str) -> Busy:
    """Of the log of the run that was killed; nothing where it tells of no time, or gives orders."""
    lines = [
        line
        for item in evidence.items
        if item.kind == "previous_logs" and f" of {container} in {pod}:" in item.summary
        for line in item.excerpt.splitlines()
        if not (_NO_ANSWER.search(line) or imperative([line]) or commands(line))
    ]
    told = [Busy(_seconds(found), message(line, 160)) for line in lines for found in _TOOK.finditer(line)]
    return max(told, default=Busy())


def longer(probe: ProbeFacts, busy: float, evidence: Evidence) -> str:
    """The command that gives one answer that long, or lets it be silent for so long; empty where it may already.

    A time that is within what all its failures take fails each single probe, so that the answer is given longer; during
    a greater one nothing is answered at all, so that more of them may fail.
    """
    if busy <= probe.timeout_seconds or not probe.period_seconds:
        return ""
    more = f'"timeoutSeconds":{ceil(busy) + 1}'
    if busy > patience_seconds(probe):
        more = f'"failureThreshold":{ceil(busy / probe.period_seconds) + 2}'
    container = f'{{"name":"{probe.container}","{probe.kind}Probe":{{{more}}}}}'
    patch = f'{{"spec":{{"template":{{"spec":{{"containers":[{container}]}}}}}}}}'
    return f"kubectl patch <workload> -p '{patch}' ({restarts_all(evidence)})"


def _seconds(found: re.Match[str]) -> float:
    amount = float(found[1]) / (1000.0 if found[2].lower().startswith("m") else 1.0)
    return amount if amount <= LONGEST_SECONDS else 0.0
