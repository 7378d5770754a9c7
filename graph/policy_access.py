"""May the account do what is proposed? Asked of the API server before a person is, so that nobody approves in vain."""

from __future__ import annotations

from graph.policy_facts import Answer, PolicyFacts, PolicySettings

WHOM = "whoever administers the cluster can give it: `sre-agent rbac` prints what is needed"
_COMMANDS = 2
"""Named at most: a drain may need one for each namespace of the node's pods."""


def no_access(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """What the account may not do is not proposed: it says what is missing and whom to ask (kubernetes.md 4.2)."""
    if facts.no_access:
        return ("refuse", f"the agent's account may not {', '.join(facts.no_access)}; {WHOM}{_how(facts)}")
    if facts.access_unread:
        return ("ask", f"whether the agent's account may do it could not be told: {facts.access_unread}")
    return None


def _how(facts: PolicyFacts) -> str:
    """The commands that opt in what is missing."""
    more = len(facts.opt_in) - _COMMANDS
    commands = " and ".join(f"`{command}`" for command in facts.opt_in[:_COMMANDS])
    return (f", and {commands} opts it in" if commands else "") + (f" (and {more} more)" if more > 0 else "")


ACCESS_RULES = (no_access,)
