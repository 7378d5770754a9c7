"""From what is known to a decision: confidence, policy and route for the candidates that code built.

`policy_facts` does the reading that rules need; everything else here is pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph import confidence, granting, policy
from graph.autonomy import level_of
from graph.guarding import guard_facts
from graph.holding import standing
from graph.permitted import access_of
from graph.policy import NAMESPACE, Attempt, Block, PolicyFacts
from graph.services import Services
from graph.state import Decision, Finding, Proposal
from graph.urgency import without_orders
from tools.actions import REGISTRY
from tools.errors import PermanentError, TransientError
from tools.ledger import LedgerEntry
from tools.namespaces import mode_label
from tools.records import Evidence, RolloutPlan, Similar, Target
from tools.synthetic import is_test

DISABLE = "sre-agent/disable"


def policy_facts(
    services: Services,
    incident_id: str,
    proposal: Proposal,
    evidence: Evidence,
    certainty: float,
    now: datetime,
) -> PolicyFacts:
    """Read what the rules need: ledger, pause, global hold and the namespace's mode label.

    A label that may not be read is missing evidence; one that cannot be read now raises TransientError while there
    is patience for it.
    """
    action = REGISTRY[proposal.call.name]
    workload = evidence.workload
    others = [e for e in services.ledger.in_flight() if e.incident_id != incident_id]
    hour, day = _automatic_writes(services, now)
    space = proposal.target.namespace
    label, unread = _mode_label(services, space)
    alerts = services.incidents.alerts(incident_id)
    earned = services.autonomy.of(action.name, proposal.problem) if services.autonomy else None
    return PolicyFacts(
        now=now,
        target=proposal.target,
        action=action.name,
        family=action.family,
        risk=proposal.risk,
        problem=proposal.problem,
        confidence=certainty,
        alert_names=tuple(sorted({alert.name for alert in alerts})),
        test=any(is_test(alert.labels) for alert in alerts),
        granted=granting.fitting(services, incident_id, proposal, now) is not None,
        edited=bool(proposal.edited),
        undo_requested=bool(proposal.undo_of),
        paused=services.controls.pause_state().paused,
        suspicious=evidence.suspicious,
        evidence_missing=tuple(sorted({item.kind for item in evidence.missing()} | unread)),
        namespace_mode=label,
        disabled=evidence.disabled or (workload is not None and workload.annotations.get(DISABLE) == "true"),
        workload_paused=workload is not None and workload.paused,
        strategy=workload.strategy if workload else "RollingUpdate",
        steps=len(proposal.then),
        desired=workload.desired if workload else 1,
        ready=workload.ready if workload else 0,
        rollout=workload.rollout if workload else RolloutPlan(),
        rolling_out=_rolling_out(evidence),
        health_proof=proposal.health_proof,
        attempts=_attempts(services, incident_id, proposal.target, now),
        automatic_writes_hour=len(hour),
        automatic_writes_day=len(day),
        autonomy=level_of(earned),
        autonomy_reason=earned.reason if earned else "",
        namespace_writes_hour=_in(space, hour),
        namespace_writes_day=_in(space, day),
        in_flight=tuple(e.target.uid for e in others),
        in_flight_namespaces=tuple(e.target.namespace for e in others),
        guards=guard_facts(services, incident_id, proposal, evidence, now),
        holds=tuple(map(str, standing(services, now))),
        **access_of(services, proposal, evidence),
    )


def decision(
    incident_id: str,
    finding: Finding,
    proposal: Proposal | None,
    target: Target | None,
    blocks: tuple[Block, ...],
    parts: dict[str, float],
    certainty: float,
) -> Decision:
    """The decision record. Without a proposal it explains; with one, policy says the route."""
    plain = without_orders(finding)
    reasons = (plain.summary, *plain.facts)
    if proposal:
        reasons = (*reasons, proposal.reason)
    return Decision(
        incident_id=incident_id,
        target=target.short() if target else None,
        problem=finding.problem,
        route=policy.route(blocks) if proposal else "notify",
        action=proposal.call if proposal else None,
        confidence=certainty,
        confidence_parts=parts,
        reasons=reasons,
        evidence=finding.evidence,
        blocked_by=tuple(str(block) for block in blocks),
        without_test=policy.without_test(blocks),
    )


def certainty_of(
    services: Services,
    finding: Finding,
    proposal: Proposal | None,
    evidence: Evidence,
    target: Target | None,
    similar: Sequence[Similar],
    opinion: float | None = None,
) -> tuple[dict[str, float], float]:
    """Confidence with its parts. `opinion`: a model's part, where one was heard."""
    action = proposal.call.name if proposal else ""
    by_name = confidence.parts(finding, evidence, target, action, similar)
    if opinion is not None:
        by_name[confidence.MODEL] = opinion
    return confidence.settled(
        by_name,
        services.policy.confidence_threshold,
        proposed=proposal is not None,
        judged=confidence.judged(action, finding.problem, similar),
    )


def _mode_label(services: Services, namespace: str) -> tuple[str, set[str]]:
    """The label, and the kind of evidence that is missing when it could not be read."""
    try:
        return mode_label(services.cluster, namespace), set()
    except PermanentError:
        return "", {NAMESPACE}
    except TransientError:
        if services.policy.read_patience_seconds > 0:
            raise
        return "", {NAMESPACE}


def _attempts(services: Services, incident_id: str, target: Target, now: datetime) -> tuple[Attempt, ...]:
    limits = services.policy
    since = now - timedelta(seconds=limits.attempt_window_seconds + limits.human_only_seconds)
    entries = services.ledger.since(since, target_uid=target.uid)
    return tuple(_attempt(entry) for entry in entries if _counts(entry, incident_id))


def _counts(entry: LedgerEntry, incident_id: str) -> bool:
    """A claim of this very run that was never answered is the attempt being made, not an earlier one."""
    return not (entry.incident_id == incident_id and entry.receipt is None)


def _attempt(entry: LedgerEntry) -> Attempt:
    return Attempt(
        action=entry.call.name,
        problem=entry.problem,
        at=entry.claimed_at,
        undo=bool(entry.undo_of),
        verdict=entry.verdict,
    )


def _automatic_writes(services: Services, now: datetime) -> tuple[list[LedgerEntry], list[LedgerEntry]]:
    """Those of the last hour and of the last day."""
    day = [e for e in services.ledger.since(now - timedelta(days=1)) if e.automatic and not e.undo_of]
    return [e for e in day if e.claimed_at >= now - timedelta(hours=1)], day


def _in(namespace: str, entries: list[LedgerEntry]) -> int:
    return sum(e.target.namespace == namespace for e in entries) if namespace else 0


def _rolling_out(evidence: Evidence) -> bool:
    workload = evidence.workload
    if workload is None or workload.progressing_reason == "ProgressDeadlineExceeded":
        return False
    moving = workload.updated < workload.desired or workload.replicas > workload.updated
    return moving or workload.observed_generation < workload.generation
