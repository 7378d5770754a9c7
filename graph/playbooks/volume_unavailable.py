"""Pods wait for a volume: a claim that is missing, lost or not bound, one that another node still holds, another zone.

Proof: pods that do not fail wait in the scheduler's or the kubelet's own words for a volume. What the claim is like
says which of them it is. Counter-proof: the claim is bound and nobody speaks of it: then it is room, a taint or
configuration. Nothing is proposed: a restart or an eviction makes another pod that waits for the same, and what holds
the volume may be writing to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from graph import counted
from graph.playbooks import Playbook
from graph.state import Finding, Proposal
from graph.symptoms import is_failing, live_pods
from graph.volumes_awaited import by_kubelet, of_claims, waiting_for_volumes
from tools.records import ClaimFacts, Evidence, PodFacts, Target

_HELD = re.compile(
    r"Multi-Attach|already (?:exclusively )?attached|already used by pod\(s\) ([\w.,\s-]+)", re.I
)
_ZONE = re.compile(r"volume node affinity conflict", re.I)
_COUNT = re.compile(r"max volume count", re.I)


class Cause(NamedTuple):
    """Why there is no volume for them, and what to do."""

    what: str
    next_step: str


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    pods = waiting_for_volumes(evidence)
    others = [pod for pod in live_pods(evidence) if pod not in pods]
    if not pods or any(is_failing(pod, evidence.collected_at) for pod in others):
        return None
    oldest = min(pods, key=lambda pod: pod.created_at)
    cause = next(found for tell in _TELLERS if (found := tell(oldest, evidence)))
    return Finding(
        problem="volume_unavailable",
        summary=f"{counted.pods(len(pods), 'waits', 'wait')} for a volume since {oldest.created_at:%H:%M:%S} UTC: "
        f"{cause.what}.",
        directness=1.0,
        evidence=tuple(id_ for kind in ("pods", "claims", "events") for id_ in evidence.cite(kind)),
        facts=(*_said(oldest, evidence), counted.ready(live_pods(evidence))),
        ruled_out=("a crash: its containers have not started", *_not_it(oldest, evidence)),
        next_step=f"{cause.next_step} The pods start by themselves once they have it.",
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """None: see the module's words."""
    return []


def _claims(pod: PodFacts, evidence: Evidence) -> list[ClaimFacts]:
    return [claim for claim in evidence.claims if claim.name in pod.claims]


def _missing(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if not c.phase), None)
    if claim is None:
        return None
    step = f"kubectl get pvc: make claim {claim.name} again, from its backup if it held data, or name the one meant."
    return Cause(f"claim {claim.name} does not exist", step)


def _lost(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if c.phase == "Lost"), None)
    if claim is None:
        return None
    step = f"kubectl get pv {claim.volume}: bring it back, or restore the data into a new claim of that name."
    return Cause(f"claim {claim.name} is Lost, its volume {claim.volume} does not exist any more", step)


def _going(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if c.deleting), None)
    if claim is None:
        return None
    step = f"kubectl describe pvc {claim.name}: who deletes it, and which pod still uses it? That cannot be undone."
    return Cause(f"claim {claim.name} is being deleted", step)


def _no_class(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if c.class_missing), None)
    if claim is None:
        return None
    step = f"kubectl get storageclass: make {claim.storage_class}, or make the claim anew with one that is there."
    return Cause(f"StorageClass {claim.storage_class} of claim {claim.name} does not exist", step)


def _held(pod: PodFacts, evidence: Evidence) -> Cause | None:
    event = next((e for e in by_kubelet(evidence) if _HELD.search(e.message)), None)
    if event is None:
        return None
    claim = ", ".join(pod.claims)
    step = (
        f"kubectl get pods -o wide: which pod and node still hold claim {claim}? If that node is gone for good, "
        "kubectl get volumeattachments tells; a rolling update of one ReadWriteOnce claim needs strategy Recreate."
    )
    return Cause(f"claim {claim} is still attached to another node", step)


def _elsewhere(pod: PodFacts, evidence: Evidence) -> Cause | None:
    if not _ZONE.search(pod.unschedulable):
        return None
    volume = next((c.volume for c in _claims(pod, evidence) if c.volume), "VOLUME")
    step = (
        f"kubectl get pv {volume} -o yaml: compare its nodeAffinity with kubectl get nodes -L "
        "topology.kubernetes.io/zone; that zone needs a node with room."
    )
    return Cause("no node with room is in the zone of its volume", step)


def _too_many(pod: PodFacts, evidence: Evidence) -> Cause | None:
    if not _COUNT.search(pod.unschedulable):
        return None
    step = "kubectl describe csinode: nodes hold as many volumes as they can; add a node."
    return Cause("no node can attach another volume", step)


def _not_made(pod: PodFacts, evidence: Evidence) -> Cause | None:
    """Nobody has made one, in the provisioner's own words where it has said something."""
    claim = next((c for c in _claims(pod, evidence) if c.phase == "Pending"), None)
    if claim is None and "unbound" not in pod.unschedulable:
        return None
    name = claim.name if claim else ", ".join(pod.claims) or "CLAIM"
    told = next((event for event in of_claims(evidence)), None)
    why = f": {told.message[:200]}" if told else ""
    step = f"kubectl describe pvc {name}: see what its provisioner says, and whether that runs."
    return Cause(f"claim {name} is not bound{why}", step)


def _not_mounted(pod: PodFacts, evidence: Evidence) -> Cause:
    event = next(iter(by_kubelet(evidence)), None)
    why = f": {event.message[:200]}" if event else ""
    step = (
        f"kubectl describe pod {pod.name}, then the log of the storage driver on node {pod.node or 'NODE'}."
    )
    return Cause(f"it cannot be attached or mounted{why}", step)


_TELLERS: tuple[Callable[[PodFacts, Evidence], Cause | None], ...] = (
    _missing,
    _lost,
    _going,
    _no_class,
    _held,
    _elsewhere,
    _too_many,
    _not_made,
    _not_mounted,
)
"""The first that finds something; what is certain of the claim itself before what is said of it."""


def _said(pod: PodFacts, evidence: Evidence) -> list[str]:
    lines = [f"{pod.name}: {pod.unschedulable}"] if pod.unschedulable else []
    events = [*by_kubelet(evidence), *of_claims(evidence)]
    lines += [f"{event.reason} ({event.count} times): {event.message[:220]}" for event in events[:2]]
    return [*lines, *(f"claim {c.name}: {c.phase or 'does not exist'}" for c in _claims(pod, evidence))]


def _not_it(pod: PodFacts, evidence: Evidence) -> list[str]:
    bound = [c.name for c in _claims(pod, evidence) if c.phase == "Bound"]
    return [f"a claim that is missing or not bound: {', '.join(bound)} is Bound"] if bound else []


PLAYBOOK = Playbook(problem="volume_unavailable", rank=68, proves=proves, candidates=candidates)
