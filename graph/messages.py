"""What a person is told: one message per thing they need to know, verdict first."""

from __future__ import annotations

from datetime import datetime

from graph.state import Decision, IncidentState, Proposal, Status
from prompts import render
from tools.outbox import Message, MessageKind
from tools.records import ActionCall, Evidence, EvidenceItem

VERDICT_LINES: dict[str, str] = {
    "recovered": "Nothing to do: acted and recovered.",
    "provisional": "Nothing to do now: acted and well so far; it may come back later.",
    "inconclusive": "Could not tell: an action was sent and its effect could not be verified. Look now.",
    "escalated": "Act now: an action was taken and it did not recover.",
    "rejected": "Nothing was done: the proposal was rejected. The problem stands.",
    "expired": "Nothing was done: the approval expired undecided. The problem stands.",
    "withdrawn": "Nothing to do: the alert resolved before anything was done.",
}
KINDS: dict[str, MessageKind] = {
    "recovered": "acted",
    "provisional": "acted",
    "inconclusive": "escalated",
    "escalated": "escalated",
    "withdrawn": "withdrawn",
    "expired": "expired",
}


def report(state: IncidentState, outcome: Status, now: datetime, *, test_cluster: bool) -> Message:
    """The message that ends a run."""
    decision, finding = state["decision"], state["finding"]
    line = VERDICT_LINES.get(outcome) or _explained(decision, finding.broken)
    evidence = state.get("evidence")
    verdict = state.get("verdict")
    receipt = state.get("receipt")
    body = render(
        "report.txt.j2",
        verdict_line=line,
        finding=finding,
        decision=decision,
        missing=evidence.missing() if evidence else (),
        action=call_line(receipt.call) if receipt else "",
        verdict=f"{verdict.name}: {verdict.reason}" if verdict else "",
        earlier=[_earlier(s.incident_id, s.action, s.verdict) for s in state.get("similar", [])],
        incident_id=state["incident_id"],
        excerpts=_excerpts(evidence, finding.evidence),
        test_cluster=test_cluster,
    )
    key = f"{state['incident_id']}:report"
    return _message(key, state["incident_id"], KINDS.get(outcome, "explained"), line, decision, body, now)


def approval_request(
    state: IncidentState,
    proposal: Proposal,
    approval_id: str,
    expires_at: datetime,
    now: datetime,
    test: bool,
) -> Message:
    """The message that asks."""
    decision = state["decision"]
    target = proposal.target
    body = render(
        "approval.txt.j2",
        call=call_line(proposal.call),
        target=f"{target.namespace}/{target.kind}/{target.name}",
        finding=state["finding"],
        proposal=proposal,
        approval_id=approval_id,
        expires_at=f"{expires_at:%Y-%m-%d %H:%M} UTC",
        digest=proposal.digest[:12],
        decision=decision,
        incident_id=state["incident_id"],
        test_cluster=test,
    )
    key = f"{approval_id}:request"
    return _message(key, state["incident_id"], "needs_approval", "Decide this", decision, body, now)


def call_line(call: ActionCall) -> str:
    """`rollback_deployment to revision 3`, for people; digests and uids are left to the record."""
    revision = call.args.get("to_revision")
    return f"{call.name} to revision {revision}" if revision is not None else call.name


def _message(
    key: str, incident_id: str, kind: MessageKind, line: str, decision: Decision, body: str, now: datetime
) -> Message:
    target = decision.target or {"namespace": "", "name": "unknown target"}
    where = f"{target['namespace']}/{target['name']}".strip("/")
    subject = f"{line.split(':')[0]}: {where}: {decision.problem}"
    return Message(key=key, incident_id=incident_id, kind=kind, subject=subject, body=body, queued_at=now)


def _explained(decision: Decision, broken: bool) -> str:
    if not broken:
        return "Nothing to do: it is well again by itself."
    if decision.action:
        return f"Act now: {call_line(decision.action)} looks right, but was not done. See why below."
    return "Act now: no action of this agent is right here. Cause and evidence below."


def _earlier(incident_id: str, action: str, verdict: str) -> str:
    return f"incident {incident_id}: {action or 'no action'}, {verdict or 'no verdict'}"


def _excerpts(evidence: Evidence | None, cited: tuple[str, ...]) -> list[EvidenceItem]:
    if evidence is None:
        return []
    return [item for item in evidence.items if item.id in cited and item.excerpt][:3]
