"""`POST /trigger-test`: a made alert about a real workload, by the same door; every write is a dry run only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from server.auth import Auth
from server.by_hand import ByHand, open_as_asked


def blueprint(by_hand: ByHand, auth: Auth) -> Blueprint:
    """The route, for approvers: nothing is written, but a run costs reads, a message and perhaps a model."""
    routes = Blueprint("synthetic", __name__)

    @routes.post("/trigger-test")
    @auth.needs("approver")
    def trigger() -> Any:
        return open_as_asked(by_hand, auth, test=True)

    return routes
