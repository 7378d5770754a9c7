"""POST of `pods/eviction`: what a PodDisruptionBudget lets go, with the API server's own order of checks."""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers.disruption import budget_status, covering
from tools.sandbox.controllers.podview import ready
from tools.sandbox.errors import ApiError, bad_request, not_found, precondition_failed, too_many_requests
from tools.sandbox.requests import Call
from tools.sandbox.switches import Switch
from tools.sandbox.world import World

SEVERAL_BUDGETS = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)
_SUCCESS: JsonObject = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Success",
    "code": 201,
}
_NEVER_GUARDED = ("Pending", "Succeeded", "Failed")
_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_WAIT_SECONDS = 10


def evict(world: World, call: Call) -> JsonObject:
    """Delete the pod gracefully, unless a budget says no: 429 for one that does, 500 for more than one."""
    route, body = call.route, call.object()
    named = (body.get("metadata") or {}).get("name") or route.name
    if named != route.name:
        raise bad_request("name in URL does not match name in Eviction object")
    pod = world.store.get(kinds.POD, route.namespace, route.name)
    if pod is None:
        raise not_found(kinds.POD, route.name)
    options = body.get("deleteOptions") or {}
    wanted = (options.get("preconditions") or {}).get("uid")
    if wanted and wanted != pod["metadata"]["uid"] and Switch.UID not in world.broken:
        raise precondition_failed(kinds.POD, route.name, "uid", wanted, pod["metadata"]["uid"])
    _require_budget(world, pod)
    dry = call.dry_run or "All" in (options.get("dryRun") or [])
    if not dry or Switch.DRY_RUN in world.broken:
        world.delete_pod(pod, options.get("gracePeriodSeconds"))
    return dict(_SUCCESS)


def _require_budget(world: World, pod: JsonObject) -> None:
    if pod["status"].get("phase") in _NEVER_GUARDED or "deletionTimestamp" in pod["metadata"]:
        return
    budgets = covering(world, pod)
    if len(budgets) > 1:
        raise ApiError(500, "", SEVERAL_BUDGETS)
    for budget in budgets:
        _require_allowance(world, budget, pod)


def _require_allowance(world: World, budget: JsonObject, pod: JsonObject) -> None:
    name = budget["metadata"]["name"]
    status = budget.get("status") or budget_status(world, budget)
    if not ready(pod) and _lets_unready_go(budget["spec"], status):
        return
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        cause = f"The disruption budget {name} is still being processed by the server."
        raise too_many_requests(_REFUSED, cause, retry_after=_WAIT_SECONDS)
    if not status.get("disruptionsAllowed"):
        needed, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        cause = f"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently"
        raise too_many_requests(_REFUSED, cause)


def _lets_unready_go(spec: JsonObject, status: JsonObject) -> bool:
    """A pod that is not ready counts for nothing, so that losing it takes nothing away from a healthy budget."""
    if spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    needed = status.get("desiredHealthy", 0)
    return bool(needed > 0 and status.get("currentHealthy", 0) >= needed)
