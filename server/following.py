"""`GET /incidents/<id>/events`: a run as it happens. Reading only: who leaves stops nothing but their own stream.

A stream lives for `LIFE` seconds and then ends; browsers come back by themselves with `Last-Event-ID`, so that
nothing is missed and no thread is held for long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, request

from server.auth import Auth
from server.problems import Problem
from server.streams import Seats, event, response
from tools.errors import ToolError
from tools.timeline_feed import FeedPage, TimelineFeed

LIFE = 25.0
"""Seconds of one stream."""
LOOK_EVERY = 0.5
MOST = 3
"""Streams at once, of the eight threads of the server."""
COME_BACK_MS = 1000


def blueprint(
    feed: TimelineFeed,
    auth: Auth,
    *,
    timer: Callable[[], float],
    life: float = LIFE,
    look_every: float = LOOK_EVERY,
    most: int = MOST,
) -> Blueprint:
    """The route, for viewers."""
    routes = Blueprint("following", __name__)
    seats = Seats(most, f"{most} readers follow incidents already. Read GET /incidents/<id>, or come back.")

    @routes.get("/incidents/<incident_id>/events")
    @auth.needs("viewer")
    def follow(incident_id: str) -> Any:
        place = _place()
        first = feed.after(incident_id, place)
        leave = seats.take()
        stream = response(_events(feed, incident_id, first, place, timer, life, look_every, leave))
        stream.call_on_close(leave)
        return stream

    return routes


def _place() -> int:
    text = request.headers.get("Last-Event-ID") or request.args.get("after", "0")
    if not text.isdecimal() or len(text) > 18:
        words = f"Last-Event-ID {text[:40]!r}: send back the id of the last event that you got, or none."
        raise Problem(400, "bad-place", "Not a place in the timeline", words)
    return int(text)


def _events(
    feed: TimelineFeed,
    incident_id: str,
    page: FeedPage,
    place: int,
    timer: Callable[[], float],
    life: float,
    look_every: float,
    leave: Callable[[], None],
) -> Iterator[str]:
    pause, ends, status = threading.Event(), timer() + life, ""
    try:
        yield f"retry: {COME_BACK_MS}\n\n"
        while True:
            for line in page.lines:
                place = line.id
                yield event("line", line.model_dump(mode="json", exclude={"id"}), place=place)
            if page.status != status:
                status = page.status
                yield event("status", {"status": status})
            if page.ended:
                yield event("end", {"status": status, "merged_into": page.merged_into})
                return
            if timer() >= ends:
                return
            pause.wait(look_every)
            # Only a write can tell that the reader has left, and gives the seat to the next one.
            yield ": still here\n\n"
            page = feed.after(incident_id, place)
    except ToolError as error:
        yield event("trouble", {"detail": str(error)})
    finally:
        leave()
