"""Rules about holding still: whoever wants to write by itself asks a person instead. Pure."""

from __future__ import annotations

from graph.policy_facts import Answer, PolicyFacts, PolicySettings

GLOBAL_HOLD = "global_hold"


def kill_switch_unread(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A switch that cannot be read may have been thrown: nothing by itself."""
    if facts.pause_unread:
        return ("ask", f"whether actions are paused could not be read: {facts.pause_unread}")
    return None


def global_hold(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Too much is ill, or the agent cannot see well: a person may act in spite of it, with a reason."""
    if facts.holds:
        return ("ask", f"a global hold: {'; '.join(facts.holds)}")
    if facts.hold_unread:
        return ("ask", f"whether to hold could not be told: {facts.hold_unread}")
    return None


def silenced(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A person asked for quiet, or the alert is part of a greater one: nothing by itself (kubernetes.md R1.16)."""
    if facts.quiet:
        return ("ask", facts.quiet)
    if facts.quiet_unread:
        return ("ask", f"whether its alerts are silenced could not be told: {facts.quiet_unread}")
    return None


HOLD_RULES = (kill_switch_unread, global_hold, silenced)
