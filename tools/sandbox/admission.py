"""What a LimitRange of the namespace fills in of a new pod, and what it or a ResourceQuota has against it.

As the API server's admission does and says it. Only pods are looked at: a workload whose pods will be refused is itself
accepted, and nothing is filled in of its template. Of a LimitRange's bounds only the most of a container and of a pod
counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from tools.cluster import JsonObject
from tools.quantities import format_quantity, parse_quantity
from tools.sandbox import kinds
from tools.sandbox.controllers.quotas import used_by
from tools.sandbox.world import World

_LIMIT_RANGE = next(kind for kind in kinds.BUILT_IN if kind.name == "LimitRange")


def fill(world: World, pod: JsonObject) -> None:
    """Amounts that its containers leave out. A limit of a container's own is its request, before any default."""
    entries = [
        entry
        for item in world.store.list(_LIMIT_RANGE, pod["metadata"].get("namespace", ""))
        for entry in item["spec"].get("limits") or []
        if entry.get("type") == "Container"
    ]
    spec = pod.get("spec") or {}
    for kind in ("initContainers", "containers"):
        if entries and spec.get(kind):
            spec = {**spec, kind: [_filled(container, entries) for container in spec[kind]]}
    pod["spec"] = spec


def _filled(container: JsonObject, entries: list[JsonObject]) -> JsonObject:
    own = container.get("resources") or {}
    limits, requests = own.get("limits") or {}, own.get("requests") or {}
    for entry in entries:
        requests = {**(entry.get("defaultRequest") or {}), **limits, **requests}
        limits = {**(entry.get("default") or {}), **limits}
    amounts = {"limits": limits, "requests": requests}
    return {**container, "resources": {**own, **{kind: found for kind, found in amounts.items() if found}}}


def refusal(world: World, pod: JsonObject) -> str:
    """Why the pod may not be made, or an empty string."""
    namespace = pod["metadata"].get("namespace", "")
    ranges = [why for item in world.store.list(_LIMIT_RANGE, namespace) for why in _beyond(item, pod)]
    if ranges:
        return ", ".join(ranges) if len(ranges) == 1 else f"[{', '.join(ranges)}]"
    quotas = world.store.list(kinds.RESOURCEQUOTA, namespace)
    return next((why for quota in quotas if (why := _exceeded(world, quota, pod))), "")


def forbidden(pod: JsonObject, why: str) -> str:
    """The server's whole sentence."""
    metadata = pod["metadata"]
    name = metadata.get("name") or metadata.get("generateName", "")
    return f'pods "{name}" is forbidden: {why}'


def _beyond(item: JsonObject, pod: JsonObject) -> Iterator[str]:
    for entry in item["spec"].get("limits") or []:
        for resource, most in sorted((entry.get("max") or {}).items()):
            for limit in _limits(entry.get("type"), resource, pod):
                if limit > parse_quantity(most):
                    told = format_quantity(limit, resource)
                    yield f"maximum {resource} usage per {entry['type']} is {most}, but limit is {told}"


def _limits(kind: object, resource: str, pod: JsonObject) -> list[float]:
    limits = [
        ((c.get("resources") or {}).get("limits") or {}).get(resource) for c in pod["spec"]["containers"]
    ]
    told = [parse_quantity(limit) for limit in limits if limit is not None]
    return told if kind == "Container" else [sum(told)] if kind == "Pod" and told else []


def _exceeded(world: World, quota: JsonObject, pod: JsonObject) -> str:
    hard: dict[str, str] = quota["spec"].get("hard") or {}
    name, pods = quota["metadata"]["name"], world.store.list(kinds.POD, pod["metadata"]["namespace"])
    over = []
    for key, most in sorted(hard.items()):
        asked, used = used_by(key, [pod]), used_by(key, pods)
        if asked and asked + used > parse_quantity(most) * (1 + 1e-9):
            over.append((key, format_quantity(asked, key), format_quantity(used, key), most))
    if not over:
        return ""
    requested, used_, limited = (",".join(f"{row[0]}={row[n]}" for row in over) for n in (1, 2, 3))
    return f"exceeded quota: {name}, requested: {requested}, used: {used_}, limited: {limited}"
