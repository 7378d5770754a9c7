"""The rule of earned autonomy. Pure, in the form of those in `graph.policy`, and among them."""

from __future__ import annotations

from graph.policy_facts import REQUESTED, Answer, AutonomyCeiling, PolicyFacts, PolicySettings
from tools.records import LEVELS, Level


def autonomy_level(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """How far this action may go for this problem class, set by people or taken back by outcomes; it only narrows."""
    if facts.problem == REQUESTED or facts.undo_requested:
        return None
    ceiling = ceiling_of(settings.autonomy, facts.action, facts.problem)
    level = min(facts.autonomy, ceiling, key=LEVELS.index)
    if level == "auto":
        return None
    why = f" ({facts.autonomy_reason})" if facts.autonomy == level and facts.autonomy_reason else ""
    words = f"{facts.action} for {facts.problem} may go as far as {level}{why}"
    return ("refuse" if level == "shadow" else "ask", words)


def ceiling_of(ceilings: tuple[AutonomyCeiling, ...], action: str, problem: str) -> Level:
    """The narrowest that POLICY_FILE names for it; `auto` where it names none."""
    fitting = [c.level for c in ceilings if c.action in ("", action) and c.problem in ("", problem)]
    return min(fitting, key=LEVELS.index, default=LEVELS[-1])


AUTONOMY = (autonomy_level,)
