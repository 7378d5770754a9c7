"""Objects that a pod template refers to by name: ConfigMaps, Secrets and claims, and how each is used.

Names only. A reference that is optional is kept apart: its object may rightly be missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from tools.resources import JsonObject

Use: TypeAlias = Literal["environment", "volume", "subpath", "pull"]
"""The environment is read when a container starts; a mounted volume follows a change, one by a subPath never does."""


class Reference(NamedTuple):
    """One use of one object."""

    kind: str
    name: str
    use: Use
    optional: bool = False


def references(template: JsonObject) -> tuple[Reference, ...]:
    """Each once, in the order of the template."""
    spec = template.get("spec") or {}
    found = [*_volumes(spec), *_environments(spec), *_pulls(spec)]
    return tuple(dict.fromkeys(reference for reference in found if reference.name))


def _containers(spec: JsonObject) -> list[JsonObject]:
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def _environments(spec: JsonObject) -> Iterator[Reference]:
    for container in _containers(spec):
        for source in container.get("envFrom") or []:
            yield from _pair(source.get("configMapRef"), source.get("secretRef"), "name", "environment")
        for variable in container.get("env") or []:
            value = variable.get("valueFrom") or {}
            yield from _pair(value.get("configMapKeyRef"), value.get("secretKeyRef"), "name", "environment")


def _volumes(spec: JsonObject) -> Iterator[Reference]:
    for volume in spec.get("volumes") or []:
        use: Use = "subpath" if _by_subpath(spec, str(volume.get("name", ""))) else "volume"
        yield from _pair(volume.get("configMap"), None, "name", use)
        yield from _pair(None, volume.get("secret"), "secretName", use)
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _pair(source.get("configMap"), source.get("secret"), "name", use)
        claim = volume.get("persistentVolumeClaim")
        if claim:
            yield Reference("PersistentVolumeClaim", str(claim.get("claimName", "")), use)


def _by_subpath(spec: JsonObject, volume: str) -> bool:
    mounts = [m for c in _containers(spec) for m in c.get("volumeMounts") or [] if m.get("name") == volume]
    return any(mount.get("subPath") or mount.get("subPathExpr") for mount in mounts)


def _pulls(spec: JsonObject) -> Iterator[Reference]:
    for secret in spec.get("imagePullSecrets") or []:
        yield Reference("Secret", str(secret.get("name", "")), "pull")


def _pair(config: JsonObject | None, secret: JsonObject | None, key: str, use: Use) -> Iterator[Reference]:
    for kind, source in (("ConfigMap", config), ("Secret", secret)):
        if source:
            yield Reference(kind, str(source.get(key, "")), use, bool(source.get("optional")))


def keys_named(template: JsonObject) -> tuple[str, ...]:
    """`Secret db key password`: single keys that its environment takes from ConfigMaps and Secrets."""
    found = []
    for container in _containers(template.get("spec") or {}):
        for variable in container.get("env") or []:
            value = variable.get("valueFrom") or {}
            for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                if taken := value.get(field):
                    found.append(f"{kind} {taken.get('name', '')} key {taken.get('key', '')}")
    return tuple(dict.fromkeys(found))
