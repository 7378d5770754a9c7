"""`GET /incidents/<id>/bundle`: an incident as a bundle, to be replayed elsewhere. Redacted when it was kept."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from server.auth import Auth
from server.parts import AppParts
from server.problems import Problem
from tools.bundle import Bundle
from tools.errors import NotFound

MEDIA_TYPE = "application/gzip"


def kept_bundle(parts: AppParts, incident_id: str) -> Bundle:
    """What is kept of this incident. Raises NotFound, and a 410 problem that says why nothing is kept."""
    if parts.readings is None:
        raise NotFound(f"nothing is kept of incident {incident_id} here")
    kept = parts.readings.of(incident_id)
    if kept.bundle is None:
        raise _gone(parts, incident_id, kept.missing)
    return kept.bundle


def _gone(parts: AppParts, incident_id: str, missing: str) -> Problem:
    incident = parts.incidents.get(incident_id)
    if incident.merged_into:
        detail = (
            f"It was merged: GET /incidents/{incident.merged_into}/bundle has the incident that it joined."
        )
    elif incident.ended_at is None and not incident.route:
        detail = f"It is not decided yet. Ask again once GET /incidents/{incident_id} shows a decision."
    else:
        detail = f"Nothing was kept: {missing}."
    return Problem(
        410, "no-bundle", "No bundle of this incident", detail, incident=f"/incidents/{incident_id}"
    )


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """The route, for viewers."""
    pages = Blueprint("bundles", __name__)

    @pages.get("/incidents/<incident_id>/bundle")
    @auth.needs("viewer")
    def bundle(incident_id: str) -> Any:
        from tools.bundle_archive import archive

        name = f"incident-{incident_id}"
        body = archive(kept_bundle(parts, incident_id), name)
        saved = {"Content-Disposition": f'attachment; filename="{name}.tar.gz"'}
        return Response(body, mimetype=MEDIA_TYPE, headers=saved)

    return pages
