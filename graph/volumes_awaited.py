"""Which pods wait for a volume, and what the scheduler, the kubelet and the claim's own events say of it. Pure."""

from __future__ import annotations

import re

from graph.symptoms import is_failing, live_pods
from tools.records import EventFacts, Evidence, PodFacts

_BY_SCHEDULER = re.compile(
    r"persistentvolumeclaim|volume node affinity|unbound|max volume count|available persistent volumes",
    re.IGNORECASE,
)
_BY_KUBELET = frozenset({"FailedAttachVolume", "FailedMount", "FailedMapVolume"})
_NO_VOLUME = re.compile(r"\b(?:configmap|secret)\b.*\bnot found|references non-existent", re.IGNORECASE)
_OF_CLAIM = frozenset({"ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "VolumeFailedDelete"})


def waiting_for_volumes(evidence: Evidence) -> list[PodFacts]:
    """Live pods that no node takes for their volume, or whose containers are not made since it is not mounted."""
    kubelet = bool(by_kubelet(evidence))
    return [
        pod
        for pod in live_pods(evidence)
        if not is_failing(pod, evidence.collected_at)
        and (_BY_SCHEDULER.search(pod.unschedulable) or (kubelet and _is_being_made(pod) and pod.claims))
    ]


def by_kubelet(evidence: Evidence) -> list[EventFacts]:
    """What the kubelet and the attach controller say; a ConfigMap or Secret that is missing is no volume."""
    return [
        event
        for event in evidence.events
        if event.reason in _BY_KUBELET and not _NO_VOLUME.search(event.message)
    ]


def of_claims(evidence: Evidence) -> list[EventFacts]:
    """What the binder and the provisioner say of the claims."""
    return [
        event
        for event in evidence.events
        if event.kind == "PersistentVolumeClaim" and event.reason in _OF_CLAIM
    ]


def _is_being_made(pod: PodFacts) -> bool:
    waits = {"ContainerCreating", "PodInitializing"}
    return bool(pod.node) and any(c.waiting_reason in waits for c in pod.containers)
