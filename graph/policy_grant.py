"""What a person's narrow grant lifts: the asking, of that one repeat, and nothing else. Pure.

It never lifts a refusal but the one of its own repeat, no budget, no hold and no pause; and not even that where the
first time did not help, since then a person has to think again (product.md section 3).
"""

from __future__ import annotations

from datetime import timedelta

from graph.policy_facts import Answer, PolicyFacts, PolicySettings

ASKING = frozenset({"mode", "risk", "threshold"})
"""Rules whose question the grant has answered beforehand."""
HELPED = frozenset({"RECOVERED", "PROVISIONAL"})


def lifted(rule: str, answer: Answer, facts: PolicyFacts, settings: PolicySettings) -> bool:
    """Whether the grant answers what this rule says."""
    if answer is None or not facts.granted or facts.risk != "medium":
        return False
    if rule in ASKING:
        return answer[0] == "ask"
    if rule == "one_attempt":
        return _only_itself_and_it_helped(facts, settings)
    return rule == "workload_budget" and _writes(facts, settings) < settings.workload_writes


def _only_itself_and_it_helped(facts: PolicyFacts, settings: PolicySettings) -> bool:
    since = facts.now - timedelta(seconds=settings.attempt_window_seconds)
    same = [a for a in facts.attempts if a.problem == facts.problem and a.at >= since and not a.undo]
    return all(a.action == facts.action and a.verdict in HELPED for a in same)


def _writes(facts: PolicyFacts, settings: PolicySettings) -> int:
    """What is left of the rule, then, is that the same action cools down."""
    since = facts.now - timedelta(seconds=settings.attempt_window_seconds)
    return sum(1 for a in facts.attempts if a.at >= since and not a.undo)
