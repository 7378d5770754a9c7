"""What an answer of the Kubernetes API means, in our own errors.

Pure: a status, headers and a body go in, an error of `tools.errors` comes out. The rules are R4.2 and R4.8 of
the Kubernetes specification: a failed JSON Patch test is 422 and means "read again", a 5xx on a write means
that nobody knows whether it happened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tools.errors import (
    Conflict,
    DryRunUnsupported,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    PermanentError,
    ToolError,
    TransientError,
    UnknownOutcome,
)

DISRUPTION_BUDGET = "DisruptionBudget"
"""`reason` of a 429 that is no throttling but a PodDisruptionBudget's no."""
RETRY_AFTER_CAP = 10.0
"""Seconds: a server that asks for more is asked again after this long."""

_PERMANENT: Mapping[int, type[PermanentError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
}
_NO_DRY_RUN = re.compile(r"admission webhook .{0,300} does not support dry run")
_WARNING = re.compile(r'^\d{3} \S+ "(.*)"$')


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, what: str, *, write: bool = False
) -> ToolError:
    """The error for an answer that is not 2xx; `what` names the request for a person."""
    document = _status_document(body)
    reason = str(document.get("reason") or "")
    message = f"{what}: {status} {_message(document, body)}".strip()
    if status == 422 and not _causes(document):
        # A failed JSON Patch test is a 422 without causes; a schema violation names fields.
        return Conflict(message, status=status, reason=reason)
    if status == 400 and _NO_DRY_RUN.search(_message(document, body)):
        return DryRunUnsupported(message, status=status, reason=reason)
    if status in _PERMANENT:
        return _PERMANENT[status](message + _advice(status), status=status, reason=reason)
    if status == 429:
        if _names_budget(document):
            reason, message = DISRUPTION_BUDGET, f"{message} {_cause_texts(document)}".strip()
        return TransientError(message, status=status, reason=reason, retry_after=retry_after(headers))
    if status == 501 and not write:
        return PermanentError(message, status=status, reason=reason)
    if status >= 500 and write:
        return UnknownOutcome(message, status=status, reason=reason)
    if status >= 500:
        return TransientError(message, status=status, reason=reason, retry_after=retry_after(headers))
    return Invalid(message, status=status, reason=reason)


def parse(body: bytes, what: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises TransientError: what is not JSON is a page of some proxy."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise TransientError(f"{what}: the answer is not JSON: {err}") from err
    if not isinstance(document, dict):
        raise TransientError(f"{what}: the answer is not an object")
    return document


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from `Retry-After`, capped; the date form counts as absent (the API server sends seconds)."""
    value = headers.get("Retry-After", "")
    return min(float(value), RETRY_AFTER_CAP) if value.isdigit() else None


def warnings_of(values: list[str]) -> tuple[str, ...]:
    """Texts of `Warning:` headers: `299 - "text"` becomes `text`."""
    texts = [match.group(1) if (match := _WARNING.match(value)) else value for value in values]
    return tuple(text.replace('\\"', '"') for text in texts)


def _status_document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _message(document: dict[str, Any], body: bytes) -> str:
    text = document.get("message") or body[:200].decode("utf-8", "replace").strip()
    return str(text)[:1000]


def _names_budget(document: dict[str, Any]) -> bool:
    return any(cause.get("reason") == DISRUPTION_BUDGET for cause in _listed_causes(document))


def _cause_texts(document: dict[str, Any]) -> str:
    return "; ".join(str(cause.get("message", "")) for cause in _listed_causes(document))[:500]


def _listed_causes(document: dict[str, Any]) -> list[dict[str, Any]]:
    details = document.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return [cause for cause in causes or [] if isinstance(cause, dict)]


def _causes(document: dict[str, Any]) -> bool:
    return any(cause.get("field") for cause in _listed_causes(document))


def _advice(status: int) -> str:
    if status == 401:
        return " (the token is missing, wrong or expired: check the kubeconfig or the ServiceAccount)"
    return ""
