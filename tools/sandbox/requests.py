"""A request as the handlers see it: parsed, with its user, and what was recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tools.cluster import JsonObject
from tools.sandbox.authz import User
from tools.sandbox.errors import ApiError, bad_request, no_such_kind, no_such_page, unsupported_media_type
from tools.sandbox.kinds import Kind, Kinds


@dataclass(frozen=True)
class Recorded:
    """One line of the audit list `Sandbox.requests`."""

    method: str
    path: str
    query: dict[str, str]
    user: str
    body: Any
    dry_run: bool
    status: int
    at: datetime

    @property
    def writes(self) -> bool:
        """True for a request that may have changed something: not a read, not a dry run, not a review."""
        reads = self.method == "GET" and not self.path.endswith("/exec")
        reading = reads or self.dry_run or "authorization.k8s.io" in self.path
        return not reading and self.status < 400


@dataclass(frozen=True)
class Route:
    """Where a path points to."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass
class Call:
    """One request on a resource."""

    method: str
    route: Route
    query: dict[str, str]
    body: Any
    content_type: str
    user: User
    agent: str = ""
    warnings: list[str] = field(default_factory=list)
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    """Every `command` of the query, in its order."""

    @property
    def dry_run(self) -> bool:
        """True for `dryRun=All`, in the query or in DeleteOptions. Raises 422 for any other value.

        A DELETE with a body is told by its body alone: there the query counts for nothing, as on the real server.
        """
        value: object = self.query.get("dryRun", "")
        if self.method == "DELETE" and isinstance(self.body, dict):
            listed = self.body.get("dryRun") or []
            value = listed[0] if listed else ""
        if value in ("", "All"):
            return value == "All"
        options = {"POST": "Create", "PUT": "Update", "PATCH": "Patch"}.get(self.method, "Delete") + "Options"
        message = f'Unsupported value: ["{value}"]: supported values: "All"'
        cause = {"reason": "FieldValueNotSupported", "message": message, "field": "dryRun"}
        text = f'{options}.meta.k8s.io "" is invalid: dryRun: {message}'
        details = {"group": "meta.k8s.io", "kind": options, "causes": [cause]}
        raise ApiError(422, "Invalid", text, details=details)

    @property
    def manager(self) -> str:
        """fieldManager, or the first word of the User-Agent."""
        return self.query.get("fieldManager") or self.agent.partition("/")[0] or "unknown"

    @property
    def validation(self) -> str:
        """fieldValidation: Strict, Warn (the server's default) or Ignore."""
        return self.query.get("fieldValidation") or "Warn"

    @property
    def metadata_only(self) -> bool:
        """True for a read that wants PartialObjectMetadata, or a list of it."""
        return "as=PartialObjectMetadata" in self.headers.get("Accept", "")

    def object(self) -> JsonObject:
        """The body as an object. Raises 415 for a body that is not JSON, 400 for anything else."""
        if self.content_type not in ("application/json", ""):
            raise unsupported_media_type("application/json")
        if not isinstance(self.body, dict):
            raise bad_request("the object provided is unrecognized: it must be a JSON object with a kind")
        return self.body

    def number(self, key: str) -> int | None:
        """A query parameter as a number. Raises 400 for text that is none."""
        text = self.query.get(key)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def parse_path(path: str, kinds: Kinds) -> Route:
    """`/api/v1/namespaces/n/pods/p/log` and its kin. Raises 404 for a path that nothing is served under."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_page()
    if not kinds.serves(group, version):
        raise no_such_page()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    kind = kinds.at(group, version, rest[0])
    if kind is None or len(rest) > 3 or bool(namespace) > kind.namespaced:
        raise no_such_kind()
    name, subresource = [*rest[1:], "", ""][:2]
    if subresource and subresource not in kind.subresources:
        raise no_such_kind()
    if name and kind.namespaced and not namespace:
        raise no_such_kind()
    return Route(kind, namespace, name, subresource)


def verb_of(method: str, name: str, query: dict[str, str]) -> str:
    """The RBAC verb of a request."""
    if method == "GET":
        if query.get("watch") in ("true", "1", "True"):
            return "watch"
        return "get" if name else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}[method]
