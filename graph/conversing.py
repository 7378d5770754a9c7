"""A model that calls the lookups until it can answer, within limits of steps, time and text.

LangChain is imported when the first question reaches a model, and never without one. Whatever goes wrong, the
caller gets no text and a reason: the rules answer then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from graph.chat_services import ChatModels
from graph.chat_tools import Toolbox
from prompts import render

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

CALLS = 6
"""Of the model, for one question."""
STEPS = 40
"""Of the agent's graph: never reached, since the calls end it first."""
MOST_EARLIER = 6
LONGEST_EARLIER = 1500
LONGEST_ANSWER = 6000


class Turn(Protocol):
    """An earlier turn."""

    @property
    def question(self) -> str:
        """As it was asked."""
        ...

    @property
    def answer(self) -> str:
        """As it was answered."""
        ...


@dataclass(frozen=True)
class Conversed:
    """What a model said, or why none did."""

    text: str = ""
    model: str = ""
    failure: str = ""


def converse(
    models: ChatModels, box: Toolbox, question: str, earlier: Sequence[Turn], say: Callable[[str], object]
) -> Conversed:
    """Ask the models in turn; `say` gets the answer's words as they come."""
    failure = "no model may be asked now"
    for name in models.available():
        try:
            text = models.run(partial(_ask, models, name, box, question, earlier, say))
        except Exception as error:  # noqa: BLE001 - whatever its client raises, the rules answer
            failure = models.failed(name, error)
            continue
        models.answered(name)
        if text:
            return Conversed(text=text[:LONGEST_ANSWER], model=name)
        failure = f"{name} said nothing within {CALLS} steps"
    return Conversed(failure=failure)


def _ask(
    models: ChatModels,
    name: str,
    box: Toolbox,
    question: str,
    earlier: Sequence[Turn],
    say: Callable[[str], object],
) -> str:
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelCallLimitMiddleware
    from langchain_core.tools import StructuredTool

    agent = create_agent(
        models.model(name),
        [StructuredTool.from_function(function) for function in box.functions()],
        system_prompt=render("chat.system.md.j2", now=f"{box.survey.now:%Y-%m-%d %H:%M:%S}"),
        middleware=[ModelCallLimitMiddleware(run_limit=CALLS, exit_behavior="end")],
    )
    given: Any = {"messages": [*_earlier(earlier), ("user", question)]}
    stream = agent.stream(given, {"recursion_limit": STEPS}, stream_mode=["messages", "values"])
    return _said(stream, say)


def _earlier(earlier: Sequence[Turn]) -> Iterator[tuple[str, str]]:
    for turn in earlier[-MOST_EARLIER:]:
        yield "user", turn.question[:LONGEST_EARLIER]
        yield "assistant", turn.answer[:LONGEST_EARLIER]


def _said(stream: Iterator[Any], say: Callable[[str], object]) -> str:
    """The text of the last message, where the model itself ended with it."""
    last: BaseMessage | None = None
    for mode, chunk in stream:
        if mode == "values":
            last = chunk["messages"][-1]
        elif chunk[1].get("langgraph_node") == "model" and isinstance(chunk[0].content, str):
            say(chunk[0].content)
    if (
        last is None
        or last.type != "ai"
        or last.response_metadata.get("finish_reason") not in ("stop", "length")
    ):
        return ""
    cut = " [... cut off]" if last.response_metadata["finish_reason"] == "length" else ""
    return f"{last.text}{cut}" if last.text else ""
