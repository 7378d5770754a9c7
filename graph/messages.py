"""What a person is told: one message per thing they need to know, verdict first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graph.log_words import logs
from graph.state import Decision, Finding, IncidentState, Proposal, Status
from graph.together import Together, joining, place
from graph.urgency import explained, without_orders
from prompts import render
from tools.approvals import Approval
from tools.ledger import LedgerEntry
from tools.outbox import Message, MessageKind
from tools.rechecks import Recheck
from tools.records import ActionCall, Alert, Evidence, EvidenceItem, Similar, Target, Verdict
from tools.synthetic import is_test

VERDICT_LINES: dict[str, str] = {
    "recovered": "Nothing to do: acted and recovered.",
    "provisional": "Nothing to do now: acted and well so far; it may come back later.",
    "inconclusive": "Could not tell: an action was sent and its effect could not be verified. Look now.",
    "escalated": "Act now: an action was taken and it did not recover.",
    "rejected": "Nothing was done: the proposal was rejected. The problem stands.",
    "expired": "Nothing was done: the approval expired undecided. The problem stands.",
    "withdrawn": "Nothing to do: the alert resolved before anything was done.",
}
TAKEN_BACK: dict[str, str] = {
    "recovered": "Nothing to do: taken back as asked, and it is well.",
    "provisional": "Nothing to do now: taken back as asked, and well so far.",
    "inconclusive": "Could not tell: it was taken back as asked, and what came of it could not be verified. Look now.",
    "escalated": "Act now: it was taken back as asked, and it is not well.",
    "rejected": "Nothing was done: taking it back was rejected.",
    "expired": "Nothing was done: the approval to take it back expired undecided.",
    "notified": "Nothing was done: it cannot be taken back. See why below.",
}
"""Instead, where a person asked to have something taken back."""
UNDO_PROBLEM = "undo_requested"
"""The class of a run that takes something back because a person asked for it."""
UNDO_OFFERED = frozenset({"provisional", "inconclusive", "escalated"})
"""Endings after which a person is told that it can be taken back."""
OVER = frozenset({"recovered", "withdrawn"})
"""Endings after which nobody has a next step to take."""
MOST_SHOWN = 3
"""Pieces of evidence in a message; the incident's page has all."""
KINDS: dict[str, MessageKind] = {
    "recovered": "acted",
    "provisional": "acted",
    "inconclusive": "escalated",
    "escalated": "escalated",
    "withdrawn": "withdrawn",
    "expired": "expired",
}


def report(
    state: IncidentState, outcome: Status, now: datetime, *, test_cluster: bool, alike: Together
) -> Message:
    """The message that ends a run. `alike`: other incidents of its cause."""
    decision, finding = state["decision"], without_orders(state["finding"])
    line = (
        _taken_back(state, outcome)
        or VERDICT_LINES.get(outcome)
        or _tested(state)
        or explained(state, call_line(decision.action) if decision.action else "")
    )
    mark = "Test: " if any(is_test(alert.labels) for alert in state.get("alerts", [])) else ""
    evidence = state.get("evidence")
    verdict = state.get("verdict")
    receipt = state.get("receipt")
    words = {
        "verdict_line": mark + line,
        "finding": finding,
        "decision": decision,
        "missing": _missing(state),
        "action": call_line(receipt.call) if receipt else "",
        "by_whom": by_whom(state),
        "verdict": f"{verdict.name}: {verdict.reason}" if verdict else "",
        "earlier": _earlier(alike.before(state.get("similar", []))),
        "alike": alike.line(),
        "incident_id": state["incident_id"],
        "undo": _undo_offered(state, outcome),
        "next_step": "" if outcome in OVER else finding.next_step,
        "excerpts": _excerpts(evidence, finding.evidence),
        "test_cluster": test_cluster,
    }
    return Message(
        key=f"{state['incident_id']}:report",
        incident_id=state["incident_id"],
        kind=KINDS.get(outcome, "explained"),
        subject=mark + _subject(line, decision, state.get("alerts", [])),
        escalated=outcome == "expired",
        queued_at=now,
        cause=finding.cause,
        **joining(state, outcome, mark + line),
        **_both("report", words),
    )


