"""Reading what a person sends: JSON or a form, only the fields that are known, each bounded."""

from __future__ import annotations

from collections.abc import Collection

from flask import request
from werkzeug.exceptions import BadRequest

from server.problems import Problem

LONGEST = 2000
"""Characters of one field."""


def read_fields(allowed: Collection[str], refusal: str, apart: Collection[str] = ()) -> dict[str, str]:
    """The fields of the body, all text; an absent body has none. Those that stand `apart` others read.

    Raises a 422 problem for fields that are not allowed, explained by `refusal`, and for values that are no
    text or too long; a 400 problem for broken JSON.
    """
    fields = _raw_fields()
    for name in ("csrf_token", *apart):
        fields.pop(name, None)
    unknown = sorted(set(fields) - set(allowed))
    if unknown:
        words = f"Not known here: {', '.join(map(repr, unknown))}. {refusal}"
        raise Problem(422, "unknown-fields", "Fields that cannot be taken", words)
    for name, value in fields.items():
        if not isinstance(value, str) or len(value) > LONGEST:
            raise Problem(
                422,
                "bad-field",
                "A field cannot be taken",
                f"{name} must be text of at most {LONGEST} characters.",
            )
    return {name: str(value).strip() for name, value in fields.items()}


def _raw_fields() -> dict[str, object]:
    if request.is_json:
        return _json_fields()
    fields: dict[str, object] = dict(request.form.items())
    if not fields and request.content_length and not request.form and not _is_form():
        raise Problem(
            415,
            "unsupported-media-type",
            "Neither JSON nor a form",
            "Send JSON with the header Content-Type: application/json.",
        )
    if any(name.lstrip().startswith("{") for name in fields):
        raise Problem(
            415,
            "unsupported-media-type",
            "JSON that is announced as a form",
            "Add the header: curl -H 'Content-Type: application/json' …",
        )
    return fields


def _is_form() -> bool:
    return request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")


def _json_fields() -> dict[str, object]:
    if not request.get_data(cache=True):
        return {}
    try:
        document = request.get_json()
    except BadRequest as err:
        raise Problem(400, "bad-json", "Not JSON", f"The body is not JSON: {err.description}") from err
    if not isinstance(document, dict):
        raise Problem(400, "bad-json", "Not a JSON object", 'Send an object like {"reason": "…"}.')
    return document
