"""Incidents over HTTP: pages of the record, and one incident with everything that is known about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from server.approval_pages import page_of
from server.auth import Auth
from server.parts import AppParts
from server.problems import Problem, wants_html
from server.settings_fields import KNOWN_ACTIONS
from server.views import approval_json, incident_row, log_excerpt, receipt_row
from tools.approvals import answered
from tools.incident_record import ENDED
from tools.listing import IncidentFilter
from tools.manual_alerts import WORKLOAD_LABELS
from tools.marks import Mark
from tools.outbox import Message
from tools.requested_calls import askable

FILTERS = ("status", "namespace", "alert_name", "workload", "since", "q")
MOST_ROWS = 200
STATUSES = (
    *("received", "investigating", "settling", "awaiting_approval", "executing", "verifying"),
    *sorted(ENDED),
)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as err:
        example = "2026-01-05T12:00:00Z"
        raise Problem(400, "bad-filter", "Not a time", f"since={text!r}: write it like {example}.") from err
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def wanted() -> IncidentFilter:
    """The filter of this request. Raises a 400 problem for one that is not known or cannot be read."""
    unknown = sorted(set(request.args) - {*FILTERS, "after", "limit"})
    if unknown:
        words = f"{', '.join(unknown)}: not known. There are: {', '.join(FILTERS)}, after, limit."
        raise Problem(400, "bad-filter", "No such filter", words)
    given = {name: request.args[name].strip() for name in FILTERS if request.args.get(name, "").strip()}
    since = given.pop("since", "")
    return IncidentFilter(**given, since=_instant(since) if since else None)


def _limit() -> int:
    text = request.args.get("limit", "50")
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ROWS:
        words = f"limit={text!r}: a whole number from 1 to {MOST_ROWS}."
        raise Problem(400, "bad-filter", "Not a number of rows", words)
    return int(text)


def _next_link(after: str) -> str | None:
    if not after:
        return None
    return "/incidents?" + urlencode({**request.args.to_dict(), "after": after})


def detail(parts: AppParts, incident_id: str) -> dict[str, Any]:
    """One incident: its row, timeline, alerts, evidence, decision, approvals, receipts, messages."""
    incident = parts.incidents.get(incident_id)
    evidence = parts.incidents.evidence(incident_id)
    return {
        **incident_row(incident, log_excerpt(evidence)),
        "timeline": [line.model_dump(mode="json") for line in parts.incidents.timeline(incident_id)],
        "alerts": [alert.model_dump(mode="json") for alert in parts.incidents.alerts(incident_id)],
        "evidence": evidence.model_dump(mode="json") if evidence else None,
        "decision": parts.incidents.decision(incident_id),
        "approvals": [approval_json(a) for a in parts.approvals.for_incident(incident_id)],
        "receipts": [receipt_row(entry) for entry in parts.ledger.for_incident(incident_id)],
        "messages": [_message(parts, message) for message in parts.outbox.for_incident(incident_id)],
        "marks": [mark.model_dump(mode="json") for mark in _marks(parts, incident_id)],
    }


def _message(parts: AppParts, message: Message) -> dict[str, Any]:
    """With the incidents whose messages went out, or wait, in the same letter."""
    inside = parts.outbox.in_letter(message.sent_with) if message.sent_with else []
    others = [each for each in inside if each != message.incident_id]
    return {**message.model_dump(mode="json"), "sent_with_incidents": others}


def _marks(parts: AppParts, incident_id: str) -> list[Mark]:
    return parts.talk.marks.of(incident_id) if parts.talk else []


def _page(parts: AppParts, incident_id: str, known: dict[str, Any]) -> str:
    """The incident for a person: with the panel that decides, where something waits, and what people said of it."""
    waiting = [a for a in parts.approvals.for_incident(incident_id) if a.state == "pending"]
    return render_template(
        "incident.html",
        incident=known,
        pending=[page_of(approval, parts) for approval in waiting if approval.expires_at > parts.clock.now()],
        marks=_marks(parts, incident_id) if parts.talk else None,
        answered=_answered(parts, incident_id),
        undo=parts.undo.offer(incident_id) if parts.undo else None,
        actions=KNOWN_ACTIONS,
    )


def _answered(parts: AppParts, incident_id: str) -> dict[str, str] | None:
    """What the person who comes from an approval has just done: the record's words, never the address's."""
    asked = request.args.get("answered", "")
    found = next((a for a in parts.approvals.for_incident(incident_id) if asked and a.id == asked), None)
    if found is None or found.state == "pending":
        return None
    words = answered(found.state, found.proposal, found.actor, found.reason, found.edit)
    return {"id": found.id, "state": found.state, "words": words}


def blueprint(parts: AppParts, auth: Auth) -> Blueprint:
    """`/incidents` and `/incidents/<id>`."""
    pages = Blueprint("incidents", __name__)

    @pages.get("/incidents")
    @auth.needs("viewer")
    def rows() -> Any:
        page = parts.listing.page(wanted(), after=request.args.get("after", ""), limit=_limit())
        further = _next_link(page.next_after)
        if wants_html():
            given = {name: request.args.get(name, "") for name in FILTERS}
            return render_template(
                "incidents.html",
                incidents=page.incidents,
                further=further,
                given=given,
                statuses=STATUSES,
                kinds=tuple(WORKLOAD_LABELS),
                askable=askable(parts.policy.enabled_actions if parts.policy else ()),
            )
        listed = [incident_row(one, log) for one, log in zip(page.incidents, page.logs, strict=True)]
        return {"incidents": listed, "next": further}

    @pages.get("/incidents/<incident_id>")
    @auth.needs("viewer")
    def one(incident_id: str) -> Any:
        known = detail(parts, incident_id)
        if wants_html():
            return _page(parts, incident_id, known)
        return known

    return pages
