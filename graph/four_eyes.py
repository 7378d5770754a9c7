"""Four eyes: what two different people have to approve, by the policy file. Pure, in the form of the policy's rules."""

from __future__ import annotations

from graph.policy_facts import Answer, PolicyFacts, PolicySettings, names_of
from tools.actions import REGISTRY


def four_eyes(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """What two people have to approve is never done without any (product.md section 4)."""
    if names_of(facts.action, facts.family) & set(settings.four_eyes):
        return ("ask", f"two people have to approve {facts.action}")
    return None


def needs_two(action: str, settings: PolicySettings) -> bool:
    """Whether two people have to approve this action; one that is not known needs them where anything does."""
    known = REGISTRY.get(action)
    if known is None:
        return bool(settings.four_eyes)
    return bool(names_of(known.name, known.family) & set(settings.four_eyes))


PEOPLE = (four_eyes,)
