"""`GET /agreement`: what the agent would have done against what people did."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from graph.autonomy import AGREEMENT_BACK
from server.agreement_report import RULE, agreement_rows, as_json
from server.auth import Auth
from server.parts import AppParts
from server.problems import wants_html
from tools.autonomy import Autonomy


def blueprint(parts: AppParts, auth: Auth, autonomy: Autonomy) -> Blueprint:
    """The route, for viewers."""
    pages = Blueprint("agreement", __name__)

    @pages.get("/agreement")
    @auth.needs("viewer")
    def show() -> Any:
        policy = parts.policy or parts.settings.policy()
        rows = agreement_rows(autonomy, parts.ledger, parts.cases(), policy, parts.clock.now())
        if wants_html():
            return render_template("agreement.html", rows=rows, rule=RULE, days=AGREEMENT_BACK.days)
        return as_json(rows)

    return pages
