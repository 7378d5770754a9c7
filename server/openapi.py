"""`GET /openapi.json`, made from the app's own routes, and `GET /docs`, the same as a page without foreign assets.

Paths, methods, path parameters and roles are read off the routes; words, bodies and answers stand in `api_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint, Flask, current_app, render_template
from werkzeug.routing import Rule

from server.api_words import BODIES, PARAMETERS, SCHEMAS, TITLES, Words
from server.auth import Auth

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
_PROBLEMS = {
    "400": "cannot be read",
    "401": "a token is needed",
    "403": "the role may not do this, or another site sent it",
    "404": "not there",
    "503": "not available now, see Retry-After",
}


def document(app: Flask) -> dict[str, Any]:
    """The API as OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for rule, method in routes(app):
        place = _ARGUMENT.sub(r"{\1}", rule.rule)
        paths.setdefault(place, {})[method.lower()] = _operation(app, rule, method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SRE agent",
            "version": _version(),
            "description": "Takes Alertmanager webhooks, proves what is wrong in a Kubernetes cluster, asks or acts, "
            "verifies, and undoes. Errors are application/problem+json with a stable type.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**SCHEMAS, "Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route of the app that people and programs may use, with each of its methods."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint != "static":
            yield from ((rule, method) for method in _METHODS if method in (rule.methods or ()))


def words_of(app: Flask, rule: Rule, method: str) -> Words:
    """What is said of a route; the first line of its view's docstring where nothing else is."""
    told = TITLES.get((method, rule.rule))
    if told:
        return told
    text = (app.view_functions[rule.endpoint].__doc__ or "").strip().splitlines()
    return Words(text[0] if text else "")


def _operation(app: Flask, rule: Rule, method: str) -> dict[str, Any]:
    words = words_of(app, rule, method)
    role = getattr(app.view_functions[rule.endpoint], "role", None)
    found: dict[str, Any] = {
        "operationId": f"{method.lower()}_{re.sub(r'[^a-z0-9]+', '_', rule.rule.lower()).strip('_') or 'root'}",
        "summary": words.summary,
        "tags": [words.group],
        "parameters": [*_path_parameters(rule), *PARAMETERS.get((method, rule.rule), ())],
        "responses": _responses(words, guarded=role is not None),
    }
    if role:
        found["description"] = (
            f"For {role}s and above. Without AUTH_TOKENS_FILE, for everybody on this machine."
        )
        found["security"] = [{"token": []}]
    if body := BODIES.get((method, rule.rule)):
        found["requestBody"] = {
            "required": bool(body.get("required")),
            "content": {"application/json": {"schema": body}},
        }
    return found


def _path_parameters(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _ARGUMENT.findall(rule.rule)
    ]


def _responses(words: Words, *, guarded: bool) -> dict[str, Any]:
    good = {
        media: {"schema": {"$ref": f"#/components/schemas/{words.answer}"} if words.answer else {}}
        for media in words.media
    }
    found: dict[str, Any] = {str(words.status): {"description": words.answers, "content": good}}
    codes = {*(_PROBLEMS if guarded else ("400", "503")), *words.problems}
    for code in sorted(codes):
        schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
        described = words.problems.get(code) or _PROBLEMS.get(code, "refused")
        found[code] = {"description": described, "content": {"application/problem+json": schema}}
    return found


_PROBLEM_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "RFC 9457: what happened and what to do about it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Stable: /problems/<kind>."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What to do."},
        "request_id": {"type": "string"},
    },
}


def _version() -> str:
    try:
        return version("sre-agent")
    except PackageNotFoundError:
        return "0"


def blueprint(auth: Auth) -> Blueprint:
    """The routes, for viewers."""
    pages = Blueprint("openapi", __name__)

    @pages.get("/openapi.json")
    @auth.needs("viewer")
    def api() -> dict[str, Any]:
        return document(current_app)

    @pages.get("/docs")
    @auth.needs("viewer")
    def docs() -> str:
        return render_template("docs.html", api=document(current_app))

    return pages
