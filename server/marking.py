"""`POST /incidents/<id>/mark`: a person says whether the decision was right, and what would have been better."""

from __future__ import annotations

from typing import Any, get_args

from flask import Blueprint, redirect

from server.auth import Auth, actor_of
from server.forms import read_fields
from server.problems import Problem, wants_html
from tools.clock import Clock
from tools.excerpts import message
from tools.marks import Judgement, Mark, Marks

_FIELDS = ("mark", "note", "better_action", "actor")
_EXAMPLE = 'Send {"mark": "right" | "wrong" | "note", "note": "…", "better_action": "rollback_deployment"}.'


def blueprint(marks: Marks, clock: Clock, auth: Auth, actions: tuple[str, ...]) -> Blueprint:
    """The route, for approvers: marks teach. `actions` are the names that `better_action` may have, and none."""
    routes = Blueprint("marking", __name__)

    @routes.post("/incidents/<incident_id>/mark")
    @auth.needs("approver")
    def mark(incident_id: str) -> Any:
        given = _read(actions)
        kept = Mark(
            incident_id=incident_id, at=clock.now(), actor=actor_of(auth.person(), given), **_words(given)
        )
        marks.add(kept)
        if wants_html():
            return redirect(f"/incidents/{incident_id}#marks", 303)
        return kept.model_dump(mode="json"), 201

    return routes


def _read(actions: tuple[str, ...]) -> dict[str, str]:
    fields = read_fields(_FIELDS, _EXAMPLE)
    if fields.get("mark") not in get_args(Judgement):
        raise Problem(422, "bad-mark", "Not a mark", _EXAMPLE)
    better = fields.get("better_action", "")
    if better and better not in (*actions, "none"):
        words = f"better_action must be none or one of {', '.join(actions)}."
        raise Problem(422, "bad-action", "Not an action", words)
    if fields["mark"] == "note" and not fields.get("note"):
        raise Problem(422, "empty-note", "Nothing noted", f"Give note some words. {_EXAMPLE}")
    return fields


def _words(given: dict[str, str]) -> dict[str, Any]:
    note = message(given.get("note", ""), 1000)
    return {"mark": given["mark"], "note": note, "better_action": given.get("better_action", "")}
