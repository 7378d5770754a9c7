"""Rules about what a kind of workload does with a change of its template or its number. Pure.

They have the form of the rules in `graph.policy` and are among them (kubernetes.md 4.4, 4.6).
"""

from __future__ import annotations

from graph.planned_steps import MOST_STEPS
from graph.policy_facts import Answer, PolicyFacts, PolicySettings


def rollback_without_effect(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """With OnDelete a template that is put back reaches no pod until each is deleted."""
    if facts.family == "rollback" and facts.rollout.strategy == "OnDelete":
        return (
            "refuse",
            "updateStrategy OnDelete: the template that is put back would reach none of its pods",
        )
    return None


def second_steps(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """More than one write is for a person to see before the first; many are no matter of a step or two."""
    if facts.steps > MOST_STEPS:
        return ("refuse", f"{facts.steps} pods hold it up, each of which would have to be evicted")
    return ("ask", f"{facts.steps} pods that hold it up would be evicted as well") if facts.steps else None


def scaled_by_kind(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A StatefulSet's new pods make claims that stay, and there is no way back down."""
    if facts.family != "scale" or facts.target.kind == "Deployment":
        return None
    if facts.target.kind == "StatefulSet":
        return ("ask", "a StatefulSet is scaled by a person only: its new pods and their claims stay")
    return ("refuse", f"a {facts.target.kind} cannot be scaled")


KIND_RULES = (rollback_without_effect, second_steps, scaled_by_kind)
