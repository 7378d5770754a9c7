"""API errors with the Status bodies of the real server: code, reason, message, details and causes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from tools.cluster import JsonObject
from tools.sandbox.kinds import Kind


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong with an object."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


class ApiError(Exception):
    """A request that the API server answers with an error."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: JsonObject | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.details = details
        self.retry_after = retry_after

    def body(self) -> JsonObject:
        """The Status object that goes over the wire."""
        status: JsonObject = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        return {**status, "code": self.code}


def _details(kind: Kind, name: str) -> JsonObject:
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return {key: value for key, value in details.items() if value}


def not_found(kind: Kind, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{kind.qualified} "{name}" not found', details=_details(kind, name))


class PageNotFound(ApiError):
    """A path below no group that is served: the one error without a Status body."""


def no_such_page() -> ApiError:
    """404 as plain text."""
    return PageNotFound(404, "NotFound", "404 page not found")


def no_such_kind() -> ApiError:
    """A plural that the group does not serve."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(kind: Kind, name: str) -> ApiError:
    message = f'{kind.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_details(kind, name))


STALE = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(kind: Kind, name: str, why: str = STALE) -> ApiError:
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_details(kind, name))


def precondition_failed(kind: Kind, name: str, key: str, wanted: str, present: str) -> ApiError:
    """409 of a deletion that was bound to another object, or to another state of it."""
    word, since = ("UID", "deleted and then recreated") if key == "uid" else ("ResourceVersion", "modified")
    message = (
        f'Operation cannot be fulfilled on {kind.qualified_kind} "{name}": the {word} in the precondition ({wanted}) '
        f"does not match the {word} in record ({present}). The object might have been {since}"
    )
    details = {"name": name, "group": kind.group, "kind": kind.name}
    return ApiError(409, "Conflict", message, details={k: v for k, v in details.items() if v})


def terminating(kind: Kind, name: str, namespace: str) -> ApiError:
    """403 of a creation in a namespace that is going away."""
    why = f"namespace {namespace} is being terminated"
    message = (
        f'{kind.qualified} "{name}" is forbidden: unable to create new content in namespace {namespace} because it '
        "is being terminated"
    )
    cause = {"reason": "NamespaceTerminating", "message": why, "field": "metadata.namespace"}
    return ApiError(403, "Forbidden", message, details={**_details(kind, name), "causes": [cause]})


def not_admitted(kind: Kind, name: str, why: str) -> ApiError:
    """403 of an object that a ResourceQuota or a LimitRange has something against."""
    message = f'{kind.qualified} "{name}" is forbidden: {why}'
    return ApiError(403, "Forbidden", message, details=_details(kind, name))


def invalid(kind: Kind, name: str, causes: Sequence[Cause]) -> ApiError:
    """422 with one cause for each thing that is wrong."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: JsonObject = {
        "name": name,
        "group": kind.group,
        "kind": kind.name,
        "causes": [
            {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes
        ],
    }
    details = {key: value for key, value in details.items() if value}
    return ApiError(422, "Invalid", f'{kind.qualified_kind} "{name}" is invalid: {text}', details=details)


def unprocessable_patch() -> ApiError:
    """A JSON Patch that does not apply: the real server hides why."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, details={})


def invalid_patch(value: str, why: str) -> ApiError:
    """A patch whose result is not of the kind's form."""
    message = f"Invalid value: {json.dumps(value)}: {why}"
    details = {"causes": [{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]}
    return ApiError(422, "Invalid", f' "" is invalid: patch: {message}', details=details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def unsupported_patch() -> ApiError:
    """A built-in kind that is patched in no known format: the real server does not list the formats here."""
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", details={})


def unsupported_media_type(accepted: str) -> ApiError:
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiError(415, "UnsupportedMediaType", message)


def method_not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, details={})


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def too_many_requests(message: str, cause: str, *, retry_after: int | None = None) -> ApiError:
    """An eviction that a PodDisruptionBudget refuses."""
    details: JsonObject = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_after is not None:
        details["retryAfterSeconds"] = retry_after
    return ApiError(429, "TooManyRequests", message, details=details, retry_after=retry_after)
