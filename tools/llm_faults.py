"""What went wrong with a model, and what it means for the next try (the fault table of ChatGroq 1.1).

Errors are told by what they carry, not by their class: the SDK raises its own, the JSON decoder's and plain
TypeErrors, depending on where an answer stops making sense. Nothing here imports the SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tools.bounded_calls import Busy
from tools.excerpts import message

Kind: TypeAlias = Literal[
    "gone",
    "rate_limited",
    "server_error",
    "timeout",
    "unreachable",
    "key_refused",
    "too_large",
    "rejected",
    "garbled",
    "truncated",
    "invalid",
    "busy",
    "not_installed",
    "unexpected",
]


@dataclass(frozen=True)
class Conduct:
    """What a kind of fault means for what comes after it."""

    again: bool = False
    """The same model may answer when asked once more."""
    others: bool = False
    """Another model of the list may answer."""
    down: bool = False
    """Counts for the circuit breaker: the service does not work."""


CONDUCT: Mapping[Kind, Conduct] = {
    "gone": Conduct(others=True),
    "rate_limited": Conduct(again=True, others=True, down=True),
    "server_error": Conduct(again=True, others=True, down=True),
    "timeout": Conduct(again=True, others=True, down=True),
    "unreachable": Conduct(again=True, down=True),
    "key_refused": Conduct(down=True),
    "too_large": Conduct(others=True),
    "rejected": Conduct(others=True),
    "garbled": Conduct(again=True, others=True, down=True),
    "truncated": Conduct(others=True),
    "invalid": Conduct(others=True),
    "busy": Conduct(),
    "not_installed": Conduct(down=True),
    "unexpected": Conduct(down=True),
}
_GONE = frozenset({"model_decommissioned", "model_not_found"})
_BY_STATUS: Mapping[int, Kind] = {
    401: "key_refused",
    403: "key_refused",
    413: "too_large",
    429: "rate_limited",
}
_WORDS: Mapping[Kind, str] = {
    "gone": "the model is gone",
    "rate_limited": "the rate limit is reached",
    "server_error": "the server failed",
    "timeout": "no answer in time",
    "unreachable": "the server cannot be reached",
    "key_refused": "the key is refused: check GROQ_API_KEY",
    "too_large": "the request is too large for the model",
    "rejected": "the request was rejected",
    "garbled": "the answer is not one of a model",
    "truncated": "the answer was cut off",
    "invalid": "the answer has the wrong form",
    "busy": "too many questions at once",
    "not_installed": "langchain-groq is not installed: pip install 'sre-agent[model]'",
    "unexpected": "an error that was not foreseen",
}


@dataclass(frozen=True)
class Fault:
    """One failed try."""

    kind: Kind
    detail: str = ""
    """Redacted, one line: the server's own words."""
    retry_after: float | None = None
    """Seconds that the server asked for."""

    @property
    def conduct(self) -> Conduct:
        """What it means for the next try."""
        return CONDUCT[self.kind]

    def __str__(self) -> str:
        return f"{_WORDS[self.kind]} ({self.detail})" if self.detail else _WORDS[self.kind]


class BadAnswer(Exception):
    """The model answered, and its answer may not be used."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def fault_of(error: BaseException) -> Fault:
    """The fault behind an exception of a call."""
    if isinstance(error, BadAnswer):
        return error.fault
    if isinstance(error, Busy):
        return Fault("busy")
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return _answered(status, error)
    return Fault(_silent(error), _words(error.__cause__ or error))


def _silent(error: BaseException) -> Kind:
    """No status: there was no answer, or none that could be read."""
    names = {cls.__name__ for cls in type(error).__mro__}
    if isinstance(error, TimeoutError) or "APITimeoutError" in names:
        return "timeout"
    if "APIConnectionError" in names:
        return "unreachable"
    if isinstance(error, ImportError):
        return "not_installed"
    if isinstance(error, (ValueError, TypeError, LookupError, AttributeError)):
        return "garbled"
    return "unexpected"


def _answered(status: int, error: BaseException) -> Fault:
    body = getattr(error, "body", None)
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    code = str(told.get("code") or "")
    detail = message(f"{status} {code} {told.get('message') or ''}", 160).strip()
    return Fault(_kind(status, code, bool(told)), detail, _retry_after(error))


def _kind(status: int, code: str, in_form: bool) -> Kind:
    # a 404 that is not in the API's form, or names the address, is a wrong GROQ_API_BASE: no model is to blame
    if code in _GONE or (status == 404 and in_form and code != "unknown_url"):
        return "gone"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500 or status == 408:
        return "server_error"
    if code in ("tool_use_failed", "json_validate_failed"):
        return "invalid"
    return "rejected" if status >= 400 else "garbled"


def _retry_after(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _words(error: BaseException) -> str:
    return message(f"{type(error).__name__}: {error}".removesuffix(": "), 160)
