"""Rules about giving a container more memory (kubernetes.md 4.8). Pure; they have the form of those in `graph.policy`.

What could not be read is no room: it refuses. The way back to what a container had is not held by them.
"""

from __future__ import annotations

from datetime import timedelta

from graph.memory_limits import spelled
from graph.policy_facts import Answer, PolicyFacts, PolicySettings
from tools.memory_bounds import SHARE_OF_NODE

RAISE = "set_memory_limit"
ONCE_IN = timedelta(hours=24)
READS = ("limit_ranges", "nodes", "quotas", "vertical_scalers")


def memory_unread(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Not to know what bounds it is no permission."""
    unread = sorted(set(READS) & set(facts.evidence_missing))
    if _raises(facts) and unread:
        return ("refuse", f"what bounds a limit could not be read: {', '.join(unread)}")
    return None


def vertically_scaled(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A VerticalPodAutoscaler sets what pods request: two that set it undo each other's work."""
    scaler = next(iter(facts.guards.vertical_scalers), None)
    if _raises(facts) and scaler:
        return ("refuse", f"{scaler.kind} {scaler.name} sets what its pods request: change it there")
    return None


def memory_cap(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """No container is given more, whatever it would need."""
    limit = facts.guards.memory.limit
    if _raises(facts) and limit > settings.most_memory:
        return ("refuse", f"{spelled(limit)} are more than the cap of {spelled(settings.most_memory)}")
    return None


def memory_range(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A LimitRange refuses the pods, not the change of the template: all of them would be missing then."""
    if not _raises(facts):
        return None
    ask = facts.guards.memory
    for one in facts.guards.limits:
        if one.most_memory and ask.limit > one.most_memory:
            return ("refuse", f"LimitRange {one.name} lets a container have {spelled(one.most_memory)}")
        if one.most_pod_memory and ask.pod_limit > one.most_pod_memory:
            return ("refuse", f"LimitRange {one.name} lets a pod have {spelled(one.most_pod_memory)}")
    return None


def memory_quota(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A quota too refuses the pods, in the middle of the rolling update."""
    lacks = facts.guards.memory.quota_lacks
    return ("refuse", lacks) if _raises(facts) and lacks else None


def memory_node(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """A container that takes more than half of the largest node runs on few nodes, or on none."""
    if not _raises(facts):
        return None
    ask = facts.guards.memory
    if ask.node is None:
        return ("refuse", "how much memory its nodes have is not known")
    if ask.limit > ask.node * SHARE_OF_NODE:
        return (
            "refuse",
            f"{spelled(ask.limit)} are more than half of the largest node ({spelled(ask.node)})",
        )
    return None


def memory_once(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Once in 24 hours: memory that grows again after that is a leak, not a limit."""
    recent = [at for at in facts.guards.memory_writes if at > facts.now - ONCE_IN]
    if _raises(facts) and recent:
        return ("refuse", f"its memory limit was changed at {max(recent):%Y-%m-%d %H:%M} UTC already")
    return None


def memory_in_rollout(facts: PolicyFacts, settings: PolicySettings) -> Answer:
    """Another template in the middle of a rollout starts a third revision and buries the evidence."""
    if _raises(facts) and facts.rolling_out:
        return ("refuse", "a rollout is in progress")
    return None


MEMORY_GUARDS = (
    memory_unread,
    vertically_scaled,
    memory_cap,
    memory_range,
    memory_quota,
    memory_node,
    memory_once,
    memory_in_rollout,
)


def _raises(facts: PolicyFacts) -> bool:
    return facts.action == RAISE and not facts.undo_requested
