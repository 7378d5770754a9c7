"""The read-only graph: a question in, an answer out that names the calls it rests on. It never acts.

understand → (ask_model | answer_by_rules) → END; a model that fails in any way hands over to the rules.

Its services hold a `ClusterReader` and views of the record, and no path of imports leads from here to
`tools.actions`: read-only is a type and a contract before it is RBAC. Text from the cluster can therefore make an
answer wrong, and nothing else. It has no checkpointer: what is kept of a conversation is given with the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from graph import chat_words, conversing
from graph.answers import Case, answer
from graph.chat_services import ChatServices
from graph.chat_tools import Toolbox
from graph.intents import Intent, Wish, understand
from graph.linking import Linked, link, may_name
from tools.excerpts import clean
from tools.record_reader import Noted
from tools.records import Record
from tools.subjects import Subject, census
from tools.survey import Survey

__all__ = ["Answer", "ChatServices", "Earlier", "build"]

RULES = "rules"
BY_RULES_ALWAYS: frozenset[Intent] = frozenset({"act", "greet", "help"})
"""What needs no model: above all, that chat does not act is not for a model to say."""
LEANS: frozenset[Intent] = frozenset(
    {"logs", "events", "trouble", "images", "status", "changes", "why_acted", "story"}
)
"""Short questions of these kinds are about what the one before was about."""
SHORT = 4
"""Words."""


class Topic(Record):
    """What a question was about, for the one that follows up on it."""

    wish: Wish | None = None
    subjects: tuple[Subject, ...] = ()


@dataclass(frozen=True)
class Earlier:
    """One earlier turn of the conversation."""

    question: str
    answer: str


class Answer(Record):
    """What is shown and kept."""

    text: str
    incidents: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    answered_by: str = RULES
    offer: dict[str, Any] | None = None
    topic: Topic = Topic()


class ChatState(TypedDict, total=False):
    """The graph's state; lives for one question."""

    question: str
    """Redacted by whoever asks."""
    earlier: tuple[Earlier, ...]
    topic: Topic
    """Of the question before."""
    case: Case
    """Written by understand."""
    trouble: str
    """Why no model answered; written by ask_model."""
    answer: Answer
    """Written by the node that answers."""


def understand_question(
    state: ChatState, runtime: Runtime[ChatServices]
) -> Command[Literal["ask_model", "answer_by_rules"]]:
    """What is asked for and about whom; an order is never handed to a model."""
    services, question = runtime.context, state["question"]
    survey = Survey(services.cluster, services.clock)
    wish = understand(question, survey.now)
    known = census(survey) if may_name(question) else None
    linked = link(question, known) if known else Linked()
    wish, subjects = _with_topic(question, wish, linked, state.get("topic") or Topic())
    case = Case(_noting(services, survey), survey, wish, subjects, linked, known, question)
    asks_model = services.models is not None and wish.intent not in BY_RULES_ALWAYS
    return Command(goto="ask_model" if asks_model else "answer_by_rules", update={"case": case})


def ask_model(
    state: ChatState, runtime: Runtime[ChatServices]
) -> Command[Literal["answer_by_rules", "__end__"]]:
    """A model with the lookups as its tools; what it says is text and nothing else."""
    case, models = state["case"], runtime.context.models
    assert models is not None
    write = get_stream_writer()
    box = Toolbox(case.services, case.survey, case.services.record)
    told = conversing.converse(
        models, box, state["question"], state.get("earlier", ()), lambda t: write({"token": t})
    )
    if not told.text:
        write({"again": told.failure})
        return Command(goto="answer_by_rules", update={"trouble": told.failure})
    text = clean(told.text).strip()
    found = tuple(incident for incident in box.incidents if incident in text)
    reply = Answer(
        text=text,
        incidents=found,
        sources=case.survey.sources,
        answered_by=told.model,
        topic=Topic(wish=case.wish, subjects=case.subjects),
    )
    return Command(goto="__end__", update={"answer": reply})


def answer_by_rules(state: ChatState, runtime: Runtime[ChatServices]) -> dict[str, Any]:
    """The rules' answer, and why no model gave it."""
    case = state["case"]
    told = answer(case)
    text = told.text
    if case.wish.intent not in BY_RULES_ALWAYS:
        text = f"{text}\n\n({_why_rules(runtime.context, state.get('trouble', ''))})"
    get_stream_writer()({"token": text})
    reply = Answer(
        text=text,
        incidents=told.incidents,
        sources=case.survey.sources,
        offer=case.offer,
        topic=Topic(wish=case.wish, subjects=case.subjects),
    )
    return {"answer": reply}


def _with_topic(question: str, wish: Wish, linked: Linked, topic: Topic) -> tuple[Wish, tuple[Subject, ...]]:
    """A question that leans on the one before takes over what it leaves out."""
    subjects = tuple(linked.subjects)
    if wish.intent == "about" and topic.wish and (wish.follows_up or not subjects):
        wish = topic.wish
    nobody = not subjects and not linked.unknown and not linked.unknown_places
    short = len(question.split()) <= SHORT and wish.intent in LEANS and not wish.whole_cluster
    if nobody and (wish.points_back or wish.follows_up or short):
        subjects = topic.subjects
    return wish, subjects


def _noting(services: ChatServices, survey: Survey) -> ChatServices:
    return ChatServices(
        clock=services.clock,
        cluster=services.cluster,
        record=Noted(services.record, survey.note),
        revisions=services.revisions,
        mode=services.mode,
        models=services.models,
        metrics=services.metrics,
        policy=services.policy,
    )


def _why_rules(services: ChatServices, trouble: str) -> str:
    if services.models is None:
        return chat_words.NO_MODEL
    return f"No model answered: {trouble or 'none may be asked now'}. The rules did."


Graph = CompiledStateGraph[ChatState, ChatServices, ChatState, ChatState]


def build() -> Graph:
    """Compile the graph. Who calls it gives the services as context."""
    graph = StateGraph(ChatState, context_schema=ChatServices)
    graph.add_node("understand", understand_question)
    graph.add_node("ask_model", ask_model)
    graph.add_node("answer_by_rules", answer_by_rules)
    graph.add_edge(START, "understand")
    graph.add_edge("answer_by_rules", END)
    return graph.compile()
