"""`sre-agent evaluate DIR --explain CASE`: everything that one case's decision was made from.

Looks at the run while its services are there: the evidence, what each playbook said of it, the candidates with their
confidence and what every policy rule said, what was done before, and the decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graph import counsel
from graph.explaining import explain
from graph.services import Services
from server.notebook.moment import case_on_record
from server.proof_attempts import Attempt, attempts
from server.report import Scored, case_report
from tools.errors import ToolError


class Explanations:
    """Looks at decided incidents, and keeps what there is to explain, as JSON."""

    def __init__(self) -> None:
        self.incidents: list[dict[str, Any]] = []

    def __call__(self, services: Services, incident_id: str, decision: dict[str, Any]) -> None:
        case = case_on_record(services, incident_id)
        target = case.target.short() if case.target else None
        self.incidents.append(
            {
                "alerts": [{"name": a.name, "status": a.status, "labels": a.labels} for a in case.alerts],
                "target": target,
                "evidence": [item.model_dump(mode="json") for item in case.evidence.items],
                "proofs": [_proof(attempt) for attempt in attempts(case.evidence)],
                "finding": case.finding.model_dump(mode="json"),
                "before": [past.model_dump(mode="json") for past in case.similar],
                "candidates": _candidates(services, case),
                "decision": decision,
            }
        )


def explanation(scored: Scored, incidents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All of one case, as JSON: its score, what was expected, what constant answers would have got, its incidents."""
    return {
        "case": case_report(scored),
        "expected": scored.expected.model_dump(mode="json") if scored.expected else None,
        "baselines": {name: got.outcome for name, got in scored.baselines},
        "incidents": list(incidents),
    }


def _proof(attempt: Attempt) -> dict[str, Any]:
    told: dict[str, Any] = {"problem": attempt.problem, "proved": attempt.finding is not None}
    if attempt.finding is not None:
        return {**told, "directness": attempt.finding.directness, "summary": attempt.finding.summary}
    return {**told, "stopped_at": attempt.stopped_at, "line": attempt.line, "because": attempt.because}


def _candidates(services: Services, case: counsel.Case) -> list[dict[str, Any]]:
    try:
        return [_candidate(services, weighed) for weighed in counsel.weigh(services, case)]
    except ToolError as error:
        return [{"unread": str(error)}]


def _candidate(services: Services, weighed: counsel.Weighed) -> dict[str, Any]:
    said = explain(weighed.facts, services.policy)
    return {
        "action": weighed.proposal.call.model_dump(mode="json"),
        "risk": weighed.proposal.risk,
        "reason": weighed.proposal.reason,
        "would": weighed.route,
        "confidence": weighed.confidence,
        "confidence_parts": weighed.parts,
        "spoke": [each.model_dump(mode="json") for each in said if each.effect],
        "silent": [each.rule for each in said if not each.effect],
    }
