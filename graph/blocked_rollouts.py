"""What holds up a rollout of a StatefulSet or a DaemonSet: which pods are not of the newest revision, and why. Pure."""

from __future__ import annotations

from graph.symptoms import current_revision, live_pods
from tools.records import Evidence, PodFacts


def of_older_revisions(evidence: Evidence) -> list[PodFacts]:
    """Live pods that are not made of the newest template."""
    current = current_revision(evidence)
    known = {r.uid: r.template_digest for r in evidence.revisions}
    if current is None:
        return []
    return [
        pod
        for pod in live_pods(evidence)
        if known.get(pod.owner_uid, current.template_digest) != current.template_digest
    ]


def ordinal(pod: PodFacts) -> int:
    """Of a StatefulSet's pod."""
    text = pod.name.rpartition("-")[2]
    return int(text) if text.isdigit() else 0


def state_of(pod: PodFacts) -> str:
    """Why it is not ready, as far as its containers tell."""
    if pod.unschedulable:
        return f"waits for a node: {pod.unschedulable[:160]}"
    init = next((c for c in pod.containers if c.init and not c.sidecar and c.running_since), None)
    if init:
        return f"its init container {init.name} runs since {init.running_since:%H:%M:%S} UTC"
    waits = next((c for c in pod.containers if c.waiting_reason), None)
    if waits:
        return f"container {waits.name} waits: {waits.waiting_reason}"
    unready = next((c for c in pod.containers if not c.init and not c.ready), None)
    return f"container {unready.name} runs and is not ready" if unready else "it is not ready"
