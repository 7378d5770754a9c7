"""What each answer of the API server means, in our own errors."""

from __future__ import annotations

import json

import pytest

from tools.answers import RETRY_AFTER_CAP, error_of, parse, retry_after, warnings_of
from tools.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    PermanentError,
    ToolError,
    TransientError,
    UnknownOutcome,
)


def body(message: str = "no", reason: str = "", **details: object) -> bytes:
    return json.dumps({"kind": "Status", "message": message, "reason": reason, "details": details}).encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, Gone),
        (302, Invalid),
    ],
)
@pytest.mark.parametrize("write", [True, False])
def test_lasting_refusals(status: int, kind: type[ToolError], write: bool) -> None:
    """A refusal means the same for reads and writes, and carries status, reason and message."""
    err = error_of(status, {}, body("why", "Because"), "GET pods shop/web", write=write)
    assert type(err) is kind
    assert (err.status, err.reason) == (status, "Because")
    assert "GET pods shop/web" in str(err)
    assert "why" in str(err)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_on_a_write_leaves_the_outcome_unknown(status: int) -> None:
    """The server may have done it; on a read it only means: again."""
    assert type(error_of(status, {}, b"", "PATCH", write=True)) is UnknownOutcome
    assert type(error_of(status, {}, b"", "GET")) is TransientError


def test_what_a_server_does_not_implement_is_not_asked_for_again() -> None:
    """501 on a read lasts, as of a kind that a recording does not hold; of a write nobody knows what was behind it."""
    read = error_of(501, {}, body("not captured", "NotCaptured"), "LIST events")
    assert type(read) is PermanentError
    assert read.reason == "NotCaptured"
    assert type(error_of(501, {}, b"", "PATCH", write=True)) is UnknownOutcome


def test_too_many_requests_is_certainly_not_done() -> None:
    """A write that was throttled can be sent again, when the server says."""
    err = error_of(429, {"Retry-After": "3"}, body(), "PATCH", write=True)
    assert isinstance(err, TransientError)
    assert err.retry_after == 3


def test_a_budget_that_says_no_is_told_from_throttling() -> None:
    """Both are 429: the cause names the PodDisruptionBudget, and its words are kept."""
    causes = [{"reason": "DisruptionBudget", "message": "The disruption budget web needs 3 healthy pods"}]
    document = {"message": "Cannot evict pod", "reason": "TooManyRequests", "details": {"causes": causes}}
    err = error_of(429, {}, json.dumps(document).encode(), "POST", write=True)
    assert (type(err), err.reason) == (TransientError, "DisruptionBudget")
    assert str(err).endswith("Cannot evict pod The disruption budget web needs 3 healthy pods")
    throttled = error_of(429, {}, body("too many requests", "TooManyRequests"), "POST", write=True)
    assert throttled.reason == "TooManyRequests"


def test_a_failed_json_patch_test_is_a_conflict() -> None:
    """422 without causes is what a failed `test` operation gives: the object is not as the request said."""
    text = "the server rejected our request due to an error in our request"
    assert type(error_of(422, {}, body(text, "Invalid"), "PATCH", write=True)) is Conflict


def test_a_schema_violation_is_invalid() -> None:
    """422 with the fields that are wrong will never be right."""
    causes = [{"field": "spec.template.spec.containers[0].image", "reason": "FieldValueRequired"}]
    assert type(error_of(422, {}, body(causes=causes), "PATCH", write=True)) is Invalid


@pytest.mark.parametrize(
    "content", [b"", b"<html>Bad gateway</html>", b"[1, 2]", b'{"details": null}', b"\xff\xfe"]
)
def test_an_answer_that_is_no_status_object(content: bytes) -> None:
    """A proxy's page, nothing at all: still the error of its status."""
    assert isinstance(error_of(404, {}, content, "GET"), NotFound)


def test_an_unknown_token_says_what_to_check() -> None:
    """401 names the token, 403 does not."""
    assert "kubeconfig" in str(error_of(401, {}, body(), "GET"))
    assert "kubeconfig" not in str(error_of(403, {}, body(), "GET"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2.0), ("86400", RETRY_AFTER_CAP), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)],
)
def test_retry_after_is_capped(value: str, seconds: float | None) -> None:
    """A server cannot park us for a day; what is no number counts as absent."""
    assert retry_after({"Retry-After": value}) == seconds


def test_warnings_lose_their_wrapping() -> None:
    """`299 - "text"` is shown as its text."""
    assert warnings_of(['299 - "apps/v1beta1 is \\"gone\\""', "odd"]) == ('apps/v1beta1 is "gone"', "odd")


@pytest.mark.parametrize("content", [b"<html>", b"[]", b""])
def test_what_is_not_a_json_object_may_be_one_next_time(content: bytes) -> None:
    """A captive page in between is no answer of the API server."""
    with pytest.raises(TransientError, match="GET pods"):
        parse(content, "GET pods")
