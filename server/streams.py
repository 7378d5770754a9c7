"""Server-sent events: how they are written, and how many may be open, so that no reader holds up the webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, request

from server.problems import Problem

MEDIA_TYPE = "text/event-stream"


def wants_stream() -> bool:
    """Whether this client asks for server-sent events before anything else."""
    accept = request.accept_mimetypes
    return accept[MEDIA_TYPE] > 0 and accept.best == MEDIA_TYPE


def event(kind: str, data: dict[str, Any], *, place: int | None = None) -> str:
    """One event; `place` is what `Last-Event-ID` brings back."""
    head = f"id: {place}\n" if place is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data)}\n\n"


def response(events: Iterator[str]) -> Response:
    """Sent as it comes: no proxy shall collect it first."""
    answer = Response(events, mimetype=MEDIA_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


class Seats:
    """At most so many at once; each holds a thread of the server. `words` tells who comes too late what to do."""

    def __init__(self, most: int, words: str, *, patience: float = 0.0) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._words = words
        self._patience = patience

    def take(self) -> Callable[[], None]:
        """A seat; call what is returned to give it back, as often as you like. Raises a 503 problem."""
        if not self._free.acquire(timeout=self._patience):
            raise Problem(503, "busy", "Too many at once", self._words, headers={"Retry-After": "5"})
        given_back = threading.Event()

        def give_back() -> None:
            if not given_back.is_set():
                given_back.set()
                self._free.release()

        return give_back
