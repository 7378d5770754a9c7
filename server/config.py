"""`GET /config`: the configuration in force, secrets as set or unset."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from server.auth import Auth
from server.parts import AppParts


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """The route, for viewers."""
    pages = Blueprint("config", __name__)

    @pages.get("/config")
    @auth.needs("viewer")
    def show() -> dict[str, Any]:
        return {
            "settings": parts.settings.public(),
            "policy": (parts.policy or parts.settings.policy()).model_dump(mode="json"),
            "people": [{"name": person.name, "role": person.role} for person in auth.people],
        }

    return pages
