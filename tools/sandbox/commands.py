"""What commands do in the containers of a sandbox: scripted word for word, and remembered with where they ran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from tools.cluster import JsonObject

Ending: TypeAlias = Literal["status", "cut", "open"]
"""How its stream ends: with the Status; torn off in the middle; not at all, while the connection stays open."""


@dataclass(frozen=True)
class Script:
    """What one command does."""

    namespace: str
    workload: str
    argv: tuple[str, ...]
    exit_code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    ending: Ending = "status"
    then: Callable[[JsonObject], None] | None = None
    """Its effect on the world, called with the pod."""


@dataclass(frozen=True)
class Started:
    """One command that was begun."""

    namespace: str
    pod: str
    uid: str
    container: str
    argv: tuple[str, ...]
    at: datetime


@dataclass
class Commands:
    """Of one sandbox."""

    scripted: list[Script] = field(default_factory=list)
    started: list[Started] = field(default_factory=list)

    def find(self, namespace: str, workload: str, argv: tuple[str, ...]) -> Script | None:
        """What was scripted last for these very words; None: there is no such program."""
        wanted = (namespace, workload, argv)
        found = (s for s in reversed(self.scripted) if (s.namespace, s.workload, s.argv) == wanted)
        return next(found, None)
