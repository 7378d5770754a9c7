"""The first page: what the agent may do now, what waits for a person, what happened last."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, render_template

from server.auth import Auth
from server.parts import AppParts
from server.views import approval_page
from tools.errors import ToolError
from tools.listing import IncidentFilter

NEWEST = 25


def safety(parts: AppParts) -> dict[str, Any]:
    """What stands on every page. Never raises: error pages show it too."""
    settings, snapshot = parts.settings, parts.probe()
    try:
        pause = parts.controls.pause_state()
    except ToolError:
        pause = None
    return {
        "mode": settings.mode,
        "pause": pause,
        "test_cluster": settings.test_cluster,
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
        return render_template("index.html", pending=waiting, incidents=newest)

    app.register_blueprint(pages)
    app.context_processor(lambda: {"safety": safety(parts), "now": parts.clock.now()})
