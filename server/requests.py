"""What every request gets: an id, a bounded body, security headers, and one line in the log."""

from __future__ import annotations

import re
import uuid

import structlog
from flask import Flask, Response, g, request

from server.parts import AppParts

WEBHOOK_BYTES = 16 * 1024 * 1024
OTHER_BYTES = 64 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Under no-referrer a browser sends `Origin: null` with our own forms, and the origin check refuses them.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
log = structlog.get_logger("server.http")


def install(app: Flask, parts: AppParts) -> None:
    """Register it on this app, before anything that may refuse a request."""

    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        g.started = parts.timer()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        if request.path != "/webhook":
            request.max_content_length = OTHER_BYTES

    def finish(response: Response) -> Response:
        seconds = parts.timer() - g.started
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Request-ID"] = g.request_id
        _record(parts, response, seconds)
        return response

    def forget(_error: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("request_id")

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(forget)


def _record(parts: AppParts, response: Response, seconds: float) -> None:
    route = request.url_rule.rule if request.url_rule else "none"
    parts.metrics.request(request.method, route, response.status_code, seconds)
    level = "debug" if request.path in _QUIET and response.status_code < 400 else "info"
    getattr(log, level)(
        "request",
        method=request.method,
        path=request.path,
        route=route,
        status=response.status_code,
        milliseconds=round(seconds * 1000, 1),
        remote=request.remote_addr,
        actor=g.get("actor", ""),
    )
