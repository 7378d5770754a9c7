"""What a person asked for, as a finding and its one candidate: the same path as what evidence proposes.

A request proves nothing. It takes the place of the finding, names who asked and why, and stands beside what the
evidence shows; the call is computed from the live object each time that it is looked at. Policy applies in full.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph import returns
from graph.diagnosis import diagnose as by_evidence
from graph.kept_logs import logs_are_kept
from graph.planned_steps import FAMILIES, planned
from graph.policy_facts import REQUESTED
from graph.services import Services
from graph.state import Finding, Proposal
from tools.actions import REGISTRY
from tools.errors import PermanentError, Refused
from tools.records import ActionCall, Alert, Evidence, Target
from tools.requested_actions import RequestedAction
from tools.requested_calls import call_for


def diagnose(
    services: Services,
    incident_id: str,
    evidence: Evidence,
    target: Target | None,
    alerts: Sequence[Alert] = (),
) -> tuple[Finding, list[Proposal]]:
    """What the incident was opened for by a person, else what the evidence proves.

    Raises TransientError when the object cannot be read now, StoreError.
    """
    proved, candidates = by_evidence(evidence, target, alerts)
    request = request_of(services, incident_id)
    if request is None or target is None:
        return proved, candidates
    try:
        proposal = _proposal(services, request, evidence, target)
    except PermanentError as error:
        return _finding(request, proved, why_not=str(error)), []
    return _finding(request, proved), [proposal]


def request_of(services: Services, incident_id: str) -> RequestedAction | None:
    """What the person who opened the incident asked for, if one did."""
    return services.requests.of(incident_id) if services.requests else None


def _finding(request: RequestedAction, proved: Finding, why_not: str = "") -> Finding:
    because = f": {request.reason}" if request.reason else ""
    refusal = f" It cannot be proposed: {why_not}" if why_not else ""
    return Finding(
        problem=REQUESTED,
        summary=f"{request.name} was asked for by {request.actor}{because}.{refusal}",
        directness=0.0,
        evidence=proved.evidence,
        facts=(f"What the evidence shows by itself: {proved.problem}. {proved.summary}", *proved.facts[:4]),
        next_step="Ask for something else, or do it by hand." if why_not else "",
    )


def _proposal(services: Services, request: RequestedAction, evidence: Evidence, target: Target) -> Proposal:
    enabled, now = services.policy.enabled_actions, services.clock.now()
    call = call_for(services.cluster, request.name, request.args, target, now, enabled)
    _require_logs(call, evidence)
    proposal = Proposal(
        call=call,
        target=target,
        risk=REGISTRY[call.name].risk,
        problem=REQUESTED,
        reason=f"{request.actor} asked for it; nothing but that speaks for it.",
        workload_digest=evidence.workload.template_digest if evidence.workload else "",
    )
    if REGISTRY[call.name].family in FAMILIES:
        proposal = proposal.model_copy(update={"then": planned(evidence, target)})
    return _with_health(proposal, call, evidence) if REGISTRY[call.name].family == "rollback" else proposal


def _require_logs(call: ActionCall, evidence: Evidence) -> None:
    """A Job goes with its logs: never before they are kept, whoever asks."""
    if REGISTRY[call.name].family == "job" and not logs_are_kept(evidence, str(call.args["uid"])):
        raise Refused(
            "what its pods printed is not kept: ask for it by the Job itself (kind Job), or try again later"
        )


def _with_health(proposal: Proposal, call: ActionCall, evidence: Evidence) -> Proposal:
    """Also for a person: never to a revision that was ill or that nobody knows to have lived (R4.12)."""
    back = returns.health_of(str(call.args["to_digest"]), evidence)
    if back is None:
        raise Refused(
            f"revision {call.args['to_revision']} was seen ill, was replaced within ten minutes, or is not older"
        )
    return proposal.model_copy(
        update={"health_proof": back.health, "reason": f"{proposal.reason} {back.why}"}
    )
