"""What chat may read of the agent's own record: incidents, decisions with their reasons, writes, approvals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tools.answer_words import SHOWN, capped, count, limited
from tools.approvals import Approval
from tools.incidents import Incident
from tools.ledger import LedgerEntry
from tools.listing import IncidentFilter
from tools.record_reader import RecordReader
from tools.records import ActionCall, Record
from tools.seen_pods import ago
from tools.subjects import Subject

MOST = 200
"""Incidents looked through for one answer."""
SCREEN = 10
_HIDDEN = re.compile(r"^(?:namespace|name)$|uid$|digest$|replicaset$")
"""Arguments that only the record needs."""
_DONE = {
    "restart": "restarted",
    "rollback": "rolled back",
    "scale": "scaled",
    "delete": "deleted",
    "cordon": "cordoned",
}


class Told(Record):
    """An answer and the incidents that it speaks of."""

    text: str
    incidents: tuple[str, ...] = ()


def incidents(
    record: RecordReader,
    subjects: Sequence[Subject],
    now: datetime,
    *,
    since: datetime | None = None,
    still_open: bool = False,
    outcomes: Sequence[str] = (),
    most: int = SCREEN,
) -> Told:
    """The newest incidents about these subjects, of these statuses if any are given: when, what, how it stands.

    One is open while its run goes on, and after that while its alerts fire.
    """
    found = [i for i in _about(record, subjects, since, still_open) if not outcomes or i.status in outcomes]
    place = f" about {' and '.join(map(str, subjects))}" if subjects else ""
    window = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
    kind = f"{'open ' if still_open else ''}{' or '.join(outcomes)}{' ' if outcomes else ''}incident"
    if not found:
        return Told(text=f"No {kind}s{place}{window}.")
    shown = found[:most]
    states = ", ".join(
        f"{number} {word.replace('_', ' ')}" for word, number in Counter(i.status for i in found).items()
    )
    told = f"{MOST} or more {kind}s" if len(found) >= MOST else count(len(found), kind)
    lines = [f"{told}{place}{window} ({states}), newest first:", *(line(incident, now) for incident in shown)]
    if still_open and any(incident.ended_at for incident in shown):
        lines.append("Where the agent has finished, the alerts still fire.")
    lines += (
        [f"[... {len(found) - len(shown)} older ones, see /incidents]"] if len(found) > len(shown) else []
    )
    return Told(text=capped("\n".join(lines)), incidents=tuple(incident.id for incident in shown))


def explain(record: RecordReader, incident: Incident, now: datetime) -> Told:
    """One incident: what it was, what was decided and why, who agreed, what was done, whether it helped."""
    decision = record.decision(incident.id) or {}
    target = incident.target
    what = (
        f"{target.kind} {target.namespace}/{target.name}"
        if target
        else incident.namespace or "an unknown target"
    )
    lines = [
        f"Incident {incident.id}: {incident.alert_name} on {what}, "
        f"{ago((now - incident.began_at).total_seconds())} ({incident.began_at:%Y-%m-%d %H:%M:%S} UTC); "
        f"{incident.status.replace('_', ' ')}."
    ]
    problem = incident.problem.replace("_", " ")
    lines += (
        [f"What it was: {incident.summary}{f' ({problem})' if problem else ''}"] if incident.summary else []
    )
    lines += _decision_lines(decision)
    lines += [_approval_words(approval) for approval in record.approvals(incident.id)]
    lines += [_receipt_words(entry) for entry in record.receipts(incident.id)]
    lines += [] if incident.action_taken else ["Nothing was written to the cluster."]
    lines += [
        f"{mark.actor} marked it {mark.mark}. {mark.note}".rstrip() for mark in record.marks(incident.id)
    ]
    lines += [f"It joined incident {incident.merged_into}."] if incident.merged_into else []
    return Told(text=capped("\n".join(lines)), incidents=(incident.id,))


def why_acted(record: RecordReader, subjects: Sequence[Subject], now: datetime, *, action: str = "") -> Told:
    """The newest incident about these subjects in which the agent acted so, explained."""
    found = _about(record, subjects, None, still_open=False)
    acted = [incident for incident in found if incident.action_taken and _same_action(incident, action)]
    place = f" {' and '.join(map(str, subjects))}" if subjects else " anything"
    did = f"The agent has not {_DONE.get(action.split('_')[0], 'changed')}"
    if acted:
        further = [incident.id for incident in acted[1:4]]
        told = explain(record, acted[0], now)
        more = f"\nThe same before: {', '.join(further)}." if further else ""
        return Told(text=f"{told.text}{more}", incidents=(*told.incidents, *further))
    if found:
        told = explain(record, found[0], now)
        text = f"{did}{place}. The newest incident about it:\n{told.text}"
        return Told(text=text, incidents=told.incidents)
    return Told(text=f"{did}{place}: its record has no incident about it.")


def acted(record: RecordReader, since: datetime, now: datetime, *, namespace: str = "") -> Told:
    """Every write since then."""
    entries = record.acted_since(since, namespace=namespace)
    place = f" in namespace {namespace}" if namespace else ""
    window = f"since {since:%Y-%m-%d %H:%M} UTC"
    if not entries:
        return Told(text=f"The agent has written nothing to the cluster{place} {window}.")
    lines = [
        f"- {ago((now - entry.claimed_at).total_seconds())}: {_receipt_words(entry)}" for entry in entries
    ]
    lead = f"{count(len(entries), 'write')}{place} {window}, newest first:"
    ids = dict.fromkeys(entry.incident_id for entry in entries)
    return Told(
        text=capped("\n".join([lead, *limited(lines, SHOWN, "writes")])), incidents=tuple(ids)[:SHOWN]
    )


def waiting(record: RecordReader) -> Told:
    """What a person has to decide."""
    pending = record.pending()
    if not pending:
        return Told(text="Nothing waits for a decision.")
    verb = "waits" if len(pending) == 1 else "wait"
    lines = [
        f"{count(len(pending), 'approval')} {verb} for a person, oldest first:",
        *map(_pending_line, pending),
    ]
    return Told(text=capped("\n".join(lines)), incidents=tuple(approval.incident_id for approval in pending))


def conduct(record: RecordReader, mode: str) -> Told:
    """What the agent may do now."""
    words = {
        "shadow": "decides and records, asks nobody and never acts",
        "approve": "asks a person before every action",
        "auto": "acts by itself where evidence and rules allow it, and asks for everything of high risk",
    }
    pause = record.pause_state()
    lines = [f"Mode {mode}: the agent {words.get(mode, 'acts as that mode says')}."]
    if pause.paused:
        reason = f": {pause.reason}" if pause.reason else ""
        lines.append(f"All actions are paused by {pause.actor or 'somebody'}{reason}.")
    else:
        lines.append("Actions are not paused.")
    lines.append("This chat reads and never acts.")
    return Told(text="\n".join(lines))


def line(incident: Incident, now: datetime) -> str:
    """One incident in a list."""
    target = incident.target
    what = (
        f"{target.namespace}/{target.name}"
        if target
        else "/".join(filter(None, (incident.namespace, incident.pod)))
    )
    told = incident.summary or incident.description or "nothing known yet"
    did = f"; did {incident.action_taken}" if incident.action_taken else ""
    verdict = f" ({incident.verdict})" if incident.verdict else ""
    age = ago((now - incident.began_at).total_seconds())
    status = incident.status.replace("_", " ")
    return f"- {incident.id}, {age}: {incident.alert_name} on {what}: {status}{verdict}{did}. {told}"


def call_words(call: ActionCall) -> str:
    """`rollback_deployment (to_revision=3)`: what a person can read of a call."""
    told = [
        f"{key}={value}" for key, value in call.args.items() if not _HIDDEN.search(key) and value is not None
    ]
    return f"{call.name} ({', '.join(told)})" if told else call.name


def _about(
    record: RecordReader, subjects: Sequence[Subject], since: datetime | None, still_open: bool
) -> list[Incident]:
    filters = [_filter(subject, since) for subject in subjects] or [IncidentFilter(since=since)]
    found = {i.id: i for wanted in filters for i in record.incidents(wanted, limit=MOST)}
    chosen = [incident for incident in found.values() if not incident.merged_into]
    ended = [incident.id for incident in chosen if incident.ended_at]
    if still_open and ended:
        firing = record.firing(ended)
        chosen = [incident for incident in chosen if not incident.ended_at or incident.id in firing]
    return sorted(chosen, key=lambda incident: (incident.began_at, incident.id), reverse=True)


def _filter(subject: Subject, since: datetime | None) -> IncidentFilter:
    if subject.kind == "Namespace":
        return IncidentFilter(namespace=subject.name, since=since)
    if subject.kind == "Pod":
        return IncidentFilter(namespace=subject.namespace, q=subject.name, since=since)
    return IncidentFilter(namespace=subject.namespace, workload=subject.name, since=since)


def _same_action(incident: Incident, action: str) -> bool:
    return not action or incident.action_taken.split("_")[0] == action.split("_")[0]


def _decision_lines(decision: dict[str, Any]) -> list[str]:
    if not decision:
        return ["Nothing has been decided yet."]
    call = decision.get("action") or {}
    action = call_words(ActionCall.model_validate(call)) if call else "no action"
    lines = [
        f"Decided: {decision.get('route', '')}, {action}, confidence {decision.get('confidence') or 0:.2f}, "
        f"by {decision.get('decider', 'playbook')}."
    ]
    lines += [f"- because {reason}" for reason in decision.get("reasons") or []]
    lines += [f"- held back by {rule}" for rule in decision.get("blocked_by") or []]
    cited = decision.get("evidence") or []
    return lines + ([f"- evidence: {', '.join(cited)}"] if cited else [])


def _approval_words(approval: Approval) -> str:
    if approval.state == "pending":
        return f"Approval {approval.id} waits until {approval.expires_at:%Y-%m-%d %H:%M:%S} UTC."
    at = f" at {approval.decided_at:%H:%M:%S} UTC" if approval.decided_at else ""
    reason = f": {approval.reason}" if approval.reason else ""
    return f"Approval {approval.id} was {approval.state} by {approval.actor or 'the agent'}{at}{reason}."


def _receipt_words(entry: LedgerEntry) -> str:
    where = f"{entry.target.namespace}/{entry.target.name}".strip("/")
    how = "undo of its own change" if entry.undo_of else "by itself" if entry.automatic else "after approval"
    outcome = entry.receipt.outcome.replace("_", " ") if entry.receipt else "not answered yet"
    verdict = f", {entry.verdict}" if entry.verdict else ""
    return f"{call_words(entry.call)} on {where}, {how}: {outcome}{verdict} (incident {entry.incident_id})."


def _pending_line(approval: Approval) -> str:
    call = ActionCall.model_validate(approval.proposal.get("call") or {"name": "unknown"})
    target = approval.proposal.get("target") or {}
    where = f"{target.get('namespace', '')}/{target.get('name', '')}".strip("/")
    why = approval.proposal.get("reason") or ""
    until = f"{approval.expires_at:%Y-%m-%d %H:%M:%S} UTC"
    place = f"/approve/{approval.id} (incident {approval.incident_id})"
    return f"- {call_words(call)} on {where}, until {until}: {why} Decide at {place}"
