"""Whether an object has the form of its kind: unknown fields and values of the wrong type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tools.cluster import JsonObject
from tools.sandbox.fields import Field, types

_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "s": ((str,), "string"),
    "i": ((int,), "int32"),
    "f": ((int, float), "float64"),
    "b": ((bool,), "bool"),
    "n": ((int, str), "IntOrString"),
    "q": ((int, float, str), "Quantity"),
}


@dataclass
class Shape:
    """What a walk over an object found."""

    pruned: JsonObject
    """The object without its unknown fields."""
    unknown: list[str] = field(default_factory=list)
    """Paths of unknown fields, as strict decoding names them."""
    wrong: list[str] = field(default_factory=list)
    """Messages about values of the wrong type."""


def check(obj: JsonObject, type_name: str) -> Shape:
    """Walk over an object of a built-in kind; null counts as absent."""
    shape = Shape(pruned={})
    shape.pruned = _walk_object(obj, type_name, "", shape)
    return shape


def _walk_object(obj: JsonObject, type_name: str, path: str, shape: Shape) -> JsonObject:
    known = types().get(type_name)
    if known is None:
        return obj
    pruned: JsonObject = {}
    for key, value in obj.items():
        where = f"{path}.{key}" if path else key
        if key not in known:
            shape.unknown.append(where)
        elif value is not None:
            pruned[key] = _walk(value, known[key], f"{type_name}.{where}", where, shape)
    return pruned


def _walk(value: Any, declared: Field, owner: str, path: str, shape: Shape) -> Any:
    if declared.shape == "*":
        if not isinstance(value, list):
            return _wrong(value, f"[]{declared.type}", owner, shape)
        single = Field(declared.type)
        return [_walk(item, single, owner, f"{path}[{at}]", shape) for at, item in enumerate(value)]
    if declared.shape == "%":
        if not isinstance(value, dict):
            return _wrong(value, f"map[string]{declared.type}", owner, shape)
        single = Field(declared.type)
        return {key: _walk(item, single, owner, f"{path}.{key}", shape) for key, item in value.items()}
    if declared.type == "a":
        return value
    if declared.type in _SCALARS:
        accepted, name = _SCALARS[declared.type]
        fits = isinstance(value, accepted) and (bool in accepted or not isinstance(value, bool))
        return value if fits else _wrong(value, name, owner, shape)
    if not isinstance(value, dict):
        return _wrong(value, f"v1.{declared.type}", owner, shape)
    return _walk_object(value, declared.type, path, shape)


def _wrong(value: Any, wanted: str, owner: str, shape: Shape) -> Any:
    names = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
    got = names[type(value)]
    shape.wrong.append(f"json: cannot unmarshal {got} into Go struct field {owner} of type {wanted}")
    return value
