"""A model's answers on file: asked once for real and recorded, then given again without a network (`llm.jsonl`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from tools.adviser import Adviser, Question, Reply
from tools.bundle import BundleError
from tools.llm_usage import Usage
from tools.records import Record

HOW = "record it with: sre-agent evaluate DIR --llm groq --record"


class Recorded(Record):
    """One line of the file."""

    prompt: str
    """Digest of the question that was asked."""
    reply: Reply
    vendor: str = ""
    """Who answered; empty: not told."""


class RecordedAdviser:
    """Answers with what was recorded for the very prompt, else with the next answer that was not given yet."""

    def __init__(self, lines: Sequence[dict[str, Any]], *, vendor: str = "") -> None:
        """Raises BundleError when a line cannot be read."""
        try:
            self._left = [Recorded.model_validate(line) for line in lines]
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise BundleError(f"llm.jsonl: {place}: {first['msg']}; {HOW}") from error
        told = next((line.vendor for line in self._left if line.vendor), "recorded")
        self.vendor = vendor or told
        self.usage = Usage()
        self.missing = 0
        """Questions that no recorded answer was left for."""

    def ask(self, question: Question) -> Reply:
        if not self._left:
            self.missing += 1
            return Reply(failure="no answer was recorded")
        exact = (entry for entry in self._left if entry.prompt == question.digest)
        chosen = next(exact, self._left[0])
        self._left.remove(chosen)
        return chosen.reply

    def complain(self) -> None:
        """Raises BundleError when something was asked that is not on file."""
        if self.missing:
            raise BundleError(f"llm.jsonl: {self.missing} answer(s) missing; {HOW}")

    @property
    def up(self) -> bool:
        return True

    def check(self) -> str:
        return f"{len(self._left)} recorded answers"

    def close(self) -> None:
        """Holds nothing."""


class Listening:
    """Passes questions on, and keeps what was answered and what it cost."""

    def __init__(self, adviser: Adviser) -> None:
        self._adviser = adviser
        self.heard: list[Recorded] = []

    @property
    def vendor(self) -> str:
        """The vendor behind it."""
        return self._adviser.vendor

    @property
    def usage(self) -> Usage:
        return self._adviser.usage

    @property
    def up(self) -> bool:
        return self._adviser.up

    def ask(self, question: Question) -> Reply:
        reply = self._adviser.ask(question)
        self.heard.append(Recorded(prompt=question.digest, reply=reply, vendor=self.vendor))
        return reply

    def check(self) -> str:
        return self._adviser.check()

    def close(self) -> None:
        """The adviser behind it belongs to the caller."""

    @property
    def calls(self) -> int:
        """Requests that were sent."""
        return sum(entry.reply.calls for entry in self.heard)

    @property
    def tokens(self) -> int:
        """Tokens spent, both ways."""
        return sum(entry.reply.prompt_tokens + entry.reply.completion_tokens for entry in self.heard)
