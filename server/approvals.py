"""Approvals over HTTP: what waits, the page that shows one, and the way to answer it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from server import edits, granting
from server.approval_pages import page_of
from server.auth import Auth, actor_of
from server.decisions import Decisions
from server.forms import read_fields
from server.parts import AppParts
from server.problems import Problem, wants_html, wants_json
from server.views import approval_json
from tools.approvals import Approval
from tools.grants import Grant

_FIELDS = ("reason", "actor", "digest")
_NO_EDITS = (
    "An approval is for exactly what was shown: it takes reason, and digest to name what was seen. "
    "POST /approve/<id>/edit takes other arguments, and makes a new proposal."
)


class Pages:
    """The views."""

    def __init__(self, parts: AppParts, auth: Auth) -> None:
        self._parts = parts
        self._auth = auth
        self._decisions = Decisions(parts)

    def pending(self) -> Any:
        """What waits, oldest first, each with its preview."""
        waiting = self._parts.approvals.pending()
        if wants_html():
            return render_template(
                "pending.html", pending=[self._page(a) for a in waiting], grants=self._open_grants()
            )
        return {"pending": [approval_json(approval) for approval in waiting]}

    def show(self, approval_id: str) -> Any:
        """One approval. Changes nothing: mail scanners fetch links."""
        approval = self._parts.approvals.get(approval_id)
        if wants_json():
            return approval_json(approval)
        incident = self._parts.incidents.get(approval.incident_id)
        late = approval.expires_at <= self._parts.clock.now()
        page = self._page(approval)
        may = edits.editable(approval, self._parts.settings.enable_actions)
        return render_template("approval.html", approval=page, incident=incident, late=late, editable=may)

    def approve(self, approval_id: str) -> Any:
        """Yes to exactly what was shown."""
        approval, actor, fields = self._asked(approval_id, more=("grant", "seen"))
        reason, wish = fields.get("reason", ""), fields.get("grant", "")
        grant = granting.wanted(approval, wish, actor, reason, self._parts.clock, self._parts.policy)
        return _answer(
            self._decisions.approve(
                approval, actor, reason, self._auth.person(), grant, seen=fields.get("seen")
            )
        )

    def reject(self, approval_id: str) -> Any:
        """No."""
        approval, actor, fields = self._asked(approval_id)
        return _answer(self._decisions.reject(approval, actor, fields.get("reason", "")))

    def renew(self, approval_id: str) -> Response:
        """Prove and propose again."""
        approval, actor, fields = self._asked(approval_id)
        return _followed(self._decisions.renew(approval, actor, fields.get("reason", "")))

    def edit(self, approval_id: str) -> Response:
        """Prove and propose again, with other arguments."""
        may = edits.editable(self._parts.approvals.get(approval_id), self._parts.settings.enable_actions)
        given, apart = edits.given(), (edits.FIELD,) if request.is_json else tuple(may)
        approval, actor, fields = self._asked(approval_id, apart=apart)
        reason = fields.get("reason", "")
        return _followed(self._decisions.edit(approval, edits.wanted(given, may), actor, reason))

    def _page(self, approval: Approval) -> dict[str, Any]:
        return page_of(approval, self._parts)

    def _open_grants(self) -> list[Grant]:
        now, kept = self._parts.clock.now(), self._parts.grants
        return [grant for grant in (kept.newest() if kept else []) if grant.state(now) == "open"]

    def _asked(
        self, approval_id: str, *, more: Collection[str] = (), apart: Collection[str] = ()
    ) -> tuple[Approval, str, dict[str, str]]:
        """The approval, who answers it, and what they say. Raises a problem for edited or misdirected answers."""
        fields = read_fields((*_FIELDS, *more), _NO_EDITS, apart)
        approval = self._parts.approvals.get(approval_id)
        seen = fields.get("digest", "")
        if seen and seen != approval.digest:
            detail = f"This approval is for digest {approval.digest}. Read GET /approve/{approval.id} again."
            raise Problem(412, "other-digest", "Not what this approval shows", detail)
        return approval, actor_of(self._auth.person(), fields), fields


def _answer(approval: Approval) -> Any:
    """A person lands where it goes on: on the incident; after the first yes of two, where the second is given."""
    if wants_html():
        decided = f"/incidents/{approval.incident_id}?answered={approval.id}"
        return redirect(f"/approve/{approval.id}" if approval.state == "pending" else decided, 303)
    if approval.state == "pending":  # the first yes of two
        return {**approval_json(approval), "approved": "one of two"}, 202
    return approval_json(approval)


def _followed(incident_id: str) -> Response:
    """To the incident, whose run proposes anew."""
    place = f"/incidents/{incident_id}"
    if wants_html():
        return make_response(redirect(place, 303))
    response = make_response({"incident": place}, 202)
    response.headers["Location"] = place
    return response


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """`/pending`, `/approve/<id>`, `/reject/<id>`, `/approve/<id>/renew` and `/approve/<id>/edit`."""
    routes = Blueprint("approvals", __name__)
    pages = Pages(parts, auth)
    viewer, approver = auth.needs("viewer"), auth.needs("approver")
    routes.get("/pending")(viewer(pages.pending))
    routes.get("/approve/<approval_id>")(viewer(pages.show))
    routes.post("/approve/<approval_id>")(approver(pages.approve))
    routes.post("/reject/<approval_id>")(approver(pages.reject))
    renew = approver(pages.renew)
    routes.post("/approve/<approval_id>/renew")(renew)
    routes.post("/renew/<approval_id>")(renew)
    routes.post("/approve/<approval_id>/edit")(approver(pages.edit))
    return routes
