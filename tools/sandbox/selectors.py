"""Label and field selectors, in both of their spellings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tools.cluster import JsonObject
from tools.sandbox.errors import bad_request
from tools.sandbox.kinds import Kind

_SET = re.compile(r"^(?P<key>[^\s!=(),]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[^\s!=(),]+)\s*(?P<op>==|!=|=)\s*(?P<value>[^\s!=(),]*)$")
_EXISTS = re.compile(r"^(?P<not>!?)\s*(?P<key>[^\s!=(),]+)$")
_LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")

_FIELDS: Mapping[str, frozenset[str]] = {
    "pods": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    "events": frozenset(
        {f"involvedObject.{f}" for f in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")}
        | {"involvedObject.resourceVersion", "reason", "reportingComponent", "source", "type"}
    ),
    "nodes": frozenset({"spec.unschedulable"}),
    "namespaces": frozenset({"status.phase"}),
    "secrets": frozenset({"type"}),
    "jobs": frozenset({"status.successful"}),
}


@dataclass(frozen=True)
class Requirement:
    """One condition on one label; `op` is in, notin, exists or absent."""

    key: str
    op: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """`notin` holds for an object without the label, as the real server has it."""
        if self.op == "exists":
            return self.key in labels
        if self.op == "absent":
            return self.key not in labels
        inside = labels.get(self.key) in self.values if self.key in labels else False
        return inside if self.op == "in" else not inside


LabelSelector = tuple[Requirement, ...]


def parse_labels(text: str) -> LabelSelector:
    """`a=b,c in (d,e),!f`. Raises a 400 on anything else."""
    return tuple(_requirement(part) for part in _split(text) if part)


def from_object(selector: JsonObject | None) -> LabelSelector:
    """A LabelSelector object (`matchLabels`, `matchExpressions`); None selects nothing but an empty one all."""
    if selector is None:
        return (Requirement("", "in"),)
    found = [Requirement(k, "in", frozenset({v})) for k, v in (selector.get("matchLabels") or {}).items()]
    ops = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}
    for expression in selector.get("matchExpressions") or []:
        values = frozenset(expression.get("values") or [])
        found.append(Requirement(expression["key"], ops[expression["operator"]], values))
    return tuple(found)


def to_text(selector: JsonObject | None) -> str:
    """A LabelSelector object as `status.selector` of a Scale spells it."""
    parts = [f"{k}={v}" for k, v in sorted(((selector or {}).get("matchLabels") or {}).items())]
    for requirement in from_object({"matchExpressions": (selector or {}).get("matchExpressions") or []}):
        values = ",".join(sorted(requirement.values))
        spelled = {"exists": requirement.key, "absent": f"!{requirement.key}"}
        parts.append(spelled.get(requirement.op, f"{requirement.key} {requirement.op} ({values})"))
    return ",".join(parts)


def matches(selector: LabelSelector, obj: JsonObject) -> bool:
    """True if every requirement holds for the object's labels."""
    labels = obj.get("metadata", {}).get("labels") or {}
    return all(requirement.holds(labels) for requirement in selector)


FieldSelector = tuple[tuple[str, bool, str], ...]


def parse_fields(text: str, kind: Kind) -> FieldSelector:
    """`spec.nodeName=n1,status.phase!=Running`. Raises a 400 for a field that the kind does not index."""
    conditions = []
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        found = re.match(r"^(?P<key>[^!=]+?)(?P<op>==|!=|=)(?P<value>.*)$", part)
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        _require_supported(found["key"], kind)
        conditions.append((found["key"], found["op"] != "!=", found["value"]))
    return tuple(conditions)


def matches_fields(selector: FieldSelector, obj: JsonObject) -> bool:
    """True if every condition holds; a field that is absent is the empty string (false, for booleans)."""
    return all((_field(obj, key) == value) is equal for key, equal, value in selector)


def _require_supported(key: str, kind: Kind) -> None:
    own = _FIELDS.get(kind.plural, frozenset()) if kind.typed else frozenset()
    if key == "metadata.name" or (key == "metadata.namespace" and kind.namespaced) or key in own:
        return
    if own or not kind.typed:
        raise bad_request(f"field label not supported: {key}")
    raise bad_request(f'"{key}" is not a known field selector: only "metadata.name", "metadata.namespace"')


def _field(obj: JsonObject, path: str) -> str:
    if path == "source":
        return str((obj.get("source") or {}).get("component", ""))
    if path == "reportingComponent":
        return str(obj.get("reportingComponent", ""))
    value: object = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [*parts, current.strip()]


def _requirement(part: str) -> Requirement:
    if found := _SET.match(part):
        values = frozenset(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], found["op"], values)
    if found := _EQUAL.match(part):
        _require_value(found["value"])
        return Requirement(
            found["key"], "notin" if found["op"] == "!=" else "in", frozenset({found["value"]})
        )
    if found := _EXISTS.match(part):
        return Requirement(found["key"], "absent" if found["not"] else "exists")
    raise bad_request(f"unable to parse requirement: found '{part}', expected: ',' or 'end of string'")


def _require_value(value: str) -> None:
    if len(value) > 63 or not _LABEL_VALUE.match(value):
        raise bad_request(
            f"unable to parse requirement: values[0][]: Invalid value: {value!r}: a valid label must be an empty "
            "string or consist of alphanumeric characters, '-', '_' or '.'"
        )
