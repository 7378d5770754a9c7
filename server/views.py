"""Records shaped for people and programs: the columns of lists, the parts of an approval, diffs by line."""

from __future__ import annotations

from typing import Any

from graph.confidence import MOST
from tools.approvals import Approval
from tools.incidents import Incident
from tools.ledger import LedgerEntry
from tools.records import Evidence

_VERIFIED = {"RECOVERED": True, "NOT_RECOVERED": False, "REGRESSED": False}
_LOG_KINDS = ("previous_logs", "logs")


def incident_row(incident: Incident, logs: str = "") -> dict[str, Any]:
    """One incident as lists show it."""
    target = incident.target
    return {
        "id": incident.id,
        "test": incident.test,
        "timestamp": incident.began_at.isoformat(),
        "alert_name": incident.alert_name,
        "severity": incident.severity,
        "namespace": incident.namespace,
        "pod": incident.pod,
        "description": incident.description,
        "logs": logs,
        "ai_analysis": incident.summary,
        "confidence": incident.confidence,
        "action": incident.action,
        "action_taken": incident.action_taken or None,
        "verified": _VERIFIED.get(incident.verdict),
        "status": incident.status,
        "target": target.short() if target else None,
        "problem": incident.problem,
        "route": incident.route,
        "verdict": incident.verdict,
        "episode_id": incident.episode_id,
        "merged_into": incident.merged_into,
        "previous_id": incident.previous_id,
        "undo_of": incident.undo_of,
        "updated_at": incident.updated_at.isoformat(),
        "ended_at": incident.ended_at.isoformat() if incident.ended_at else None,
    }


def log_excerpt(evidence: Evidence | None) -> str:
    """The log that tells most: of the crashed container before that of the running one."""
    items = evidence.items if evidence else ()
    found = [item for kind in _LOG_KINDS for item in items if item.kind == kind and item.excerpt]
    return found[0].excerpt if found else ""


def receipt_row(entry: LedgerEntry) -> dict[str, Any]:
    """One write, or the claim of one."""
    return {
        "key": entry.key,
        "action": entry.call.model_dump(mode="json"),
        "target": entry.target.short(),
        "automatic": entry.automatic,
        "undo_of": entry.undo_of,
        "inverse": entry.inverse.model_dump(mode="json") if entry.inverse else None,
        "claimed_at": entry.claimed_at.isoformat(),
        "receipt": entry.receipt.model_dump(mode="json") if entry.receipt else None,
        "verdict": entry.verdict,
    }


def approval_json(approval: Approval) -> dict[str, Any]:
    """An approval with all that it shows, and where to decide it."""
    links = {
        "self": f"/approve/{approval.id}",
        "reject": f"/reject/{approval.id}",
        "renew": f"/approve/{approval.id}/renew",
        "incident": f"/incidents/{approval.incident_id}",
    }
    if approval.replaced_by:
        links["fresh"] = f"/approve/{approval.replaced_by}"
    return approval.model_dump(mode="json") | {"links": links}


def approval_page(approval: Approval) -> dict[str, Any]:
    """What the approval page shows, ready for its template. Parts that are not there are empty."""
    proposal, shown = approval.proposal, approval.shown
    preview = proposal.get("preview") or {}
    decision = shown.get("decision") or {}
    call = proposal.get("call") or {}
    return {
        "record": approval,
        "action": call.get("name", ""),
        "arguments": call.get("args") or {},
        "target": proposal.get("target") or {},
        "risk": proposal.get("risk", ""),
        "problem": proposal.get("problem", ""),
        "why": proposal.get("reason", ""),
        "health_proof": proposal.get("health_proof", ""),
        "does": shown.get("summary", ""),
        "incident": shown.get("incident") or [],
        "finding": shown.get("finding") or {},
        "evidence": shown.get("evidence") or [],
        "missing": shown.get("missing") or [],
        "absent": decision.get("absent") or [],
        "similar": shown.get("similar") or [],
        "confidence": decision.get("confidence"),
        "meters": [_meter(name, value) for name, value in (decision.get("confidence_parts") or {}).items()],
        "blocked_by": decision.get("blocked_by") or [],
        "decider": decision.get("decider", ""),
        "preview": preview,
        "diff": diff_lines(preview.get("diff", "")),
    }


def _meter(name: str, value: float) -> dict[str, Any]:
    """One part of the confidence beside the most that it can be; a part of another release counts up to 1."""
    return {"name": name, "value": value, "most": MOST.get(name, 1.0)}


def diff_lines(diff: str) -> list[tuple[str, str]]:
    """Each line of a unified diff with the class that colours it."""
    return [(_kind(line), line) for line in diff.splitlines()]


def _kind(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "file"
    return {"+": "added", "-": "removed", "@": "place"}.get(line[:1], "same")
