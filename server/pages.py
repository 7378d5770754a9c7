"""The first page: a conversation, what waits for a person, what happened last, what the agent may do now."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, render_template, request

from server.auth import Auth
from server.parts import AppParts
from server.views import approval_page
from tools.errors import NotFound, ToolError
from tools.listing import IncidentFilter

NEWEST = 8
CONVERSATIONS = 6
EXAMPLES = (
    "Any problem pods?",
    "How many pods are there?",
    "What changed in the last hour?",
    "Recent incidents?",
    "What waits for my approval?",
)


def safety(parts: AppParts) -> dict[str, Any]:
    """What stands on every page. Never raises: error pages show it too."""
    settings, snapshot = parts.settings, parts.probe()
    try:
        pause = parts.controls.pause_state()
        holds = parts.holds.active(parts.clock.now())
    except ToolError:
        pause, holds = None, ()
    return {
        "mode": settings.mode,
        "pause": pause,
        "holds": holds,
        "test_cluster": settings.test_cluster,
        "levels": parts.autonomy is not None,
        "sandbox": settings.sandbox,
        "admin": snapshot.admin_kubeconfig,
        "notes": snapshot.notes,
        "down": [name for name, service in snapshot.services.items() if service.state == "down"],
    }


def install(app: Flask, parts: AppParts, auth: Auth) -> None:
    """`GET /`, and the safety state for every page."""
    pages = Blueprint("pages", __name__)

    @pages.get("/")
    @auth.needs("viewer")
    def index() -> Any:
        waiting = [approval_page(approval) for approval in parts.approvals.pending()]
        newest = parts.listing.page(IncidentFilter(), limit=NEWEST).incidents
        return render_template(
            "index.html", pending=waiting, incidents=newest, talk=_talk(parts, auth), examples=EXAMPLES
        )

    app.register_blueprint(pages)
    app.context_processor(lambda: {"safety": safety(parts), "now": parts.clock.now()})


def _talk(parts: AppParts, auth: Auth) -> dict[str, Any] | None:
    """The conversation that is asked for with its turns, and the person's newest ones."""
    if parts.talk is None:
        return None
    actor, wanted = auth.person().name, request.args.get("conversation", "")
    kept = parts.talk.conversations
    try:
        turns = kept.turns(wanted, actor) if wanted else []
    except NotFound:
        wanted, turns = "", []
    others = [head for head in kept.of(actor, limit=CONVERSATIONS) if head.id != wanted]
    return {"id": wanted, "turns": turns, "others": others}