def approval_request(
    state: IncidentState,
    proposal: Proposal,
    approval_id: str,
    expires_at: datetime,
    now: datetime,
    test: bool,
    alike: Together,
) -> Message:
    """The message that asks. `alike`: other incidents of its cause."""
    decision = state["decision"]
    target = proposal.target
    words = {
        "call": call_line(proposal.call),
        "target": target_line(target),
        "finding": without_orders(state["finding"]),
        "proposal": proposal,
        "approval_id": approval_id,
        "expires_at": f"{expires_at:%Y-%m-%d %H:%M} UTC",
        "digest": proposal.digest[:12],
        "two": any(rule.startswith("four_eyes:") for rule in decision.blocked_by),
        "decision": decision,
        "earlier": _earlier(alike.before(state.get("similar", []))),
        "alike": alike.line(),
        "incident_id": state["incident_id"],
        "test_cluster": test,
    }
    return Message(
        key=request_key(approval_id),
        incident_id=state["incident_id"],
        kind="needs_approval",
        subject=_subject("Decide this", decision),
        approval_id=approval_id,
        queued_at=now,
        cause=state["finding"].cause,
        **_both("approval", words),
    )


def request_key(approval_id: str) -> str:
    """Key of the message that asks for this approval."""
    return f"{approval_id}:request"


def reminder(approval: Approval, now: datetime) -> Message:
    """The message that asks again, the second contact too."""
    minutes = max(1, round((approval.expires_at - now).total_seconds() / 60))
    proposal = Proposal.model_validate(approval.proposal)
    decision = Decision.model_validate(approval.shown["decision"])
    words = {
        "call": call_line(proposal.call),
        "target": target_line(proposal.target),
        "minutes": minutes,
        "expires_at": f"{approval.expires_at:%Y-%m-%d %H:%M} UTC",
        "asked_at": f"{approval.created_at:%H:%M} UTC",
        "first": f"{approval.first_actor} has approved it: one of two" if approval.first_actor else "",
        "summary": without_orders(Finding.model_validate(approval.shown["finding"])).summary,
        "reason": proposal.reason,
        "diff": proposal.preview.diff if proposal.preview else "",
        "approval_id": approval.id,
        "incident_id": approval.incident_id,
    }
    return Message(
        key=f"{approval.id}:reminder",
        incident_id=approval.incident_id,
        kind="reminder",
        subject=_subject(f"Decide this within {minutes} min", decision),
        approval_id=approval.id,
        escalated=True,
        queued_at=now,
        **_both("reminder", words),
    )


def came_back(due: Recheck, entry: LedgerEntry, verdict: Verdict) -> Message:
    """What was well when its run ended is not any more."""
    words = {
        "call": call_line(entry.call),
        "target": target_line(entry.target),
        "reason": verdict.reason,
        "judged_at": f"{due.judged_at:%Y-%m-%d %H:%M} UTC",
        "incident_id": due.incident_id,
    }
    where = f"{entry.target.namespace}/{entry.target.name}".strip("/")
    return Message(
        key=f"{due.incident_id}:came-back",
        incident_id=due.incident_id,
        kind="escalated",
        subject=f"Act now: {where}: {entry.problem.replace('_', ' ')} came back",
        queued_at=verdict.at,
        **_both("came_back", words),
    )


def call_line(call: ActionCall) -> str:
    """`rollback_deployment to revision 3`, for people; digests and uids are left to the record."""
    args = call.args
    if "to_revision" in args:
        return f"{call.name} to revision {args['to_revision']}"
    if "replicas" in args:
        return f"{call.name} from {args.get('from_replicas')} to {args['replicas']} replicas"
    if "workload" in args or args.get("namespace") == "":
        return f"{call.name} {args.get('name')}"
    return call.name


