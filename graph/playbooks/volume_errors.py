"""A PersistentVolume has failed, or does not come to be: a matter of the storage, and of a backup.

Proof, where it may be read: the volume's own phase. Nothing is done to it, nor to what it is bound to: a claim that is
deleted may take the data with it. Counter-proof: a volume that is bound or free again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from graph.alert_words import fire, label, named
from graph.playbooks import Playbook
from graph.state import Finding, HowSoon
from tools.excerpts import message, quote
from tools.records import Alert, Evidence, PersistentVolumeFacts

NAMES = re.compile(r"Kube(?:rnetes)?PersistentVolume(?:Errors?|Failed\w*)|KubernetesPersistentvolumeError")
ILL = ("Failed", "Pending")


def tells(alert: Alert) -> bool:
    """By the names of kube-prometheus and of the community's rules, or by the labels of the metric."""
    labels = alert.labels
    return bool(NAMES.fullmatch(alert.name)) or bool(
        labels.get("persistentvolume") and labels.get("phase") in ILL
    )


def explains(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    """See the module's words."""
    volume, told = evidence.persistent_volume, label(alerts, "persistentvolume")
    return Finding(
        problem="volume_errors",
        summary=_summary(volume, told, alerts),
        directness=1.0 if volume else 0.6,
        evidence=evidence.cite("persistent_volume"),
        facts=_facts(volume),
        ruled_out=(f"a failure now: it is {volume.phase}",) if volume and volume.phase not in ILL else (),
        next_step=_next(volume, named(alerts, "persistentvolume")),
        how_soon=_how_soon(volume),
    )


def _summary(volume: PersistentVolumeFacts | None, told: str, alerts: Sequence[Alert]) -> str:
    if volume is None:
        return f"{fire(alerts)}: PersistentVolume {told or 'that it does not name'} is failed or pending, as it says."
    why = f": {quote(message(volume.reason, 200))}" if volume.reason else ""
    if volume.phase in ILL:
        return f"PersistentVolume {volume.name} is {volume.phase}{why}."
    return f"{fire(alerts)}, and PersistentVolume {volume.name} is {volume.phase} now{why}."


def _how_soon(volume: PersistentVolumeFacts | None) -> HowSoon:
    if volume is None:
        return ""
    return "soon" if volume.phase in ILL else "later"


def _next(volume: PersistentVolumeFacts | None, name: str) -> str:
    """Who holds it; and what keeps its data where its claim is gone already (the phase Failed, kubernetes.md 2.1)."""
    keep = "Delete neither it nor its claim before there is a backup"
    if volume is None:
        return f"kubectl describe pv {name}: its phase, and what was said last. {keep}."
    held = f"kubectl get volumeattachments | grep {name} names the node that holds it"
    if volume.phase not in ILL:
        events = f"kubectl get events -A --field-selector involvedObject.name={name}"
        return f"{events} shows what failed; nothing else to do now. {keep}."
    if volume.phase == "Failed" and volume.reclaim == "Delete":
        patch = """'{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'"""
        return (
            f"kubectl patch pv {name} -p {patch} first, if anybody may need its data: it is being deleted, and that "
            "is tried "
            f"again until it works. {held}; let go there, the deletion ends by itself. {keep}."
        )
    return f"{held}; then the log of its provisioner: kubectl get pods -A | grep -i -e csi -e provisioner. {keep}."


def _facts(volume: PersistentVolumeFacts | None) -> tuple[str, ...]:
    if volume is None:
        return ()
    whose = f"of claim {volume.claim}" if volume.claim else "of no claim"
    what = {"Delete": ": its data go when its claim goes", "Retain": ": its data stay when its claim goes"}
    kept = f", reclaim policy {volume.reclaim}{what.get(volume.reclaim, '')}" if volume.reclaim else ""
    return (f"{volume.name}: {whose}, class {volume.storage_class or 'none'}{kept}",)


PLAYBOOK = Playbook(problem="volume_errors", rank=96, tells=tells, explains=explains, looks=("volume",))
