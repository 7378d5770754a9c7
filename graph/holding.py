"""When to hold still: too much is ill at once, or what the agent sees by is (kubernetes.md 7.2).

`note` compares what the record shows with the limits and keeps what it finds; it is asked before every decision and
every write, so that it costs a few indexed reads. `note_nodes` lists the nodes: before a write that nobody approved,
and by a chore. What was engaged stays until its cause is gone or, where it latches, until a person lifts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from graph.cluster_alerts import CLUSTER_ALERT_FAMILIES, CLUSTER_ALERTS
from graph.policy_facts import PolicySettings
from graph.services import Services
from tools.errors import PermanentError
from tools.hold_signs import Heard, Signs
from tools.holds import AGENT, Cause, Hold, Holds
from tools.node_facts import node_facts
from tools.records import NodeFacts
from tools.resources import NODES

MOST_TOLD = 1000
"""Counted beyond what is borne, for the words that a person reads."""
GONE = "the cause is gone"
PATIENCE = timedelta(minutes=15)
"""Watchdog is not missed sooner, however often it is repeated."""
SELDOM = timedelta(hours=25)
"""Of a Watchdog heard once: kube-prometheus repeats twice a day, and one copy may be lost."""


def standing(services: Services, now: datetime) -> tuple[Hold, ...]:
    """All that holds now, after a look at the record. Raises StoreError: then nothing may be written.

    What waits for a person is not looked for again: in a storm this is one read.
    """
    if services.holds is None:
        return ()
    held = services.holds.active(now)
    if any(hold.latched for hold in held):
        return held
    return services.holds.active(now) if note(services, now) else held


def note(services: Services, now: datetime) -> bool:
    """Engage or lift by what the record shows; whether that changed anything. Raises StoreError."""
    if services.holds is None or services.signs is None:
        return False
    newest = services.holds.newest(now)
    struck, why = _correlated(services.signs, services.policy, newest.get("correlated_failure"), now)
    if why:
        services.holds.engage("correlated_failure", why, at=now, weight=struck)
    alerts = _cluster_alerts(services.signs, newest.get("cluster_alert"))
    silence = missed(services.signs.watchdog(now), now)
    senses = services.vitals
    api, blind = (senses.api(), senses.monitoring()) if senses else ("", "")
    changed = [
        keep(services.holds, "api_unwell", newest.get("api_unwell"), api, now, steady=True),
        keep(services.holds, "monitoring_stale", newest.get("monitoring_stale"), blind, now, steady=True),
        keep(services.holds, "cluster_alert", newest.get("cluster_alert"), alerts, now),
        keep(services.holds, "watchdog_missing", newest.get("watchdog_missing"), silence, now),
    ]
    return bool(why) or any(changed)


def note_nodes(services: Services, now: datetime) -> str:
    """Look at every node. Why they could not be read, else empty. Raises TransientError and StoreError."""
    if services.holds is None:
        return ""
    try:
        nodes = [node_facts(node) for node in services.cluster.list(NODES)]
    except PermanentError as error:
        return str(error)
    ill, why = ill_nodes(nodes, services.policy)
    last = services.holds.newest(now).get("nodes_not_ready")
    lifted = last is not None and not last.holds(now)
    if why and not (lifted and last and ill <= last.weight):
        services.holds.engage("nodes_not_ready", why, at=now, weight=ill)
    elif not why and lifted and last and last.weight:
        services.holds.forget_weight("nodes_not_ready")
    return ""


def keep(
    holds: Holds, cause: Cause, last: Hold | None, why: str, now: datetime, *, steady: bool = False
) -> bool:
    """Engage a cause that lifts itself, or lift it once there is no `why` any more; whether anything changed.

    `steady`: its figures change with every look, and those that tripped it are kept.
    """
    held = last is not None and last.holds(now)
    if why and not (held and last and (steady or last.why == why)):
        holds.engage(cause, why, at=now)
        return True
    if held and not why:
        holds.lift((cause,), actor=AGENT, reason=GONE, at=now)
        return True
    return False


def too_many(struck: Sequence[str], workloads: int, policy: PolicySettings) -> str:
    """Why so many new incidents are one failure: a dependency, a registry, DNS, the network. Else empty."""
    borne = bearable(workloads, policy)
    if len(struck) <= borne:
        return ""
    minutes = f"{policy.hold_window_seconds / 60:g} min"
    limit = f"more than {borne} are taken for one failure"
    return f"{len(struck)} workloads fell ill within {minutes} ({limit}): {_some(struck)}"


def bearable(workloads: int, policy: PolicySettings) -> int:
    """So many ill ones at once are no common failure yet (kubernetes.md 7.2)."""
    return max(policy.hold_workloads, int(policy.hold_workload_share * workloads))


def ill_nodes(nodes: Sequence[NodeFacts], policy: PolicySettings) -> tuple[int, str]:
    """How many nodes are not Ready, and why that is too many, else empty."""
    ill = sorted(node.name for node in nodes if node.ready != "True")
    few = max(1, policy.hold_nodes, ceil(policy.hold_node_share * len(nodes)))
    if len(ill) < few:
        return len(ill), ""
    return len(ill), f"{len(ill)} of {len(nodes)} nodes are not Ready: {_some(ill)}"


def missed(heard: Heard | None, now: datetime) -> str:
    """Why the monitoring is taken for broken by Watchdog's silence; one that was never heard of is not missed."""
    if heard is None:
        return ""
    if not heard.firing:
        return f"Watchdog, which always fires, resolved at {heard.last:%H:%M} UTC: the monitoring is broken"
    bound = max(PATIENCE, 3 * heard.every) if heard.every else SELDOM
    if now - heard.last <= bound:
        return ""
    return f"Watchdog was last heard at {heard.last:%Y-%m-%d %H:%M} UTC: no alert may be on its way"


def _correlated(signs: Signs, policy: PolicySettings, last: Hold | None, now: datetime) -> tuple[int, str]:
    """How many workloads, and why that is too many; counted only while it does not hold, and from the last
    lifting on: what a person has seen is no news.
    """
    if last is not None and last.holds(now):
        return 0, ""
    since = now - timedelta(seconds=policy.hold_window_seconds)
    if last is not None and last.lifted_at is not None:
        since = max(since, last.lifted_at)
    few = signs.struck(since, now, policy.hold_workloads + 1)
    if len(few) <= policy.hold_workloads:
        return len(few), ""
    workloads = signs.workloads(now)
    struck = signs.struck(since, now, max(MOST_TOLD, bearable(workloads, policy) + 1))
    return len(struck), too_many(struck, workloads, policy)


def _cluster_alerts(signs: Signs, last: Hold | None) -> str:
    """Those that a person has seen fire and lifted the hold of are passed over."""
    since = last.lifted_at if last and last.lifted_by != AGENT else None
    fires = signs.firing(CLUSTER_ALERTS, CLUSTER_ALERT_FAMILIES, since)
    return f"alerts about the cluster itself fire: {_some(fires)}" if fires else ""


def _some(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
