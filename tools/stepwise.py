"""An action of many writes, one after the other: how it says what comes next.

The first write is the action's `execute`. What follows are calls of the same action, each claimed in the ledger by
itself, sent once, and looked at before the next one is chosen. `go_on` reads and chooses; it never writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tools.cluster import ClusterReader
from tools.records import ActionCall, Record


class Step(Record):
    """What comes next."""

    kind: Literal["send", "wait", "over", "stop"]
    """`wait`: what was sent has not had its effect yet. `stop`: it must not go on, whatever is left."""
    call: ActionCall | None = None
    """What to send."""
    why: str = ""
    """For a person: what is waited for, or why it stops."""


@dataclass(frozen=True)
class Stepwise:
    """How an action goes on after its first write."""

    go_on: Callable[[ClusterReader, Any, ActionCall | None, datetime], Step]
    """`go_on(cluster, args, last, at)`: `last` is the newest step that was sent. Raises ToolError."""
    patience_seconds: float
    """The same hindrance for so long ends it."""
    total_seconds: float
    """From the first write on; then it ends, whatever is left."""
