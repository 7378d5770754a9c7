"""How long each step of a run takes: LangGraph tells a callback when a node begins and ends.

A node that only interrupts counts too; what lies between nodes (the checkpoint) counts nowhere. Seconds.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler


class StepTimes(BaseCallbackHandler):
    """Adds up by node name; a node that runs again adds to its own."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._began: dict[UUID, tuple[str, float]] = {}

    def taken(self) -> dict[str, float]:
        """All since it was last taken, which it forgets."""
        seconds, self._seconds = self._seconds, {}
        self._began.clear()
        return seconds

    def on_chain_start(
        self, serialized: dict[str, Any], inputs: dict[str, Any], *, run_id: UUID, **more: Any
    ) -> None:
        """Only nodes: the graph itself and what runs inside a node have other names."""
        node = (more.get("metadata") or {}).get("langgraph_node")
        if node and more.get("name") == node:
            self._began[run_id] = (node, time.perf_counter())

    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **more: Any) -> None:
        """One that has gone through."""
        self._ended(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **more: Any) -> None:
        """One that waits, or has failed."""
        self._ended(run_id)

    def _ended(self, run_id: UUID) -> None:
        node, began = self._began.pop(run_id, ("", 0.0))
        if node:
            self._seconds[node] = self._seconds.get(node, 0.0) + time.perf_counter() - began
