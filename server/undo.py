"""`POST /incidents/<id>/undo`: a person asks to have taken back what an incident did.

Nothing is written here: a run of its own proposes the recorded inverse, and that waits for an approval of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, make_response, redirect

from graph import undoing
from graph.services import Services
from graph.undoing import Offer
from server.auth import Auth, actor_of
from server.forms import read_fields
from server.problems import Problem, wants_html
from tools.errors import NotFound, Refused, ToolError
from tools.ledger import LedgerEntry
from tools.undo_requests import UndoRequests

_FIELDS = ("reason", "actor")
_WORDS = 'Send {"reason": "…"}: what is taken back is on record.'
_TITLES = {
    "running": "Its run goes on",
    "nothing-done": "Nothing was done",
    "no-inverse": "It cannot be undone",
    "undone": "It was taken back already",
}


@dataclass(frozen=True)
class Undo:
    """Takes requests to undo."""

    services: Services
    requests: UndoRequests
    wake: Callable[[str | None], None]

    def offer(self, incident_id: str) -> Offer:
        """What can be asked for, by the record alone. Raises NotFound."""
        return undoing.offer(self.services, incident_id)

    def ask(self, incident_id: str, *, actor: str, reason: str) -> str:
        """The run that proposes the inverse. Raises the problem that stands in the way, NotFound."""
        offer = self.offer(incident_id)
        if offer.kind or offer.entry is None:
            detail = (
                f"{offer.reason[:1].upper()}{offer.reason[1:].rstrip('.')}. See /incidents/{incident_id}."
            )
            raise Problem(409, offer.kind or "nothing-done", _TITLES[offer.kind or "nothing-done"], detail)
        self._refuse_while_paused()
        self._refuse_changed(offer.entry)
        try:
            asked = self.requests.open(offer.entry.key, actor=actor, reason=reason)
        except Refused as error:
            raise Problem(409, "undone", _TITLES["undone"], f"{error}.") from error
        self.wake(asked)
        return asked

    def _refuse_while_paused(self) -> None:
        pause = self.services.controls.pause_state()
        if pause.paused:
            words = f"{pause.actor} paused all actions ({pause.reason}). Resume, then ask again."
            raise Problem(409, "paused", "Actions are paused", words)

    def _refuse_changed(self, entry: LedgerEntry) -> None:
        """Asked again by the run, at the approval and before the write."""
        try:
            changed = undoing.changed_since(self.services, entry)
        except (NotFound, Refused) as error:
            raise Problem(409, "superseded", "Someone else changed it", f"{error}.") from error
        except ToolError as error:
            again = {"Retry-After": "10"}
            words = f"Nothing was asked for: {error}. Try again."
            raise Problem(503, "cannot-prove", "The cluster cannot be read", words, headers=again) from error
        if changed:
            words = f"{changed[0].upper()}{changed[1:]}: to undo {entry.call.name} now would be to undo that, too."
            raise Problem(409, "superseded", "Someone else changed it", words)


def blueprint(undo: Undo, auth: Auth) -> Blueprint:
    """The route, for approvers."""
    routes = Blueprint("undo", __name__)

    @routes.post("/incidents/<incident_id>/undo")
    @auth.needs("approver")
    def ask(incident_id: str) -> Any:
        fields = read_fields(_FIELDS, _WORDS)
        actor = actor_of(auth.person(), fields)
        asked = undo.ask(incident_id, actor=actor, reason=fields.get("reason", ""))
        place = f"/incidents/{asked}"
        if wants_html():
            return redirect(place, 303)
        answer = make_response({"incident": place, "id": asked}, 202)
        answer.headers["Location"] = place
        return answer

    return routes
