"""One eviction, bound to the pod's uid; a PodDisruptionBudget that says no is obeyed (section 4.5)."""

from __future__ import annotations

from tools.answers import DISRUPTION_BUDGET
from tools.cluster import Cluster
from tools.errors import Refused, TransientError, UnknownOutcome
from tools.records import RbacRule
from tools.resources import PODS, JsonObject

SEVERAL_BUDGETS = "more than one PodDisruptionBudget"
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="pods", verbs=("get",)),
    RbacRule(group="", resource="pods/eviction", verbs=("create",)),
)


def evict(cluster: Cluster, namespace: str, name: str, uid: str, *, dry_run: bool) -> JsonObject:
    """Evict that very pod. Raises Refused where a budget says no, ToolError."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": namespace},
        "deleteOptions": {"preconditions": {"uid": uid}},
    }
    try:
        written = cluster.create(PODS, namespace, body, dry_run=dry_run, name=name, subresource="eviction")
    except (TransientError, UnknownOutcome) as err:
        if err.reason == DISRUPTION_BUDGET or SEVERAL_BUDGETS in str(err):
            raise Refused(f"a PodDisruptionBudget says no: {err}") from err
        raise
    return written.object
