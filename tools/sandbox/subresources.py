"""Reads and writes below an object: scale, eviction, token; and the reviews of one's own rights."""

from __future__ import annotations

from datetime import timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds, selectors
from tools.sandbox.authz import Attributes, Authorizer, Tokens, User, service_account
from tools.sandbox.controllers.podview import active, ready
from tools.sandbox.errors import (
    ApiError,
    Cause,
    bad_request,
    invalid,
    not_found,
    precondition_failed,
    too_many_requests,
    unsupported_patch,
)
from tools.sandbox.kinds import Kind
from tools.sandbox.patches import JSON, MERGE, STRATEGIC, json_patch, merge_patch
from tools.sandbox.requests import Call
from tools.sandbox.switches import Switch
from tools.sandbox.values import copied, instant
from tools.sandbox.world import World
from tools.sandbox.writes import Writer

_EVERYBODY: list[JsonObject] = [
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
]
_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_SCALE = Kind("Scale", "autoscaling", "v1", "scales")
_SEVERAL_BUDGETS = (
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
)
_NEVER_GUARDED = ("Pending", "Succeeded", "Failed")


def scale_of(obj: JsonObject) -> JsonObject:
    """The Scale object of a workload."""
    metadata = obj["metadata"]
    replicas = obj["spec"].get("replicas", 0)
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": (obj.get("status") or {}).get("replicas", 0),
            "selector": selectors.to_text(obj["spec"].get("selector")),
        },
    }


