"""Who asks, and what they may do: bearer tokens and RBAC objects, as the API server evaluates them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tools.cluster import JsonObject
from tools.sandbox import kinds, selectors
from tools.sandbox.errors import ApiError, unauthorized
from tools.sandbox.store import Store

MASTERS = "system:masters"
_OPEN_PATHS = ("/api", "/apis", "/version", "/healthz", "/livez", "/readyz", "/openapi")
_PUBLIC_PATHS = ("/version", "/healthz", "/livez", "/readyz")


@dataclass(frozen=True)
class User:
    """An authenticated (or anonymous) user."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""

    @property
    def anonymous(self) -> bool:
        return self.name == "system:anonymous"


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
ADMIN = User("admin", (MASTERS, "system:authenticated"))


def service_account(namespace: str, name: str, uid: str = "") -> User:
    """The user that a ServiceAccount is."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid)


@dataclass
class Tokens:
    """Bearer tokens by text."""

    users: dict[str, User] = field(default_factory=lambda: {"admin": ADMIN})

    def user(self, authorization: str) -> User:
        """The user of an Authorization header. Raises 401 for a token that is not known."""
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        user = self.users.get(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user


@dataclass(frozen=True)
class Attributes:
    """What is asked for: a verb on a resource, or on a path."""

    verb: str
    group: str = ""
    resource: str = ""
    """With subresource: `pods/log`."""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Authorizer:
    """Evaluates Roles and bindings of the store, read anew for every question."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def allowed(self, user: User, asked: Attributes) -> bool:
        """True if some rule that is bound to the user covers the request."""
        if MASTERS in user.groups:
            return True
        if asked.path:
            return _open_path(user, asked)
        if asked.group == "authorization.k8s.io" and not user.anonymous:
            return True
        return any(_covers(rule, asked) for rule in self.rules(user, asked.namespace))

    def require(self, user: User, asked: Attributes) -> None:
        """Raises the 403 that says who may not do what."""
        if not self.allowed(user, asked):
            raise denied(user, asked)

    def rules(self, user: User, namespace: str) -> Iterator[JsonObject]:
        """Every rule bound to the user, cluster-wide and in the namespace."""
        for binding in self._store.list(kinds.CLUSTERROLEBINDING):
            if _bound(binding, user):
                yield from self._role(binding, "")
        if namespace:
            for binding in self._store.list(kinds.ROLEBINDING, namespace):
                if _bound(binding, user):
                    yield from self._role(binding, namespace)

    def _role(self, binding: JsonObject, namespace: str) -> Iterable[JsonObject]:
        reference = binding.get("roleRef") or {}
        cluster = reference.get("kind") == "ClusterRole"
        kind = kinds.CLUSTERROLE if cluster else kinds.ROLE
        role = self._store.get(kind, "" if cluster else namespace, reference.get("name", "")) or {}
        return self._aggregated(role) if role.get("aggregationRule") else role.get("rules") or []

    def _aggregated(self, role: JsonObject) -> list[JsonObject]:
        """What the controller would have copied into the role: its own rules, if any were written, are replaced."""
        wanted = role["aggregationRule"].get("clusterRoleSelectors") or []
        chosen = [selectors.from_object(each) for each in wanted]
        return [
            rule
            for part in self._store.list(kinds.CLUSTERROLE)
            if any(selectors.matches(each, part) for each in chosen)
            for rule in part.get("rules") or []
        ]


def denied(user: User, asked: Attributes) -> ApiError:
    """403 in the words of the real server."""
    if asked.path:
        text = f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"'
        return ApiError(403, "Forbidden", text, details={})
    resource = asked.resource.partition("/")[0]
    qualified = f"{resource}.{asked.group}" if asked.group else resource
    named = f' "{asked.name}"' if asked.name else ""
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    text = (
        f'{qualified}{named} is forbidden: User "{user.name}" cannot {asked.verb} resource "{asked.resource}" '
        f'in API group "{asked.group}" {where}'
    )
    details = {"name": asked.name, "group": asked.group, "kind": resource}
    return ApiError(403, "Forbidden", text, details={key: value for key, value in details.items() if value})


def _open_path(user: User, asked: Attributes) -> bool:
    paths = _PUBLIC_PATHS if user.anonymous else _OPEN_PATHS
    return asked.verb == "get" and any(asked.path == p or asked.path.startswith(p + "/") for p in paths)


def _bound(binding: JsonObject, user: User) -> bool:
    for subject in binding.get("subjects") or []:
        kind, name = subject.get("kind"), subject.get("name", "")
        if kind == "User" and name == user.name:
            return True
        if kind == "Group" and name in user.groups:
            return True
        if (
            kind == "ServiceAccount"
            and user.name == f"system:serviceaccount:{subject.get('namespace')}:{name}"
        ):
            return True
    return False


def _covers(rule: JsonObject, asked: Attributes) -> bool:
    def has(key: str, value: str) -> bool:
        listed = rule.get(key) or []
        return "*" in listed or value in listed

    if not (has("verbs", asked.verb) and has("apiGroups", asked.group)):
        return False
    _, _, subresource = asked.resource.partition("/")
    listed = rule.get("resources") or []
    if not (has("resources", asked.resource) or (subresource and f"*/{subresource}" in listed)):
        return False
    names = rule.get("resourceNames") or []
    return not names or asked.name in names
