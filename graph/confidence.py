"""Confidence, computed and never taken: the parts, each shown, and their sum.

Weights: how directly the finding is proved 0.7, how complete the evidence is 0.2, how the target was found 0.1.
What this action did before adds at most 0.05 and takes at most 0.4; praise alone never crosses the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence

from graph.state import Finding
from tools.records import Evidence, Similar, Target

PROOF, COMPLETENESS, TARGET = 0.7, 0.2, 0.1
HELPED, FAILED = 0.05, -0.4


def parts(
    finding: Finding, evidence: Evidence, target: Target | None, action: str, similar: Sequence[Similar]
) -> dict[str, float]:
    """The weighted parts, rounded, by name."""
    return {
        "proof": round(PROOF * finding.directness, 3),
        "completeness": round(COMPLETENESS * completeness(evidence), 3),
        "target": round(TARGET * _sureness(target), 3),
        "history": round(history(action, finding.problem, similar), 3),
    }


def total(by_name: dict[str, float], threshold: float) -> float:
    """The sum within 0..1; good history may not lift it across the threshold by itself."""
    base = by_name["proof"] + by_name["completeness"] + by_name["target"]
    with_history = base + by_name["history"]
    if base < threshold <= with_history:
        with_history = base
    return round(min(1.0, max(0.0, with_history)), 3)


def completeness(evidence: Evidence) -> float:
    """Share of the planned reads that were answered; no data is an answer."""
    if not evidence.items:
        return 0.0
    return 1 - len(evidence.missing()) / len(evidence.items)


def history(action: str, problem: str, similar: Sequence[Similar]) -> float:
    """What our own verdicts say of this action for this workload and class."""
    verdicts = [s.verdict for s in similar if s.same_workload and s.action == action and s.problem == problem]
    if any(verdict in ("NOT_RECOVERED", "REGRESSED") for verdict in verdicts):
        return FAILED
    return HELPED if "RECOVERED" in verdicts else 0.0


def _sureness(target: Target | None) -> float:
    if target is None:
        return 0.0
    return 0.5 if target.resolved_by == "name_pattern" else 1.0
