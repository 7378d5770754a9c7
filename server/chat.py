"""`POST /ask` and the first page: a question in, an answer with its sources out, whole or as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from flask import Blueprint, redirect

from server.asking import Answering, Asker
from server.auth import Auth
from server.forms import read_fields
from server.problems import wants_html
from server.streams import event, response, wants_stream
from tools.conversations import Conversations
from tools.errors import ToolError

_FIELDS = ("question", "conversation_id")
_EXAMPLE = 'Send {"question": "Any problem pods?"} and, to go on, the conversation_id of the answer before.'
log = structlog.get_logger("server.chat")


def blueprint(asker: Asker, conversations: Conversations, auth: Auth) -> Blueprint:
    """The routes, for viewers."""
    routes = Blueprint("chat", __name__)

    @routes.post("/ask")
    @auth.needs("viewer")
    def ask() -> Any:
        fields = read_fields(_FIELDS, _EXAMPLE)
        given = fields.get("question", ""), auth.person().name, fields.get("conversation_id", "")
        if wants_stream():
            answering = asker.begin(*given)
            stream = response(_events(answering))
            stream.call_on_close(answering.close)
            return stream
        answer = asker.ask(*given)
        if wants_html():
            return redirect(f"/?conversation={answer['conversation_id'] or ''}#newest", 303)
        return answer

    @routes.post("/conversations/<conversation_id>/forget")
    @auth.needs("viewer")
    def forget(conversation_id: str) -> Any:
        conversations.forget(auth.person().name, conversation_id)
        return redirect("/", 303) if wants_html() else ("", 204)

    @routes.get("/conversations/<conversation_id>")
    @auth.needs("viewer")
    def show(conversation_id: str) -> Any:
        turns = conversations.turns(conversation_id, auth.person().name)
        shown = [turn.model_dump(mode="json", exclude={"topic", "id"}) for turn in turns]
        return {"id": conversation_id, "turns": shown}

    return routes


def _events(answering: Answering) -> Iterator[str]:
    """The status is sent by the first piece, so what goes wrong afterwards is an event."""
    try:
        for said in answering:
            yield event(said.kind, said.data)
    except ToolError as error:
        log.warning("answer broke off", error=str(error))
        yield event("trouble", {"detail": f"{error}. Nothing was changed; ask again."})
