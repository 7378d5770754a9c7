"""Fewer pods are healthy than a PodDisruptionBudget wants: none of them may go, and a drain of their nodes waits.

Proof, where it may be read: the budget's own status, and the pods that it covers. It forbids every action that takes a
pod away, and asks for none: what makes the pods ill is the incident. Counter-proof: a budget that is met now, or that
covers no pod at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.state import Finding
from tools.records import Alert, BudgetFacts, Evidence

NAMES = re.compile(r"Kube(?:rnetes)?P(?:db|DB|odDisruptionBudget)\w*|PodDisruptionBudget\w*")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of others, or by the label of the object."""
    return bool(NAMES.fullmatch(alert.name)) or bool(alert.labels.get("poddisruptionbudget"))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    told = label(alerts, "poddisruptionbudget")
    budget = next((each for each in evidence.budgets if each.name == told), None)
    pods = evidence.around or evidence.pods
    ill = [pod.name for pod in pods if not pod.ready]
    return Finding(
        problem="budget_not_met",
        summary=_summary(budget, told, alerts, len(pods)),
        directness=1.0 if budget else 0.6,
        evidence=tuple(evidence.cite("budgets") + evidence.cite("around") + evidence.cite("pods")),
        facts=(
            *([f"not ready: {', '.join(ill[:5])}"] if ill else []),
            "no pod that it covers is evicted meanwhile, and a drain of its node waits",
        ),
        ruled_out=_ruled_out(budget),
        next_step=(
            f"kubectl -n {named(alerts, 'namespace')} describe pdb {named(alerts, 'poddisruptionbudget')}; then why "
            "its pods are not ready. Do not delete it to let a drain go on."
        ),
    )


def _summary(budget: BudgetFacts | None, told: str, alerts: Sequence[Alert], pods: int) -> str:
    if budget is None:
        return f"{fire(alerts)}: fewer pods are healthy than budget {told or 'that it does not name'} wants."
    counts = f"{budget.healthy} healthy of {budget.needed} needed"
    if budget.needed and not pods:
        return f"PodDisruptionBudget {budget.name} covers no pod ({counts}): its selector fits none, or they are gone."
    state = "is met now" if budget.healthy >= budget.needed else "is not met"
    return f"PodDisruptionBudget {budget.name} {state}: {counts}."


def _ruled_out(budget: BudgetFacts | None) -> tuple[str, ...]:
    if budget is None or budget.healthy < budget.needed:
        return ()
    return ("too few healthy pods: the budget is met now",)


PLAYBOOK = Playbook(problem="budget_not_met", rank=97, tells=tells, explains=explains, looks=("budget",))
