"""The models of `GroqLLM` for a conversation: the same keys, limits and breaker, another way of asking.

A conversation is only begun while the breaker is closed, and takes none of its trials: those belong to decisions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tools.bounded_calls import BoundedCalls
from tools.llm import UNTOLD_REST, GroqLLM
from tools.llm_faults import fault_of

T = TypeVar("T")
DEADLINE = 45.0
"""Seconds for all steps of one answer."""
AT_ONCE = 2
PATIENCE = 1.0
_OF_THE_SERVICE = frozenset({"rate_limited", "server_error", "timeout", "unreachable", "key_refused"})
"""Faults that say something about the service, and not about one conversation."""


class GroqChatModels:
    """Named as decisions name them: `groq:<model>`."""

    def __init__(self, llm: GroqLLM, *, deadline: float = DEADLINE) -> None:
        self._llm = llm
        self._deadline = deadline
        self._calls = BoundedCalls("chat", AT_ONCE)

    def available(self) -> tuple[str, ...]:
        if self._llm.breaker.open_because:
            return ()
        return tuple(f"{self._llm.vendor}:{model}" for model in self._llm.roster.available())

    def model(self, name: str) -> Any:
        return self._llm.chat(self._plain(name))

    def run(self, call: Callable[[], T]) -> T:
        return self._calls.run(call, self._deadline, patience=PATIENCE)

    def answered(self, name: str) -> None:
        self._llm.breaker.succeeded()

    def failed(self, name: str, error: Exception) -> str:
        fault, model = fault_of(error), self._plain(name)
        if fault.kind == "gone":
            self._llm.roster.remove(model, str(fault))
        if fault.kind == "rate_limited":
            self._llm.roster.rest(model, fault.retry_after or UNTOLD_REST)
        if fault.kind in _OF_THE_SERVICE:
            self._llm.breaker.failed(str(fault))
        return f"{name}: {fault}"

    def _plain(self, name: str) -> str:
        return name.removeprefix(f"{self._llm.vendor}:")
