"""Reads and writes below an object: scale, token; and the reviews of one's own rights."""

from __future__ import annotations

from datetime import timedelta

from tools.cluster import JsonObject
from tools.sandbox import kinds, selectors
from tools.sandbox.authz import MASTERS, Attributes, Authorizer, Tokens, User, service_account
from tools.sandbox.errors import (
    ApiError,
    Cause,
    bad_request,
    invalid,
    not_found,
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
_EVERYBODYS_PATHS: list[JsonObject] = [
    {"verbs": ["get"], "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"]},
    {
        "verbs": ["get"],
        "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"],
    },
]
_CLUSTER_ADMIN: list[JsonObject] = [
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
]
_UNLISTED = "webhook authorizer does not support user rule resolution"
_SCALE = Kind("Scale", "autoscaling", "v1", "scales")


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
        return scale_of(self._writer.scaled(call, found, new))

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
        """SelfSubjectRulesReview of a namespace, whether it is there or not: each rule as its role has it, none merged.

        Only RBAC answers here, so that the list is whole. Raises 400 without a namespace.
        """
        namespace = (body.get("spec") or {}).get("namespace", "")
        if not namespace:
            raise bad_request("no namespace on request")
        beside = Switch.RULES_REVIEW in self._world.broken
        given = [] if beside else [*self._authorizer.rules(user, namespace)]
        held = [*_EVERYBODY, *_EVERYBODYS_PATHS, *given, *(_CLUSTER_ADMIN if MASTERS in user.groups else [])]
        return {
            "kind": "SelfSubjectRulesReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": {},
            "status": {
                "resourceRules": [copied(rule) for rule in held if rule.get("resources")],
                "nonResourceRules": [copied(rule) for rule in held if rule.get("nonResourceURLs")],
                "incomplete": beside,
                **({"evaluationError": _UNLISTED} if beside else {}),
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
