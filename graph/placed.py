"""Commands with names that a playbook does not know: a proof is made from facts, which do not say whose they are."""

from __future__ import annotations

from graph.state import Finding
from tools.records import Target

NAMESPACE, WORKLOAD = "<namespace>", "<workload>"
"""What a playbook writes in a command for the target's namespace, and for the target as kubectl names it."""


def placed(finding: Finding, target: Target | None) -> Finding:
    """The finding with the names of the target in its next step; what is not known stays a place to fill in."""
    if target is None:
        return finding
    step = finding.next_step.replace(WORKLOAD, f"{target.kind.lower()}/{target.name}")
    step = step.replace(NAMESPACE, target.namespace) if target.namespace else step
    return finding.model_copy(update={"next_step": step})
