"""What costs a request to other systems, and is therefore asked only right before a write that nobody approved."""

from __future__ import annotations

from graph import policy
from graph.holding import note_nodes, standing
from graph.policy import PolicyFacts
from graph.services import Services


def last_look(services: Services, facts: PolicyFacts) -> PolicyFacts:
    """The facts with what the surroundings say now, where nothing else stands in the way of an automatic write.

    Raises ToolError for what does not answer: then nothing is written yet.
    """
    if services.holds is None or policy.route(policy.evaluate(facts, services.policy)) != "act":
        return facts
    unread = note_nodes(services, facts.now)
    held = tuple(map(str, standing(services, facts.now)))
    return facts.model_copy(update={"holds": held, "hold_unread": unread and f"the nodes: {unread}"})
