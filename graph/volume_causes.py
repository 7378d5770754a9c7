"""Why pods have no volume, what is to be done with which command, and what must not be deleted on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from graph import counted
from graph.scheduler_words import lacks
from graph.volumes_awaited import by_kubelet, of_claims
from tools.excerpts import imperative, message, quote
from tools.records import ClaimFacts, EventFacts, Evidence, PodFacts

LONGEST = 160
_HELD = re.compile(
    r"Multi-Attach|already (?:exclusively )?attached|already used by pod\(s\) ([\w.,\s-]+)", re.I
)
_USERS = re.compile(r"already used by pod\(s\) ([a-z0-9][\w.-]*)")
_ZONE = re.compile(r"volume node affinity conflict", re.I)
_COUNT = re.compile(r"max volume count", re.I)


class Cause(NamedTuple):
    """Why there is no volume for them, and what to do."""

    what: str
    next_step: str


def cause_of(pod: PodFacts, evidence: Evidence) -> Cause:
    """The first that finds something; what is certain of the claim itself before what is said of it."""
    return next(found for tell in _TELLERS if (found := tell(pod, evidence)))


def said(pod: PodFacts, evidence: Evidence) -> list[str]:
    """What scheduler, kubelet and provisioner say, each quoted and counted; none that gives orders (R8.4)."""
    told = [*by_kubelet(evidence), *of_claims(evidence)]
    lines = [counted.told(_short(event)) for event in told[:2] if not imperative([event.message])]
    if pod.unschedulable:
        lines.append(f"{pod.name}: {lacks(pod.unschedulable)}")
    return [*lines, *(_claim_line(claim) for claim in _claims(pod, evidence)[:2])]


def _short(event: EventFacts) -> EventFacts:
    return event.model_copy(update={"message": message(event.message, LONGEST)})


def _claim_line(claim: ClaimFacts) -> str:
    """`claim data: Bound to pv7, 10Gi, class gp3, reclaim policy Delete, zone eu-west-1c`."""
    bound = f" to {claim.volume}" if claim.volume and claim.phase == "Bound" else ""
    parts = [
        f"{claim.phase}{bound}" if claim.phase else "does not exist",
        f"asks for {claim.asked}" if claim.asked else "",
        f"class {claim.storage_class}" if claim.storage_class else "",
        f"reclaim policy {claim.reclaim}" if claim.reclaim else "",
        f"zone {' or '.join(claim.zones)}" if claim.zones else "",
        "/".join(claim.modes),
    ]
    return f"claim {claim.name}: {', '.join(part for part in parts if part)}"


def _claims(pod: PodFacts, evidence: Evidence) -> list[ClaimFacts]:
    return [claim for claim in evidence.claims if claim.name in pod.claims]


def _missing(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if not c.phase), None)
    if claim is None:
        return None
    step = (
        "kubectl get pvc -n <namespace>: was another one meant (kubectl edit <workload>)? Else make claim "
        f"{claim.name} "
        "again, from its backup if it held data: an empty one starts the program without them."
    )
    return Cause(f"claim {claim.name} does not exist", step)


def _lost(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if c.phase == "Lost"), None)
    if claim is None:
        return None
    gone = " (its class deletes the disk with the volume, so that the disk is probably gone too)"
    step = (
        f"kubectl get volumesnapshots -n <namespace>, and the storage's own console: is the disk of {claim.volume} or "
        "a "
        f"snapshot still there{gone if claim.reclaim == 'Delete' else ''}? Delete nothing before the restore is ready. "
        f"Then kubectl delete pvc {claim.name} -n <namespace>, since no other can have its name while it is there, and "
        "make it anew with the volume that was restored."
    )
    return Cause(f"claim {claim.name} is Lost, its volume {claim.volume} does not exist any more", step)


def _going(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if c.deleting), None)
    if claim is None:
        return None
    data = " and its data with it" if claim.reclaim == "Delete" else ""
    step = (
        f"kubectl describe pvc {claim.name} names under Used By which pods hold it up: a deletion cannot be undone, "
        "and the "
        f"claim goes{data} once the last of them ends. Restart none of them; copy the data first."
    )
    return Cause(f"claim {claim.name} is being deleted", step)


def _no_class(pod: PodFacts, evidence: Evidence) -> Cause | None:
    claim = next((c for c in _claims(pod, evidence) if c.class_missing), None)
    if claim is None:
        return None
    step = (
        f"kubectl get storageclass: make {claim.storage_class}, and the claim is bound by itself. Or name one that is "
        "there: "
        f"a claim's class cannot be changed, so kubectl delete pvc {claim.name} -n <namespace> (it was never bound and "
        "holds nothing) and make it anew."
    )
    return Cause(f"StorageClass {claim.storage_class} of claim {claim.name} does not exist", step)


def _held(pod: PodFacts, evidence: Evidence) -> Cause | None:
    event = next((e for e in by_kubelet(evidence) if _HELD.search(e.message)), None)
    if event is None:
        return None
    claim, users = ", ".join(pod.claims), _USERS.search(event.message)
    user = users[1].rstrip(".,") if users else ""
    look = (
        f"kubectl get pod {user} -n <namespace> -o wide"
        if user
        else "kubectl get pods -n <namespace> -o wide"
    )
    patch = """'{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'"""
    recreate = f" (kubectl patch <workload> -n <namespace> -p {patch})" if _rolls(evidence) else ""
    step = (
        f"{look} shows on which node it is held. A pod that is to go: once it has ended, the volume is detached by "
        "itself. A "
        "node that is off for good: kubectl delete node, never the pod by force while the machine may run and write. A "
        f"rolling update over one ReadWriteOnce claim needs strategy Recreate{recreate}."
    )
    holder = f", by pod {user}{_where(user, evidence)}" if user else ""
    return Cause(f"claim {claim} is still attached to another node{holder}", step)


def _rolls(evidence: Evidence) -> bool:
    workload = evidence.workload
    return workload is not None and workload.kind == "Deployment" and workload.strategy == "RollingUpdate"


def _where(name: str, evidence: Evidence) -> str:
    pod = next((pod for pod in evidence.pods if pod.name == name), None)
    if pod is None:
        return ""
    return f" on {pod.node or 'no node'}{' (the pod is being deleted)' if pod.deleting else ''}"


def _elsewhere(pod: PodFacts, evidence: Evidence) -> Cause | None:
    if not _ZONE.search(pod.unschedulable):
        return None
    claim = next((c for c in _claims(pod, evidence) if c.volume), None)
    zones = " or ".join(claim.zones) if claim else ""
    there = f"zone {zones}" if zones else "its zone"
    look = "kubectl get nodes -L topology.kubernetes.io/zone"
    if not zones and claim:
        affinity = "{.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values}"
        look = f"kubectl get pv {claim.volume} -o jsonpath='{affinity}' names its zone; {look}"
    elif not zones and pod.claims:
        look = f"kubectl get pvc {pod.claims[0]} -o jsonpath='{{.spec.volumeName}}' names the volume; {look}"
    step = (
        f"{look}: which nodes of {there} are Ready and not cordoned? A volume cannot move: add a node there, or make "
        "room on "
        "one. Do not delete the claim to have it made elsewhere: the data would stay behind or be gone."
    )
    return Cause(f"no node with room is in the zone of its volume{f' ({zones})' if zones else ''}", step)


def _too_many(pod: PodFacts, evidence: Evidence) -> Cause | None:
    if not _COUNT.search(pod.unschedulable):
        return None
    columns = "NAME:.metadata.name,MOST:.spec.drivers[*].allocatable.count"
    step = f"kubectl get csinode -o custom-columns={columns} shows how many volumes each node may have: add a node."
    return Cause("no node can attach another volume", step)


def _not_made(pod: PodFacts, evidence: Evidence) -> Cause | None:
    """Nobody has made one, in the provisioner's own words where it has said something."""
    claim = next((c for c in _claims(pod, evidence) if c.phase == "Pending"), None)
    if claim is None and "unbound" not in pod.unschedulable:
        return None
    name = claim.name if claim else ", ".join(pod.claims) or "CLAIM"
    told = next((event for event in of_claims(evidence) if not imperative([event.message])), None)
    why = f", its provisioner says: {quote(message(told.message, LONGEST))}" if told else ""
    step = f"kubectl describe pvc {name}: does a provisioner say anything of it, and does that run?"
    if told:
        step = (
            "kubectl get pods -A -o wide | grep -i -e csi -e provisioner finds the provisioner and its log; what it "
            "says "
            f"above is to be mended there or in the storage's console. It tries again by itself; claim {name} need "
            "not be "
            "deleted."
        )
    return Cause(f"claim {name} is not bound{why}", step)


def _not_mounted(pod: PodFacts, evidence: Evidence) -> Cause:
    event = next((e for e in by_kubelet(evidence) if not imperative([e.message])), None)
    why = f": {quote(message(event.message, LONGEST))}" if event else ""
    claim = pod.claims[0] if pod.claims else pod.name
    step = (
        f"On machine {pod.node or 'NODE'}: journalctl -u kubelet | grep {claim}; then the storage driver's pod of "
        "that node: "
        f"kubectl get pods -A -o wide --field-selector spec.nodeName={pod.node or 'NODE'} | grep -i csi."
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
