"""Every playbook asked about the same evidence: which prove, and where each of the others gave up.

A playbook answers only yes or no. Where it gave up is the last line that it came to, which Python's own tracing tells:
for people who look into a decision, nothing rests on it.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from graph.playbooks import Playbook, playbooks
from graph.state import Finding
from tools.records import Evidence

NOTHING = "return None"


@dataclass(frozen=True)
class Attempt:
    """One playbook and what it said."""

    problem: str
    rank: int
    finding: Finding | None
    stopped_at: str = ""
    """`bad_pod.py:48`, the last line of its proof that decided; empty when it proves."""
    line: str = ""
    """What stands there."""
    because: str = ""
    """The last line of what that called in the same file, if it called anything there."""


def attempts(evidence: Evidence) -> list[Attempt]:
    """In the order in which they are asked, but for those that only explain; a real decision stops at the first that
    proves.
    """
    return [_attempt(playbook, evidence) for playbook in playbooks() if not playbook.only_explains]


def _attempt(playbook: Playbook, evidence: Evidence) -> Attempt:
    trail = _Trail(playbook.proves.__code__)
    finding = trail.follow(lambda: playbook.proves(evidence))
    if finding is not None:
        return Attempt(playbook.problem, playbook.rank, finding)
    place, line, because = trail.end()
    return Attempt(playbook.problem, playbook.rank, None, place, line, because)


class _Trail:
    """The lines of one file that a call went through."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self._lines: list[tuple[bool, int]] = []
        """Whether it is in the function itself, and the line's number."""

    def follow(self, call: Callable[[], Finding | None]) -> Finding | None:
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return call()
        finally:
            sys.settrace(before)

    def end(self) -> tuple[str, str, str]:
        """Where the proof gave up, the line there, and the last one of what it called."""
        own = [number for ours, number in self._lines if ours and self._text(number) != NOTHING]
        if not own:
            return "", "", ""
        after = self._lines[len(self._lines) - self._lines[::-1].index((True, own[-1])) :]
        called = [number for ours, number in after if not ours]
        because = self._text(called[-1]) if called else ""
        return f"{Path(self._code.co_filename).name}:{own[-1]}", self._text(own[-1]), because

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._step if frame.f_code.co_filename == self._code.co_filename else None

    def _step(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self._lines.append((frame.f_code is self._code, frame.f_lineno))
        return self._step

    def _text(self, number: int) -> str:
        return linecache.getline(self._code.co_filename, number).strip()
