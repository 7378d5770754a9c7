"""May the account do what is proposed? Asked of the API server before a person is, so that nobody approves in vain."""

from __future__ import annotations

from graph.policy_facts import Answer, PolicyFacts, PolicySettings

WHOM = "whoever administers the cluster can give it: `sre-agent rbac` prints what is needed"


def no_access(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """What the account may not do is not proposed: it says what is missing and whom to ask (kubernetes.md 4.2)."""
    if facts.no_access:
        return ("refuse", f"the agent's account may not {', '.join(facts.no_access)}; {WHOM}")
    if facts.access_unread:
        return ("ask", f"whether the agent's account may do it could not be told: {facts.access_unread}")
    return None


ACCESS_RULES = (no_access,)
