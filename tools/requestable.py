"""What a person may say who asks for an action, and how code makes the call of it from the live object.

People give names and numbers. uids, digests and what else binds a write to what was read are never taken from them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tools.cluster import ClusterReader
from tools.records import Argument, Record, Target


class Nothing(Record):
    """For an action that its target says all about."""


@dataclass(frozen=True)
class Requestable:
    """How an action is asked for by a person."""

    kinds: Collection[str]
    """Of the targets that it can be asked for."""
    propose: Callable[[ClusterReader, Target, Any, datetime], dict[str, Argument]]
    """`propose(cluster, target, given, at)`: all arguments of the call, computed from the object as it is now.

    Raises Refused for what cannot be done to it, with the reason in words for the person; ToolError.
    """
    given: type[Record] = Nothing
    """What the person may say beyond the target. Frozen, extra fields forbidden."""
    named: Mapping[str, str] = field(default_factory=dict)
    """Kind that a person may name instead of the target that stands for it, and which argument its name is."""
