"""What the server says about itself: version, groups, resources."""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.sandbox.kinds import Kind, Kinds

_VERBS = ["create", "delete", "get", "list", "patch", "update"]
VERSION: JsonObject = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.4+sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}


def api_versions() -> JsonObject:
    """`/api`."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def api_groups(kinds: Kinds) -> JsonObject:
    """`/apis`."""
    groups: dict[str, str] = {"authorization.k8s.io": "v1"}
    for kind in kinds:
        if kind.group:
            groups.setdefault(kind.group, kind.version)
    listed = [_group(name, version) for name, version in sorted(groups.items())]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}


def api_resources(kinds: Kinds, group: str, version: str) -> JsonObject | None:
    """`/api/v1`, `/apis/<group>/<version>`; None for one that is not served."""
    served = [kind for kind in kinds if (kind.group, kind.version) == (group, version)]
    if not served:
        return None
    resources = [entry for kind in served for entry in _resource(kind)]
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": resources}


def _group(name: str, version: str) -> JsonObject:
    served = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [served], "preferredVersion": served}


def _resource(kind: Kind) -> list[JsonObject]:
    own: JsonObject = {
        "name": kind.plural,
        "singularName": kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": _VERBS,
    }
    below = [
        {
            "name": f"{kind.plural}/{sub}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": kind.name,
            "verbs": ["get", "patch", "update"],
        }
        for sub in kind.subresources
    ]
    return [own, *below]
