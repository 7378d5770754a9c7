"""A second opinion: what an adviser is asked, what it may answer, and when an answer is none.

An adviser answers or says why it has no answer; it never raises and never holds a run up beyond its deadline. What
it says is untrusted: the form is checked here, what it means by graph/advice.py. No vendor is known here.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import ValidationError

from tools.llm_faults import BadAnswer, Fault
from tools.llm_usage import Usage
from tools.records import Record

NONE = "none"
"""The choice that is always there: leave it to a person."""
Doubts: TypeAlias = Literal["none", "some", "serious"]
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)


class Question(Record):
    """A choice among candidates that code has built, with the evidence that may be cited."""

    system: str
    user: str
    choices: tuple[str, ...]
    """Ids of the candidates, best first; `none` is always allowed beside them."""
    evidence: tuple[str, ...]
    """Ids of the items that were shown."""

    @property
    def digest(self) -> str:
        """Of the prompt, short, for the record."""
        return short_digest(f"{self.system}\n{self.user}")


class Reason(Record):
    """One reason, with the evidence that it rests on."""

    text: str
    evidence: tuple[str, ...]


class Answer(Record):
    """The whole form of an answer: no target, no namespace, no image, no number."""

    choice: str
    doubts: Doubts
    reasons: tuple[Reason, ...]


class Reply(Record):
    """What came back."""

    answer: Answer | None = None
    failure: str = ""
    """Why there is no answer, in one line."""
    model: str = ""
    seconds: float = 0.0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    digest: str = ""
    """Of the answer's text, short, for the record."""


class Adviser(Protocol):
    """Who may be asked for a second opinion."""

    @property
    def vendor(self) -> str:
        """How decisions name it, before the model: `groq`."""
        ...

    @property
    def usage(self) -> Usage:
        """What it has cost in this process."""
        ...

    @property
    def up(self) -> bool:
        """Whether it would be asked now. Looks at nothing."""
        ...

    def ask(self, question: Question) -> Reply:
        """Never raises and returns within its deadline; nobody waits for a model that is down."""
        ...

    def check(self) -> str:
        """Whether it works, in one line for /health. Raises ToolError when it does not."""
        ...

    def close(self) -> None:
        """Let go of its connections."""
        ...


def schema(question: Question) -> dict[str, Any]:
    """What the server is told to keep to; that it did is checked all the same."""
    cited = {"type": "array", "items": {"type": "string", "enum": list(question.evidence)}}
    reason = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "evidence": cited},
        "required": ["text", "evidence"],
        "additionalProperties": False,
    }
    return {
        "title": "advice",
        "type": "object",
        "properties": {
            "reasons": {"type": "array", "items": reason},
            "doubts": {"type": "string", "enum": ["none", "some", "serious"]},
            "choice": {"type": "string", "enum": [*question.choices, NONE]},
        },
        "required": ["reasons", "doubts", "choice"],
        "additionalProperties": False,
    }


def checked(content: object, finish_reason: str) -> Answer:
    """Raises BadAnswer unless it is whole and exactly of the form."""
    if finish_reason != "stop":
        raise BadAnswer(Fault("truncated", f"finish_reason {finish_reason[:40]}"))
    if not isinstance(content, str):
        raise BadAnswer(Fault("invalid", "not a text"))
    fenced = _FENCED.match(content)
    try:
        return Answer.model_validate_json(fenced[1] if fenced else content)
    except ValidationError as err:
        first = err.errors(include_input=False)[0]
        raise BadAnswer(Fault("invalid", f"{first['type']} at {first['loc'] or 'the start'}"[:160])) from err


def short_digest(text: str) -> str:
    """For the record: enough to tell two texts apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
