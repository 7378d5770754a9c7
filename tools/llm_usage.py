"""What the model was asked and what it cost, kept for this process; its tokens and seconds become series."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class UsageTotals:
    """Since the process began."""

    calls: dict[tuple[str, str], int] = field(default_factory=dict)
    """By model and outcome: `answered`, or the kind of fault."""
    tokens: dict[tuple[str, str], int] = field(default_factory=dict)
    """By model and kind: `prompt` or `completion`."""
    seconds: dict[str, float] = field(default_factory=dict)
    """By model, all its calls together."""


class Usage:
    """Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[tuple[str, str]] = Counter()
        self._tokens: Counter[tuple[str, str]] = Counter()
        self._seconds: Counter[str] = Counter()

    def called(self, model: str, outcome: str, seconds: float) -> None:
        """One call ended."""
        with self._lock:
            self._calls[model, outcome] += 1
            self._seconds[model] += seconds  # type: ignore[assignment]

    def spent(self, model: str, prompt: int, completion: int) -> None:
        """Tokens of one answer, whether it could be used or not."""
        with self._lock:
            self._tokens[model, "prompt"] += prompt
            self._tokens[model, "completion"] += completion

    def totals(self) -> UsageTotals:
        """A copy."""
        with self._lock:
            return UsageTotals(dict(self._calls), dict(self._tokens), dict(self._seconds))
