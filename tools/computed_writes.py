"""What an object would become by a write that the API server could not try: computed here, for a person to see."""

from __future__ import annotations

from tools.patch_bodies import names_containers
from tools.resources import JsonObject, JsonObjects, PatchType


def computed(live: JsonObject, body: JsonObject | JsonObjects, patch_type: PatchType) -> JsonObject | None:
    """The object with the patch; None where that cannot be told here."""
    if isinstance(body, list):
        return _patched(live, body)
    if patch_type == "merge" and not names_containers(body):
        return _merged(live, body)
    return None


def _patched(live: JsonObject, operations: JsonObjects) -> JsonObject | None:
    import jsonpatch
    import jsonpointer

    try:
        patched: JsonObject = jsonpatch.JsonPatch(operations).apply(live)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError):
        return None
    return patched


def _merged(live: JsonObject, body: JsonObject) -> JsonObject:
    """RFC 7386."""
    kept = {key: value for key, value in live.items() if key not in body}
    told = {
        key: _merged(live.get(key) or {}, value) if isinstance(value, dict) else value
        for key, value in body.items()
        if value is not None
    }
    return {**kept, **told}
