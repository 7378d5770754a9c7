"""Errors as RFC 9457 problems: a stable `type`, what happened, and what to do.

A route raises `Problem`; nothing here knows routes. Whoever asks for HTML gets the same words as a page.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from tools.errors import Invalid, NotFound, Refused, StoreError, TransientError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is an error. `detail` says what to do about it."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(f"{status} {kind}: {detail}")
        self.status = status
        self.kind = kind
        """Last part of the stable `type`: `/problems/<kind>`."""
        self.title = title
        self.detail = detail
        self.headers = headers or {}
        self.members = members
        """Extension members, e.g. `incident="/incidents/…"`."""

    def body(self) -> dict[str, Any]:
        """The RFC 9457 object."""
        return {
            "type": f"/problems/{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }


def wants_html() -> bool:
    """Whether this client prefers a page to JSON. A client that takes anything does not."""
    accept = request.accept_mimetypes
    return accept["text/html"] > accept["application/json"]


def wants_json() -> bool:
    """Whether this client prefers JSON to a page. A client that takes anything does not."""
    accept = request.accept_mimetypes
    return accept["application/json"] > accept["text/html"]


def answer(problem: Problem) -> Response:
    """The response for a problem, with the request id to ask about it."""
    body = problem.body() | {"request_id": g.get("request_id", "")}
    if wants_html():
        response = make_response(render_template("problem.html", problem=body), problem.status)
    else:
        response = jsonify(body)
        response.status_code = problem.status
        response.mimetype = MEDIA_TYPE
    response.headers.update(problem.headers)
    return response


_HTTP = {
    400: ("bad-request", "The request could not be read: {description}"),
    404: ("not-found", "There is nothing at this address; begin at /."),
    405: ("method-not-allowed", "This address does not take {method}. It takes: {allow}."),
    413: ("body-too-large", "The body is larger than this server takes ({limit} bytes): send less at once."),
    415: ("unsupported-media-type", "Send JSON with Content-Type: application/json, or a form."),
}


def _from_http(error: HTTPException) -> Problem:
    status = error.code or 500
    kind, words = _HTTP.get(status, (f"http-{status}", "{description}"))
    allow = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    detail = words.format(
        description=error.description or error.name,
        method=request.method,
        allow=allow,
        limit=request.max_content_length,
    )
    return Problem(status, kind, error.name, detail, headers={"Allow": allow} if allow else None)


def _internal() -> Problem:
    request_id = g.get("request_id", "unknown")
    return Problem(
        500,
        "internal",
        "Internal error",
        f"This is a defect of the agent. Look for request_id={request_id} in its log and report that line.",
    )


def register(app: Flask) -> None:
    """Answer every error of this app as a problem."""

    def on_problem(error: Problem) -> Response:
        return answer(error)

    def on_csrf(error: CSRFError) -> Response:
        detail = f"{error.description} Load the page again and send the form from there."
        return answer(Problem(400, "csrf", "The form's token is missing or too old", detail))

    def on_http(error: HTTPException) -> Response:
        return answer(_internal() if error.code == 500 else _from_http(error))

    def on_missing(error: NotFound) -> Response:
        return answer(Problem(404, "not-found", "Not found", f"{error}. GET /incidents lists what there is."))

    def on_invalid(error: Invalid) -> Response:
        return answer(Problem(400, "bad-request", "Cannot be taken", str(error)))

    def on_refused(error: Refused) -> Response:
        return answer(Problem(409, "refused", "Refused by the agent's own rules", str(error)))

    def on_transient(error: TransientError) -> Response:
        detail = f"{error}. Nothing was changed; try again, and see GET /health for what is down."
        retry = {"Retry-After": str(int(error.retry_after or 5))}
        return answer(Problem(503, "unavailable", "Not available now", detail, headers=retry))

    def on_store(error: StoreError) -> Response:
        detail = f"{error}. Nothing was stored; try again when that is mended."
        return answer(Problem(503, "store-unavailable", "The record is not available", detail))

    app.register_error_handler(Problem, on_problem)
    app.register_error_handler(CSRFError, on_csrf)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(NotFound, on_missing)
    app.register_error_handler(Invalid, on_invalid)
    app.register_error_handler(Refused, on_refused)
    app.register_error_handler(TransientError, on_transient)
    app.register_error_handler(StoreError, on_store)
