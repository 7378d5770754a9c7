"""Reads off the evidence, and the ledger, what policy's rules about guards ask for."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from math import inf

from graph.load import quota_lacks
from graph.memory_limits import MemoryAsk, memory_ask
from graph.policy_commands import command_ask
from graph.policy_facts import GuardFacts
from graph.policy_memory import ONCE_IN, RAISE
from graph.services import Services
from graph.state import Proposal
from tools.ledger import LedgerEntry
from tools.quantities import parse_quantity
from tools.records import Evidence
from tools.resources import NODES

QUOTA = re.compile(r"exceeded quota|failed quota")
"""No room, or a quota on what the pod does not name."""
FRESH = timedelta(minutes=5)
"""The ReplicaSet controller tries again, and complains again, at the latest after about sixteen minutes; most often
within seconds. What is older may have been mended.
"""


def guard_facts(
    services: Services, incident_id: str, proposal: Proposal, evidence: Evidence, now: datetime
) -> GuardFacts:
    """What stands around the object of `proposal`. Raises StoreError when the ledger cannot be read."""
    args, workload, raises = proposal.call.args, evidence.workload, proposal.call.name == RAISE
    replicas = int(args.get("replicas") or args.get("maximum") or 0)
    more = replicas - int(args.get("from_replicas") or args.get("from_maximum") or replicas)
    return GuardFacts(
        autoscalers=evidence.autoscalers,
        budgets=evidence.budgets,
        quota_lacks=quota_lacks(evidence, more) if more > 0 else "",
        replicas=replicas,
        volume_gib=_gib(args.get("to_size")),
        surge_lacks=quota_lacks(evidence, workload.rollout.surge) if workload else "",
        creation_refused=creation_refused(evidence, now),
        priority_class=workload.priority_class if workload else "",
        node=evidence.node,
        other_nodes=tuple(n for n in evidence.nodes if evidence.node and n.uid != evidence.node.uid),
        node_pods=evidence.node_pods,
        node_writes=_node_writes(services, incident_id, now) if evidence.node else (),
        leak_proved=proposal.leak_proved,
        scaler_uid=str(args["uid"]) if "maximum" in args else "",
        limits=evidence.limits,
        vertical_scalers=evidence.vertical_scalers,
        memory=memory_ask(args, evidence) if raises else MemoryAsk(),
        memory_writes=_memory_writes(services, incident_id, proposal, now) if raises else (),
        command=command_ask(proposal.call),
    )


def _gib(size: object) -> float:
    """0 where no storage is asked for; endless where nobody can tell how much, so that no cap lets it pass."""
    if size is None:
        return 0.0
    try:
        return parse_quantity(str(size)) / 1024.0**3
    except ValueError:
        return inf


def _memory_writes(
    services: Services, incident_id: str, proposal: Proposal, now: datetime
) -> tuple[datetime, ...]:
    """A claim of this very run that was never answered is the attempt being made."""
    entries = services.ledger.since(now - ONCE_IN, target_uid=proposal.target.uid)
    done = [e for e in entries if e.incident_id != incident_id or e.receipt is not None]
    return tuple(e.claimed_at for e in done if e.call.name == RAISE and not e.undo_of)


def creation_refused(evidence: Evidence, now: datetime) -> str:
    """The newest complaint of its controller about a quota, while it is fresh."""
    told = (e for e in evidence.events if e.reason == "FailedCreate" and QUOTA.search(e.message))
    fresh = [e for e in told if e.last_seen and now - e.last_seen <= FRESH]
    return max(fresh, key=lambda e: e.last_seen or now).message if fresh else ""


def _node_writes(services: Services, incident_id: str, now: datetime) -> tuple[datetime, ...]:
    since = now - timedelta(seconds=services.policy.node_pause_seconds)
    return tuple(e.claimed_at for e in services.ledger.since(since) if _on_a_node(e, incident_id))


def _on_a_node(entry: LedgerEntry, incident_id: str) -> bool:
    return entry.target.kind == NODES.kind and not entry.undo_of and entry.incident_id != incident_id