class Subresources:
    """Everything that is neither an object nor a list."""

    def __init__(self, world: World, writer: Writer, tokens: Tokens, authorizer: Authorizer) -> None:
        self._world = world
        self._writer = writer
        self._tokens = tokens
        self._authorizer = authorizer

    def write_scale(self, call: Call) -> JsonObject:
        """PUT or PATCH of `scale`: only spec.replicas counts."""
        route = call.route
        found = self._world.store.get(route.kind, route.namespace, route.name)
        if found is None:
            raise not_found(route.kind, route.name)
        before = scale_of(found)
        if call.method == "PUT":
            wanted = call.object()
        elif call.content_type == JSON:
            wanted = json_patch(before, call.body)
        elif call.content_type in (MERGE, STRATEGIC):
            wanted = merge_patch(before, call.body)
        else:
            raise unsupported_patch()
        replicas = (wanted.get("spec") or {}).get("replicas", 0)
        if replicas < 0 and Switch.UNPROCESSABLE not in self._world.broken:
            message = f"Invalid value: {replicas}: must be greater than or equal to 0"
            raise invalid(_SCALE, route.name, [Cause("spec.replicas", message)])
        new = copied(found)
        new["spec"]["replicas"] = replicas
        new["metadata"]["resourceVersion"] = (wanted.get("metadata") or {}).get("resourceVersion", "")
        new["metadata"]["uid"] = (wanted.get("metadata") or {}).get("uid", "")
        put = Call("PUT", type(route)(route.kind, route.namespace, route.name), call.query, new,
                   "application/json", call.user, call.agent)  # fmt: skip
        return scale_of(self._writer.replace(put))

    def evict(self, call: Call) -> JsonObject:
        """POST of an Eviction: 429 where a PodDisruptionBudget says no."""
        route, body = call.route, call.object()
        pod = self._world.store.get(kinds.POD, route.namespace, route.name)
        if pod is None:
            raise not_found(kinds.POD, route.name)
        options = body.get("deleteOptions") or {}
        wanted = (options.get("preconditions") or {}).get("uid")
        if wanted and wanted != pod["metadata"]["uid"] and Switch.UID not in self._world.broken:
            raise precondition_failed(kinds.POD, route.name, "uid", wanted, pod["metadata"]["uid"])
        self._require_budget(pod)
        dry = call.dry_run or "All" in (options.get("dryRun") or [])
        if not dry or Switch.DRY_RUN in self._world.broken:
            self._world.delete_pod(pod, options.get("gracePeriodSeconds"))
        return dict(_SUCCESS)

    def _require_budget(self, pod: JsonObject) -> None:
        if pod["status"].get("phase") in _NEVER_GUARDED or "deletionTimestamp" in pod["metadata"]:
            return
        budgets = self._world.store.list(kinds.POD_DISRUPTION_BUDGET, pod["metadata"]["namespace"])
        covering = [
            b for b in budgets if selectors.matches(selectors.from_object(b["spec"].get("selector")), pod)
        ]
        if len(covering) > 1:
            raise ApiError(500, "InternalError", _SEVERAL_BUDGETS)
        for budget in covering:
            healthy, needed = self._budget(budget)
            if ready(pod) and healthy <= needed:
                raise too_many_requests(
                    "Cannot evict pod as it would violate the pod's disruption budget.",
                    f"The disruption budget {budget['metadata']['name']} needs {needed} healthy pods and has "
                    f"{healthy} currently",
                )

    def _budget(self, budget: JsonObject) -> tuple[int, int]:
        selector = selectors.from_object(budget["spec"].get("selector"))
        pods = self._world.store.list(kinds.POD, budget["metadata"]["namespace"])
        covered = [pod for pod in pods if active(pod) and selectors.matches(selector, pod)]
        healthy = sum(ready(pod) for pod in covered)
        spec = budget["spec"]
        if "minAvailable" in spec:
            return healthy, _share(spec["minAvailable"], len(covered))
        return healthy, len(covered) - _share(spec.get("maxUnavailable", 0), len(covered))

    def issue_token(self, call: Call) -> JsonObject:
        """POST of a TokenRequest: a token that works from now on."""
        route, body = call.route, call.object()
        account = self._world.store.get(kinds.SERVICEACCOUNT, route.namespace, route.name)
        if account is None:
            raise not_found(kinds.SERVICEACCOUNT, route.name)
        token = f"sandbox.{self._world.rng.getrandbits(160):040x}"
        self._tokens.users[token] = service_account(route.namespace, route.name, account["metadata"]["uid"])
        seconds = (body.get("spec") or {}).get("expirationSeconds", 3600)
        expires = instant(self._world.now() + timedelta(seconds=seconds))
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": route.name, "namespace": route.namespace},
            "spec": {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": seconds},
            "status": {"token": token, "expirationTimestamp": expires},
        }

    def access_review(self, user: User, body: JsonObject) -> JsonObject:
        """SelfSubjectAccessReview. Raises 422 without attributes."""
        spec = body.get("spec") or {}
        asked = _asked(spec)
        allowed = self._authorizer.allowed(user, asked) or Switch.ACCESS_REVIEW in self._world.broken
        status: JsonObject = {"allowed": allowed}
        if allowed:
            status["reason"] = "RBAC: allowed"
        return {
            "kind": "SelfSubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": spec,
            "status": status,
        }

    def rules_review(self, user: User, body: JsonObject) -> JsonObject:
        """SelfSubjectRulesReview of one namespace."""
        namespace = (body.get("spec") or {}).get("namespace", "")
        if not namespace:
            raise bad_request("no namespace on request")
        rules = [rule for rule in self._authorizer.rules(user, namespace) if rule.get("resources")]
        if self._authorizer.allowed(user, Attributes("*", "*", "*", namespace)):
            rules.append({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
        rules += copied(_EVERYBODY)
        paths = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version"]
        return {
            "kind": "SelfSubjectRulesReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": {},
            "status": {
                "resourceRules": rules,
                "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": paths}],
                "incomplete": False,
            },
        }


def _asked(spec: JsonObject) -> Attributes:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource:
        full = resource.get("resource", "")
        if resource.get("subresource"):
            full += "/" + resource["subresource"]
        return Attributes(
            resource.get("verb", ""),
            resource.get("group", ""),
            full,
            resource.get("namespace", ""),
            resource.get("name", ""),
        )
    if path:
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
    cause = {
        "reason": "FieldValueInvalid",
        "message": f"Invalid value: null: {why}",
        "field": "spec.resourceAttributes",
    }
    text = f'.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null: {why}'
    raise ApiError(422, "Invalid", text, details={"group": "authorization.k8s.io", "causes": [cause]})


def _share(value: int | str, total: int) -> int:
    if isinstance(value, int):
        return value
    return -(-total * int(value.rstrip("%")) // 100)
