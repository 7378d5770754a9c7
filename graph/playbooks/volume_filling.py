"""A volume is nearly full: ask for a fifth more where its StorageClass lets it grow, if a person says so.

Proof: what the kubelet tells of it through Prometheus; an alert's words alone prove nothing. A larger volume gives time
and mends nothing. It does not help where inodes have run out, nor where a growth that was asked for has not come yet.
"""

from __future__ import annotations

from graph.ages import lasting
from graph.playbooks import Playbook
from graph.state import Finding, HowSoon, Proposal
from tools.claim_sizes import grown
from tools.records import ActionCall, Evidence, Target, VolumeFacts

FILLING, FULL = 0.85, 0.97
"""Share that is used: above the first a volume that still fills needs room, above the second any does."""
GI = 1024.0**3
HOURS = 6.0
"""Between the two looks at what is used."""


def proves(evidence: Evidence) -> Finding | None:
    """See the module's words."""
    volume = evidence.volume
    if volume is None or volume.phase != "Bound" or volume.used is None or not volume.size:
        return None
    if not (_needs_room(volume) or _out_of_inodes(volume)):
        return None
    return Finding(
        problem="volume_filling",
        summary=f"PersistentVolumeClaim {volume.name} is {_how_full(volume)}{_full_in(volume)}{_why_not(volume)}.",
        directness=1.0,
        evidence=tuple(
            evidence.cite("volume_use")
            + evidence.cite("storage_class")
            + evidence.cite("workload")
            + evidence.cite("events")
        ),
        facts=(_sizes(volume), _class(volume)),
        ruled_out=()
        if _out_of_inodes(volume) or volume.inodes_share is None
        else ("inodes: enough are free",),
        next_step=_next_step(volume),
        how_soon=_how_soon(volume),
    )


def candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    """A fifth more of what it asks for, where that is what lacks and nothing stands in the way."""
    volume = evidence.volume
    if volume is None or volume.asked is None or not _needs_room(volume) or _why_not(volume):
        return []
    args = {
        "namespace": target.namespace,
        "name": volume.name,
        "uid": volume.uid,
        "from_size": volume.asked_text,
        "to_size": grown(volume.asked),
    }
    return [
        Proposal(
            call=ActionCall(name="expand_pvc", args=args),
            target=target,
            risk="high",
            problem=PLAYBOOK.problem,
            reason=f"From {volume.asked_text} to {args['to_size']}: room until somebody finds out what fills it.",
        )
    ]


def _share(volume: VolumeFacts) -> float:
    return (volume.used or 0.0) / (volume.size or 1.0)


def _needs_room(volume: VolumeFacts) -> bool:
    fills = volume.used is not None and volume.used_before is not None and volume.used > volume.used_before
    return _share(volume) >= FULL or (fills and _share(volume) >= FILLING)


def _out_of_inodes(volume: VolumeFacts) -> bool:
    return volume.inodes_share is not None and volume.inodes_share >= FULL


def _how_full(volume: VolumeFacts) -> str:
    if _out_of_inodes(volume):
        return f"out of inodes: {volume.inodes_share:.0%} are used, and {_share(volume):.0%} of its bytes"
    return f"{_share(volume):.0%} full ({_gi(volume.used)} of {_gi(volume.size)} Gi)"


def _gi(amount: float | None) -> str:
    return f"{(amount or 0.0) / GI:.1f}"


def _hours_left(volume: VolumeFacts) -> float | None:
    """At the rate of the last six hours; None: it does not fill, or nobody tells."""
    if volume.used is None or volume.used_before is None or not volume.size:
        return None
    grown_by = volume.used - volume.used_before
    return None if grown_by <= 0 else max(0.0, volume.size - volume.used) / grown_by * HOURS


def _full_in(volume: VolumeFacts) -> str:
    left = _hours_left(volume)
    if left is None or _out_of_inodes(volume):
        return ""
    return f", and at the rate of the last {HOURS:.0f} hours full in {lasting(left * 3600)}"


def _how_soon(volume: VolumeFacts) -> HowSoon:
    """A full one stops what writes to it, ready or not."""
    left = _hours_left(volume)
    if _out_of_inodes(volume) or (left is not None and left <= HOURS):
        return "now"
    return "now" if left is None and _share(volume) >= FULL else "soon"


def _why_not(volume: VolumeFacts) -> str:
    """Why more storage is not to be asked for, as the end of a sentence; empty: nothing stands in the way."""
    if _out_of_inodes(volume):
        return "; a larger volume is no help against that on every file system"
    if volume.resize_failed:
        return f"; it was to grow, and that failed: {volume.resize_failed}"
    if volume.resize_waits or _grows_already(volume):
        return f"; it is being resized already: {volume.resize_waits or 'it has less than it asks for'}"
    if volume.expandable is None:
        return "; whether its StorageClass lets it grow could not be read"
    return "" if volume.expandable else "; its StorageClass does not let it grow"


def _grows_already(volume: VolumeFacts) -> bool:
    return volume.asked is None or volume.capacity is None or volume.capacity < volume.asked


def _sizes(volume: VolumeFacts) -> str:
    before = f", {_gi(volume.used_before)} Gi six hours before" if volume.used_before is not None else ""
    return (
        f"{_gi(volume.used)} of {_gi(volume.size)} Gi used{before}; it asks for {volume.asked_text} and has "
        f"{_gi(volume.capacity)} Gi"
    )


def _class(volume: VolumeFacts) -> str:
    said = {None: "could not be read", True: "lets volumes grow", False: "does not let volumes grow"}
    return f"StorageClass {volume.storage_class or '(none)'}: {said[volume.expandable]}"


def _next_step(volume: VolumeFacts) -> str:
    mounts = f"kubectl describe pvc {volume.name} names under Used By the pod that mounts it"
    inside = "kubectl exec POD -n <namespace> -- df -h shows where, and du -h -d 2 THERE | sort -h | tail what fills it"
    if _out_of_inodes(volume):
        files = "kubectl exec POD -n <namespace> -- df -i"
        return f"{mounts}; {files} shows where, and du --inodes -x which folder: delete the many small files there."
    if volume.resize_waits.startswith("FileSystemResizePending"):
        return (
            f"{mounts}: kubectl delete pod POD -n <namespace> starts it anew, and its file system grows then."
        )
    look = f"{mounts}; {inside}. Clear that by the program's own means, not its files under it"
    keep = "Never delete the claim: its data go with it"
    if volume.expandable is False:
        return f"{look}; a larger volume means a new claim and a copy of the data. {keep}."
    return f"{look}. {_larger(volume)}{keep}."


def _larger(volume: VolumeFacts) -> str:
    """A fifth more, where nothing stands in the way; it gives time and mends nothing."""
    if volume.asked is None or _why_not(volume):
        return ""
    patch = f"""'{{"spec":{{"resources":{{"requests":{{"storage":"{grown(volume.asked)}"}}}}}}}}'"""
    return (
        f"For time only: kubectl patch pvc {volume.name} -n <namespace> -p {patch} makes it larger, which cannot be "
        "taken "
        "back. "
    )


PLAYBOOK = Playbook(problem="volume_filling", rank=10, proves=proves, candidates=candidates)
