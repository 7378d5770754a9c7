"""`POST /pause` and `/resume`: the kill switch. Reads, reports and approvals' pages go on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect

from server.auth import Auth, actor_of
from server.forms import read_fields
from server.parts import AppParts
from server.problems import wants_html

_FIELDS = ("reason", "actor")


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """The routes, for admins."""
    pages = Blueprint("pause", __name__)

    def answer() -> Any:
        if wants_html():
            return redirect("/", 303)
        return parts.controls.pause_state().model_dump(mode="json")

    @pages.post("/pause")
    @auth.needs("admin")
    def pause() -> Any:
        fields = read_fields(_FIELDS, "Pausing takes a reason.")
        parts.controls.pause(
            actor=actor_of(auth.person(), fields), reason=fields.get("reason", ""), at=parts.clock.now()
        )
        return answer()

    @pages.post("/resume")
    @auth.needs("admin")
    def resume() -> Any:
        fields = read_fields(_FIELDS, "Resuming takes a reason.")
        parts.controls.resume(
            actor=actor_of(auth.person(), fields), reason=fields.get("reason", ""), at=parts.clock.now()
        )
        parts.wake(None)
        return answer()

    return pages