def target_line(target: Target) -> str:
    """`shop/Deployment/web`, or `Node/node-2` for what belongs to no namespace."""
    return f"{target.namespace}/{target.kind}/{target.name}".removeprefix("/")


def _both(template: str, words: dict[str, Any]) -> dict[str, str]:
    return {"body": render(f"{template}.txt.j2", **words), "html": render(f"{template}.html.j2", **words)}


def _subject(line: str, decision: Decision, alerts: Sequence[Alert] = ()) -> str:
    """`Act now: shop/web: bad release`; where no object is known, the alert's name stands in its place."""
    return f"{line.split(':')[0]}: {place(decision, alerts)}: {decision.problem.replace('_', ' ')}"


def by_whom(state: IncidentState) -> str:
    """Who decided, when and why, in one line; empty where the agent decided alone or nobody did."""
    answer, decision = state.get("answer"), state["decision"]
    if answer is None or answer.decision not in ("approved", "rejected"):
        return f"Granted before: {decision.granted}." if decision.granted and decision.route == "act" else ""
    who = answer.actor or "somebody"
    if answer.first_actor:
        who = f"{answer.first_actor} and {who}"
    at = f" at {answer.at:%Y-%m-%d %H:%M:%S} UTC" if answer.at else ""
    why = f": {answer.reason}" if answer.reason else "."
    held = f" In spite of {'; '.join(answer.overrides)}." if answer.overrides else ""
    return f"{answer.decision.title()} by {who}{at}{why}{held}"


def _taken_back(state: IncidentState, outcome: Status) -> str:
    asked = state["decision"].problem == UNDO_PROBLEM
    return TAKEN_BACK.get(outcome, "") if asked else ""


def _undo_offered(state: IncidentState, outcome: Status) -> str:
    """How to take back what did not help; empty where nothing can be, or somebody else has changed it since."""
    receipt, verdict = state.get("receipt"), state.get("verdict")
    superseded = verdict is not None and verdict.name == "SUPERSEDED"
    if receipt is None or receipt.inverse is None or state.get("undo_receipt") or superseded:
        return ""
    return call_line(receipt.inverse) if outcome in UNDO_OFFERED else ""


def _tested(state: IncidentState) -> str:
    decision, proposal = state["decision"], state.get("proposal")
    if not decision.without_test or proposal is None:
        return ""
    answered = "was refused"
    if proposal.preview is None:
        answered = "could not be asked for"
    elif proposal.preview.accepted:
        answered = "was accepted"
    would = f"{call_line(proposal.call)} {without_test(decision)}"
    return f"Nothing was done: {would}. Its dry run {answered}."


def without_test(decision: Decision) -> str:
    """What would have become of a test's action in a real incident, for people."""
    words = {"act": "would be done without asking", "ask": "would wait for a person's approval"}
    return words.get(decision.without_test, "would not be done")


def _earlier(similar: Sequence[Similar]) -> list[str]:
    return [_past(each) for each in similar]


def _past(similar: Similar) -> str:
    done = f"{similar.action or 'no action'}, {similar.verdict or 'no verdict'}"
    told = [done] if similar.action or similar.verdict or not similar.note else []
    found = f" [{similar.matched}]" if similar.matched else ""
    return f"incident {similar.incident_id}: {'; '.join([*told, *filter(None, [similar.note])])}{found}"


def _missing(state: IncidentState) -> list[str]:
    evidence, gap = state.get("evidence"), state.get("memory_gap")
    missing = [f"{item.kind}: {item.summary}" for item in evidence.missing()] if evidence else []
    return [*missing, f"memory: {gap}"] if gap else missing


def _excerpts(evidence: Evidence | None, cited: tuple[str, ...]) -> list[EvidenceItem]:
    """What the container that failed has said, which a person would read first, and what the finding cites."""
    if evidence is None:
        return []
    said = [item for item in logs(evidence) if item.excerpt][:1]
    cited_too = [item for item in evidence.items if item.id in cited and item.excerpt and item not in said]
    return [*said, *cited_too][:MOST_SHOWN]
