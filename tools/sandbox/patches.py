"""The three patch formats, as the API server applies them."""

from __future__ import annotations

from typing import Any

from tools.cluster import JsonObject
from tools.sandbox.errors import ApiError, bad_request, unprocessable_patch
from tools.sandbox.fields import Field, field_of
from tools.sandbox.values import as_go_prints, copied

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

_DIRECTIVE = "$patch"
_ORDER = "$setElementOrder/"
_DELETE_PLAIN = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"


def json_patch(obj: JsonObject, operations: Any, *, ignore_tests: bool = False) -> JsonObject:
    """RFC 6902. Raises 400 for what is not a patch, 422 for one that does not apply or whose `test` fails."""
    import jsonpatch
    import jsonpointer

    if not isinstance(operations, list) or not all(isinstance(item, dict) for item in operations):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    if ignore_tests:
        operations = [item for item in operations if item.get("op") != "test"]
    try:
        patched = jsonpatch.JsonPatch(operations).apply(copied(obj), in_place=True)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise unprocessable_patch() from error
    if not isinstance(patched, dict):
        raise unprocessable_patch()
    return patched


def merge_patch(obj: Any, patch: Any) -> Any:
    """RFC 7386: null deletes, objects merge, everything else (lists too) replaces."""
    if not isinstance(patch, dict):
        return copied(patch)
    merged = dict(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def strategic_patch(obj: JsonObject, patch: JsonObject, type_name: str) -> JsonObject:
    """Kubernetes' own merge: lists join by the merge keys of the field tables, `$patch` directives are obeyed."""
    return _merge_object(obj, patch, type_name)


def _merge_object(obj: JsonObject, patch: JsonObject, type_name: str) -> JsonObject:
    directive = patch.get(_DIRECTIVE)
    if directive == "replace":
        return copied({key: value for key, value in patch.items() if key != _DIRECTIVE})
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise ApiError(500, "", f"unknown patch type: {directive} in map: {as_go_prints(patch)}")
    merged = dict(obj)
    if _RETAIN in patch:
        merged = {key: value for key, value in merged.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key.startswith(_DELETE_PLAIN):
            name = key.removeprefix(_DELETE_PLAIN)
            merged[name] = [item for item in merged.get(name) or [] if item not in value]
        elif not key.startswith("$"):
            _merge_key(merged, key, value, field_of(type_name, key), patch.get(_ORDER + key))
    return merged


def _merge_key(merged: JsonObject, key: str, value: Any, field: Field | None, order: Any) -> None:
    if value is None:
        merged.pop(key, None)
    elif isinstance(value, dict):
        before = merged.get(key)
        inner = field.type if field and not field.shape else ""
        merged[key] = _merge_object(before if isinstance(before, dict) else {}, value, inner)
    elif isinstance(value, list) and field and field.merge_key:
        merged[key] = _merge_list(merged.get(key) or [], value, field, order)
    else:
        merged[key] = copied(value)


def _merge_list(items: list[Any], patch: list[Any], field: Field, order: Any) -> list[Any]:
    if field.merge_key == "=":
        return _ordered(
            items, [*items, *(value for value in patch if value not in items)], order or patch, None
        )
    if any(isinstance(item, dict) and item.get(_DIRECTIVE) == "replace" for item in patch):
        return copied([item for item in patch if item.get(_DIRECTIVE) != "replace"])
    key = field.merge_key
    merged = {item.get(key): item for item in items}
    for item in patch:
        if key not in item:
            text = f"map: {as_go_prints(item)} does not contain declared merge key: {key}"
            raise ApiError(500, "", text)
        name = item[key]
        if item.get(_DIRECTIVE) == "delete":
            merged.pop(name, None)
        else:
            merged[name] = _merge_object(merged.get(name, {}), item, field.type)
    wanted = order if order is not None else [item for item in patch if item.get(_DIRECTIVE) != "delete"]
    return _ordered(items, list(merged.values()), wanted, key)


def _ordered(before: list[Any], merged: list[Any], wanted: list[Any], key: str | None) -> list[Any]:
    """Order as the server does it: patched items in the patch's order, the others kept where they were.

    An item that the patch brings new therefore comes first, not last.
    """

    def name(item: Any) -> Any:
        return item.get(key) if key is not None and isinstance(item, dict) else item

    server = [name(item) for item in before]
    rank = {name(item): position for position, item in enumerate(wanted)}
    right = sorted((item for item in merged if name(item) in rank), key=lambda item: rank[name(item)])
    left = [item for item in merged if name(item) not in rank]
    result = []
    while left and right:
        first, second = name(left[0]), name(right[0])
        known = first in server and second in server
        take_left = known and server.index(first) < server.index(second)
        result.append(left.pop(0) if take_left else right.pop(0))
    return [*result, *left, *right]
