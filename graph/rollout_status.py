"""Whether a rollout is complete, exactly as `kubectl rollout status` computes it (kubernetes.md 5.1). Pure.

One difference on purpose: a workload that wants no pods is never complete here, since nothing then runs that could be
verified.
"""

from __future__ import annotations

from tools.records import Observation, Receipt


def rolled_out(look: Observation, receipt: Receipt) -> bool:
    """From `metadata.generation` of our write on."""
    observed = look.observed_generation >= max(receipt.generation, look.generation)
    return observed and look.desired > 0 and _complete(look)


def _complete(look: Observation) -> bool:
    if look.strategy == "OnDelete":
        # kubectl has no status for it: the pods themselves have to tell
        return sum(pod.ready for pod in look.pods) >= look.desired
    if look.kind == "StatefulSet":
        return look.observed_generation > 0 and _ordinals_complete(look)
    if look.kind == "DaemonSet":
        return look.updated >= look.desired and look.available >= look.desired
    return look.updated >= look.desired and look.replicas == look.updated and look.available >= look.updated


def _ordinals_complete(look: Observation) -> bool:
    """Only ordinals from the partition on are replaced; without one the status names one revision in the end."""
    if look.ready < look.desired or look.updated < look.desired - look.partition:
        return False
    return look.partition > 0 or (
        look.update_revision != "" and look.update_revision == look.current_revision
    )
