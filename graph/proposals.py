"""A proposal made concrete: previewed by dry run, bound by a digest, keyed so that it is done once."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from graph import planned_steps, writes
from graph.services import Services
from graph.state import IncidentState, Proposal
from graph.together import together
from graph.urgency import without_orders
from tools.actions import REGISTRY, parse_call
from tools.approvals import Approval
from tools.ledger import LedgerEntry
from tools.records import Preview


def preview(services: Services, proposal: Proposal) -> Proposal:
    """Ask the API server by dry run, take the snapshot, and bind all of it. Raises ToolError."""
    action, args = parse_call(proposal.call, services.policy.enabled_actions)
    previewed = {"preview": _with_steps(services, proposal, action.preview(services.cluster, args))}
    shown = snapshot(services, proposal).model_copy(update=previewed)
    return shown.model_copy(update={"digest": digest(shown)})


def _with_steps(services: Services, proposal: Proposal, shown: Preview) -> Preview:
    """What follows is previewed as well, each by its own dry run: one that the server refuses refuses the whole."""
    for call in proposal.then:
        action, args = parse_call(call, services.policy.enabled_actions)
        step = action.preview(services.cluster, args)
        update: dict[str, Any] = {"diff": f"{shown.diff}\n# {planned_steps.words(call)}\n{step.diff}".strip()}
        if not step.accepted:
            refused = f"its second step on {call.args['name']}: {step.dry_run}"
            update = {"accepted": False, "dry_run": refused}
        elif step.untried:
            told = f"not known of its second step on {call.args['name']}: {step.untried}"
            update |= {"untried": step.untried, "dry_run": told}
        shown = shown.model_copy(update=update)
    return shown


def is_untried(proposal: Proposal) -> bool:
    """What was shown said that the API server cannot try it."""
    return proposal.preview is not None and bool(proposal.preview.untried)


def snapshot(services: Services, proposal: Proposal) -> Proposal:
    """The proposal with the workload as it is now: what later looks are compared with."""
    action, args = parse_call(proposal.call, services.policy.enabled_actions)
    now = services.clock.now()
    return proposal.model_copy(update={"observed": action.observe(services.cluster, args, None, now)})


def digest(proposal: Proposal) -> str:
    """sha256 over calls, target and preview: exactly what an approval shows."""
    fields = {"call", "target", "preview", "workload_digest", "problem"} | (
        {"then"} if proposal.then else set()
    )
    content = proposal.model_dump(mode="json", include=fields)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def ledger_key(incident_id: str, proposal: Proposal) -> str:
    """One write of one action on one object per run: a renewed proposal has a new digest but the same key.

    By run, not by episode: another run of the same episode that is allowed to do the same action must not
    find the receipt of the first one and do nothing. An undo on request has the key that an undo by itself has.
    """
    if proposal.undo_of:
        return writes.undo_key(proposal.undo_of)
    text = "\n".join((incident_id, proposal.call.name, proposal.target.uid))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def ledger_entry(services: Services, state: IncidentState, proposal: Proposal) -> LedgerEntry:
    """The claim, with the inverse computed from the live object before anything is written (R4.7)."""
    action, args = parse_call(proposal.call, services.policy.enabled_actions)
    return LedgerEntry(
        key=ledger_key(state["incident_id"], proposal),
        incident_id=state["incident_id"],
        episode_id=state["episode_id"],
        call=proposal.call,
        target=proposal.target,
        problem=proposal.problem,
        automatic=state["decision"].route == "act",
        inverse=action.undo(services.cluster, args) if action.undo else None,
        undo_of=proposal.undo_of,
        claimed_at=services.clock.now(),
    )


def approval(services: Services, state: IncidentState, proposal: Proposal, now: datetime) -> Approval:
    """The approval of exactly this proposal. Its id follows from incident, digest and count: asked once."""
    count = state.get("proposals", 0)
    seed = f"{state['incident_id']}\n{proposal.digest}\n{count}"
    return Approval(
        id=hashlib.sha256(seed.encode()).hexdigest()[:20],
        incident_id=state["incident_id"],
        digest=proposal.digest,
        proposal=proposal.model_dump(mode="json"),
        shown=_shown(services, state),
        created_at=now,
        expires_at=now + timedelta(seconds=services.policy.approval_ttl_seconds),
    )


def _shown(services: Services, state: IncidentState) -> dict[str, Any]:
    incident = services.incidents.get(state["incident_id"])
    evidence = state["evidence"]
    finding = without_orders(state["finding"])
    cited = set(finding.evidence)
    similar = together(services, state, services.clock.now()).before(state.get("similar", []))
    place = f" in {incident.namespace}" if incident.namespace else ""
    return {
        "incident": [
            f"{incident.alert_name}{place}, since {incident.began_at:%Y-%m-%d %H:%M:%S} UTC",
            finding.summary,
            f"Confidence {state['decision'].confidence:.2f}",
        ],
        "finding": finding.model_dump(mode="json"),
        "decision": state["decision"].model_dump(mode="json"),
        "evidence": [i.model_dump(mode="json") for i in evidence.items if i.id in cited],
        "missing": [i.model_dump(mode="json") for i in evidence.missing()] + _memory_gap(state),
        "similar": [s.model_dump(mode="json") for s in similar],
        "summary": REGISTRY[state["decision"].action.name].summary if state["decision"].action else "",
    }


def _memory_gap(state: IncidentState) -> list[dict[str, str]]:
    gap = state.get("memory_gap")
    return [{"kind": "memory", "status": "failed", "summary": gap}] if gap else []
