"""One question from a person to the chat graph: bounded in number, kept in their conversation, told as it comes.

The only caller of the chat graph. It writes nothing but the conversation; a record that cannot be written costs
the memory of the conversation and not the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import ValidationError

from graph.chat import Answer, ChatServices, Earlier, Graph, Topic
from server.problems import Problem
from server.streams import Seats
from tools.conversations import Conversations, Turn
from tools.errors import StoreError
from tools.excerpts import clean

AT_ONCE = 3
"""Questions answered side by side: threads are left for the webhook, whatever people ask."""
PATIENCE = 5.0
"""Seconds that a question waits for its turn."""
LONGEST = 2000
REMEMBERED = 6
"""Earlier turns that are given with a question."""
log = structlog.get_logger("server.chat")


@dataclass(frozen=True)
class Said:
    """What happens while a question is answered: a piece of text, a fresh beginning, or the whole answer."""

    kind: str
    """`token`, `again` or `answer`."""
    data: dict[str, Any]


class Answering:
    """An answer on its way. Closing it gives its place to the next question, whether it was heard out or not."""

    def __init__(self, pieces: Iterator[Said], leave: Callable[[], None]) -> None:
        self._pieces = pieces
        self.close = leave

    def __iter__(self) -> Iterator[Said]:
        return self._pieces

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Asker:
    """Answers questions."""

    def __init__(self, graph: Graph, services: ChatServices, conversations: Conversations) -> None:
        self._graph = graph
        self._services = services
        self._conversations = conversations
        words = f"{AT_ONCE} questions are being answered already. Ask again in a moment."
        self._seats = Seats(AT_ONCE, words, patience=PATIENCE)

    def ask(self, question: str, actor: str, conversation_id: str = "") -> dict[str, Any]:
        """The whole answer. Raises Problem, and NotFound for a conversation that is not the actor's."""
        answered: dict[str, Any] = {}
        with self.begin(question, actor, conversation_id) as answering:
            for said in answering:
                answered = said.data if said.kind == "answer" else answered
        return answered

    def begin(self, question: str, actor: str, conversation_id: str = "") -> Answering:
        """The answer as it comes; to be closed. What can be refused is refused here, before the first piece."""
        asked = clean(" ".join(question.split()))[:LONGEST]
        if not asked:
            words = 'Send {"question": "…"}, for example "Any problem pods?".'
            raise Problem(422, "empty-question", "No question", words)
        earlier = (
            self._conversations.turns(conversation_id, actor, limit=REMEMBERED) if conversation_id else []
        )
        leave = self._seats.take()
        return Answering(self._answering(asked, actor, conversation_id, earlier), leave)

    def _answering(
        self, question: str, actor: str, conversation_id: str, earlier: list[Turn]
    ) -> Iterator[Said]:
        answer = None
        for said in self._run(question, earlier):
            if isinstance(said, Answer):
                answer = said
            else:
                yield said
        assert answer is not None
        yield Said("answer", _shown(answer, self._keep(question, actor, conversation_id, answer)))

    def _run(self, question: str, earlier: list[Turn]) -> Iterator[Said | Answer]:
        given: Any = {
            "question": question,
            "topic": _topic(earlier),
            "earlier": tuple(Earlier(turn.question, turn.answer) for turn in earlier),
        }
        answer = None
        modes: Any = ["custom", "values"]
        chunks: Iterator[Any] = self._graph.stream(given, context=self._services, stream_mode=modes)
        for mode, chunk in chunks:
            if mode == "values":
                answer = chunk.get("answer")
            elif "token" in chunk:
                yield Said("token", {"text": chunk["token"]})
            else:
                yield Said("again", {"reason": chunk["again"]})
        if answer is not None:
            yield answer

    def _keep(self, question: str, actor: str, conversation_id: str, answer: Answer) -> str | None:
        now = self._services.clock.now()
        turn = Turn(
            at=now,
            question=question,
            answer=answer.text,
            answered_by=answer.answered_by,
            incidents=answer.incidents,
            sources=answer.sources,
            topic=answer.topic.model_dump(mode="json"),
            offer=answer.offer,
        )
        try:
            place = conversation_id or self._conversations.begin(actor, now)
            self._conversations.add(place, actor, turn)
        except StoreError as error:
            log.warning("conversation not kept", error=str(error))
            return conversation_id or None
        return place


def _topic(earlier: list[Turn]) -> Topic:
    """What the last turn was about; nothing, where another release wrote it down."""
    try:
        return Topic.model_validate(earlier[-1].topic) if earlier else Topic()
    except ValidationError:
        return Topic()


def _shown(answer: Answer, conversation_id: str | None) -> dict[str, Any]:
    return {
        "answer": answer.text,
        "incidents": list(answer.incidents),
        "action_taken": None,
        "sources": list(answer.sources),
        "conversation_id": conversation_id,
        "answered_by": answer.answered_by,
        "offer": answer.offer,
    }
