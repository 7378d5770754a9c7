"""What chat may use: a reader of the cluster and views of the record. Nothing here can change anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from graph.policy_facts import PolicySettings
from tools.clock import Clock
from tools.cluster import ClusterReader
from tools.prometheus import SeriesReader
from tools.record_reader import RecordReader
from tools.revisions import RevisionLedger

T = TypeVar("T")


class ChatModels(Protocol):
    """Models that can call tools, tried in order."""

    def available(self) -> tuple[str, ...]:
        """Names as answers show them, best first; empty while none may be asked."""
        ...

    def model(self, name: str) -> Any:
        """A LangChain chat model. Loads what it needs on first use."""
        ...

    def run(self, call: Callable[[], T]) -> T:
        """What `call` returns or raises, few at once. Raises TimeoutError when it does not end in time."""
        ...

    def answered(self, name: str) -> None:
        """It worked."""
        ...

    def failed(self, name: str, error: Exception) -> str:
        """It did not; returns why, in one line for a person."""
        ...


@dataclass(frozen=True)
class ChatServices:
    """The chat graph's context_schema."""

    clock: Clock
    cluster: ClusterReader
    record: RecordReader
    revisions: RevisionLedger
    """Read only: a view that takes nothing new."""
    mode: str
    models: ChatModels | None = None
    """None: no model is configured, the rules answer alone."""
    metrics: SeriesReader | None = None
    """A Prometheus, where one is configured."""
    policy: PolicySettings | None = None
    """The limits in force, for freeze windows and ceilings; None: not known here."""
