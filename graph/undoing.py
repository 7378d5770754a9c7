"""What a person asked to have taken back: the recorded inverse as a proposal, while the object is as we left it.

The inverse was computed before the write, from the live object (R4.7). "Someone else changed it" stops it: the stamp,
the template and the action's own mark must still be ours, and the inverse's own preconditions hold beside that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from graph import counsel, messages, writes
from graph.requested import request_of
from graph.services import Services
from graph.state import Finding, IncidentState, Proposal
from tools.actions import REGISTRY, parse_call
from tools.errors import Refused, TransientError
from tools.incident_record import ENDED
from tools.ledger import LedgerEntry
from tools.records import Evidence, Record

PROBLEM = messages.UNDO_PROBLEM
DONE = frozenset({"done", "found_done"})


class Offer(Record):
    """Whether what an incident did can be taken back on request, and if not, why."""

    entry: LedgerEntry | None = None
    """The write that would be taken back."""
    kind: Literal["", "running", "nothing-done", "no-inverse", "undone"] = ""
    """Empty: it can be asked for."""
    reason: str = ""


def offer(services: Services, incident_id: str) -> Offer:
    """By the record alone; the cluster is not asked. Raises NotFound, StoreError."""
    incident = services.incidents.get(incident_id)
    if incident.status not in ENDED:
        return Offer(kind="running", reason="its run goes on; what it does may still be undone by itself")
    sent = [e for e in services.ledger.for_incident(incident_id) if _was_done(e) and _stands_alone(e)]
    if not sent:
        return Offer(kind="nothing-done", reason="it wrote nothing that could be taken back")
    entry = sent[-1]
    undone = services.ledger.get(writes.undo_key(entry.key))
    if undone and _was_done(undone):
        words = f"{entry.call.name} was taken back at {undone.claimed_at:%Y-%m-%d %H:%M:%S} UTC"
        return Offer(entry=entry, kind="undone", reason=f"{words}, by incident {undone.incident_id}")
    if entry.inverse is None:
        return Offer(entry=entry, kind="no-inverse", reason=_no_inverse(entry))
    return Offer(entry=entry)


def changed_since(services: Services, entry: LedgerEntry) -> str:
    """What somebody else has done to the object since the write; empty while it is as we left it.

    Raises TransientError when it cannot be read, since then nobody knows.
    """
    receipt = entry.receipt
    assert receipt is not None
    action, args = parse_call(entry.call, services.policy.enabled_actions)
    look = action.observe(services.cluster, args, receipt, services.clock.now())
    if look.error:
        raise TransientError(f"cannot tell whether it is as {entry.call.name} left it: {look.error}")
    if look.uid != receipt.target.uid:
        return f"{messages.target_line(receipt.target)} was deleted or replaced"
    if receipt.template_digest and look.template_digest != receipt.template_digest:
        return "the pod template is not the one that was written"
    ours = look.stamp == entry.key if look.done is None else look.done
    return "" if ours else "another write was made on it since"


def asked_by_person(services: Services, incident_id: str) -> bool:
    """An action was asked for, or an undo: whatever may guard it has to be read, since no evidence proposes it."""
    return request_of(services, incident_id) is not None or bool(services.incidents.get(incident_id).undo_of)


def asked_for(services: Services, incident_id: str) -> LedgerEntry | None:
    """The write that this run is to take back; None for every other run. Raises Refused where it is not on record."""
    incident = services.incidents.get(incident_id)
    if not incident.undo_of:
        return None
    entry = services.ledger.get(incident.undo_of)
    if entry is None or entry.inverse is None or not _was_done(entry):
        raise Refused(f"the write {incident.undo_of} is not on record, or has no inverse")
    return entry


def decide(services: Services, state: IncidentState, entry: LedgerEntry) -> dict[str, Any]:
    """As the decide node does it, of this one candidate; no model is asked. Raises ToolError."""
    evidence, target = state["evidence"], state.get("target")
    finding, candidates = prove(services, entry, evidence)
    case = counsel.Case(
        incident_id=state["incident_id"],
        finding=finding,
        candidates=tuple(candidates),
        evidence=evidence,
        target=target,
    )
    decision, proposal = counsel.decide_among(services, case, consult=False)
    return {"finding": finding, "decision": decision, "proposal": proposal}


def prove(services: Services, entry: LedgerEntry, evidence: Evidence) -> tuple[Finding, Sequence[Proposal]]:
    """That it was done, and is as it was left; the inverse, as the only candidate. Raises TransientError."""
    changed = changed_since(services, entry)
    done = f"{messages.call_line(entry.call)} of incident {entry.incident_id}"
    outcome = entry.verdict or "no verdict"
    facts = (f"{done}, at {entry.claimed_at:%Y-%m-%d %H:%M:%S} UTC: {outcome}",)
    finding = Finding(
        problem=PROBLEM,
        summary=f"A person asks to take back {done} ({outcome}).",
        directness=1.0,
        evidence=evidence.cite("workload"),
        facts=facts,
    )
    if changed:
        why = f"{changed[0].upper()}{changed[1:]}."
        words = {
            "summary": f"{done} cannot be taken back: someone else changed it since. {why}",
            "next_step": "Look at what was changed since, and by whom, before you take anything back by hand.",
        }
        return finding.model_copy(update=words), ()
    return finding, (_proposal(entry, evidence, done),)


def tell_original(services: Services, incident_id: str, outcome: str) -> None:
    """Say on the timeline of the incident whose write it was what became of an undo on request."""
    undone = services.incidents.get(incident_id).undo_of
    entry = services.ledger.get(undone) if undone else None
    if entry:
        words = f"incident {incident_id}, which was to take {entry.call.name} back, ended: {outcome}"
        services.incidents.note(entry.incident_id, "undo", words)


def _proposal(entry: LedgerEntry, evidence: Evidence, done: str) -> Proposal:
    assert entry.inverse is not None
    assert entry.receipt is not None
    workload = evidence.workload
    return Proposal(
        call=entry.inverse,
        target=entry.receipt.target,
        risk=REGISTRY[entry.inverse.name].risk,
        problem=PROBLEM,
        reason=f"It restores what was there before {done}, which was answering {entry.problem.replace('_', ' ')}.",
        workload_digest=workload.template_digest if workload else "",
        health_proof="not_proved" if REGISTRY[entry.inverse.name].family == "rollback" else "",
        undo_of=entry.key,
    )


def _stands_alone(entry: LedgerEntry) -> bool:
    """Neither an undo nor a step: an action of many writes is taken back by the inverse of its first one."""
    return not entry.undo_of and entry.verdict != writes.STEP_SENT


def _was_done(entry: LedgerEntry) -> bool:
    return entry.receipt is not None and entry.receipt.outcome in DONE


def _no_inverse(entry: LedgerEntry) -> str:
    action = REGISTRY.get(entry.call.name)
    if action and action.no_undo:
        return action.no_undo
    return f"no inverse of {entry.call.name} was found before it was written"
