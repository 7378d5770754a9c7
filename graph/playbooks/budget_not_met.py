"""Fewer pods are healthy than a PodDisruptionBudget wants: none of them may go, and a drain of their nodes waits.

Proof, where it may be read: the budget's own status, and the pods that it covers. It forbids every action that takes a
pod away, and asks for none: what makes the pods ill is the incident. Counter-proof: a budget that is met now, or that
covers no pod at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from graph import counted
from graph.ages import since
from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.pod_states import look, unready
from graph.state import Finding, HowSoon
from tools.records import Alert, BudgetFacts, Evidence, PodFacts

NAMES = re.compile(r"Kube(?:rnetes)?P(?:db|DB|odDisruptionBudget)\w*|PodDisruptionBudget\w*")
MOST = 4
LATELY = timedelta(days=1)


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of others, or by the label of the object."""
    return bool(NAMES.fullmatch(alert.name)) or bool(alert.labels.get("poddisruptionbudget"))


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    told = label(alerts, "poddisruptionbudget")
    budget = next((each for each in evidence.budgets if each.name == told), None)
    pods = evidence.around or evidence.pods
    met = budget is not None and budget.healthy >= budget.needed
    return Finding(
        problem="budget_not_met",
        summary=_summary(budget, told, alerts, pods),
        directness=1.0 if budget else 0.6,
        evidence=tuple(evidence.cite("budgets") + evidence.cite("around") + evidence.cite("pods")),
        facts=_lately(pods, evidence) if met else _ill(budget, pods, evidence),
        ruled_out=("too few healthy pods now: the budget is met",) if met else (),
        next_step=_next_step(budget, pods, alerts),
        how_soon=_how_soon(budget, pods),
    )


def _summary(budget: BudgetFacts | None, told: str, alerts: Sequence[Alert], pods: Sequence[PodFacts]) -> str:
    if budget is None:
        return f"{fire(alerts)}: fewer pods are healthy than budget {told or 'that it does not name'} wants."
    title, counts = (
        f"PodDisruptionBudget {budget.name}",
        f"{budget.healthy} healthy of {budget.needed} needed",
    )
    if budget.healthy >= budget.needed:
        allowed = counted.times(budget.allowed, "disruption")
        return (
            f"Nothing to do now: {title} is met now: {counts}, {allowed} allowed; the alert should resolve."
        )
    if not pods:
        return f"{title} covers no pod ({counts}): its selector fits none, or they are gone."
    ill = sum(not pod.ready for pod in pods)
    return f"{title} is not met: {counts}; {ill} of the {len(pods)} pods that it covers are not ready."


def _ill(budget: BudgetFacts | None, pods: Sequence[PodFacts], evidence: Evidence) -> tuple[str, ...]:
    lines = [unready(pod, evidence.collected_at) for pod in pods if not pod.ready]
    more = [f"{len(lines) - MOST} more are not ready"] if len(lines) > MOST else []
    if budget is None or not pods:
        return (*lines[:MOST], *more)
    return (*lines[:MOST], *more, "until it is met, a drain of a node with one of its pods waits")


def _lately(pods: Sequence[PodFacts], evidence: Evidence) -> tuple[str, ...]:
    """Which of them became ready last: by then it was not met, if that was what lacked."""
    changed = sorted(
        (
            (pod.ready_changed_at, pod.name)
            for pod in pods
            if pod.ready and pod.ready_changed_at and evidence.collected_at - pod.ready_changed_at <= LATELY
        ),
        reverse=True,
    )
    return tuple(
        f"{name} has been ready since {since(at, evidence.collected_at)}" for at, name in changed[:2]
    )


def _next_step(budget: BudgetFacts | None, pods: Sequence[PodFacts], alerts: Sequence[Alert]) -> str:
    space, name = named(alerts, "namespace"), named(alerts, "poddisruptionbudget")
    described = f"kubectl -n {space} describe pdb {name}"
    ill = next((pod for pod in pods if not pod.ready), None)
    if budget is not None and budget.healthy >= budget.needed:
        return (
            f"In the morning: {described} and kubectl -n {space} get events --field-selector type=Warning "
            "tell why it was "
            "not met before. If the alert comes again, it is met only at times."
        )
    if ill is not None:
        return (
            f"{look(ill, space)}: mend what keeps it from being ready. Do not delete the budget to let a "
            "drain go on: that "
            "takes the pods that still serve."
        )
    if budget is not None and not pods:
        return (
            f"{described} shows its selector; kubectl -n {space} get pods --show-labels which labels there "
            "are. If what it "
            f"covered is gone for good: kubectl -n {space} delete pdb {name}"
        )
    return f"{described} shows how many are healthy and which pods it covers; then describe one that is not ready."


def _how_soon(budget: BudgetFacts | None, pods: Sequence[PodFacts]) -> HowSoon:
    if budget is None:
        return ""
    if budget.healthy >= budget.needed or not pods:
        return "later"
    return "now" if budget.healthy <= 0 else "soon"


PLAYBOOK = Playbook(problem="budget_not_met", rank=97, tells=tells, explains=explains, looks=("budget",))
