"""What has to follow a write before its rollout can be over: planned with the proposal, shown in its approval. Pure.

An ordered StatefulSet does nothing while one of its pods is not ready: a template that is rolled back, or restarted,
reaches no pod behind it (kubernetes.md 4.6). Each such pod is to be evicted, by uid.
"""

from __future__ import annotations

from graph.blocked_rollouts import ordinal
from graph.symptoms import live_pods
from tools.records import ActionCall, Evidence, PodFacts, Target

FAMILIES = frozenset({"rollback", "restart"})
MOST_STEPS = 5
"""More pods than these are no matter of a step or two: policy leaves them to a person."""


def planned(evidence: Evidence, target: Target) -> tuple[ActionCall, ...]:
    """The evictions that a change of the template would wait for, in the order in which the controller meets them."""
    workload = evidence.workload
    if workload is None or not workload.ordered or workload.strategy != "RollingUpdate":
        return ()
    waits = [pod for pod in live_pods(evidence) if not pod.ready and pod.revision_mark]
    return tuple(_eviction(pod, target) for pod in sorted(waits, key=ordinal))


def words(call: ActionCall) -> str:
    """For people who decide on it."""
    return (
        f"then, while it is still not ready: evict pod {call.args['name']}, uid {call.args['uid']}, of revision "
        f"{call.args['left_revision']}, which holds up the StatefulSet"
    )


def _eviction(pod: PodFacts, target: Target) -> ActionCall:
    args = {
        "namespace": target.namespace,
        "name": pod.name,
        "uid": pod.uid,
        "workload": target.name,
        "workload_uid": target.uid,
        "kind": target.kind,
        "left_revision": pod.revision_mark,
    }
    return ActionCall(name="delete_pod", args=args)
