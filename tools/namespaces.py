"""What a namespace's owner says: the label `sre-agent/mode`, which may narrow the mode and never widens it."""

from __future__ import annotations

from tools.cluster import ClusterReader
from tools.errors import NotFound
from tools.records import RbacRule
from tools.resources import NAMESPACES

MODE_LABEL = "sre-agent/mode"
RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="namespaces", verbs=("get",), cluster=True),)


def mode_label(cluster: ClusterReader, namespace: str) -> str:
    """The label's value, empty where there is none: neither a namespace that is gone nor no namespace has one.

    Raises ToolError.
    """
    if not namespace:
        return ""
    try:
        found = cluster.get(NAMESPACES, "", namespace)
    except NotFound:
        return ""
    return str((found["metadata"].get("labels") or {}).get(MODE_LABEL, ""))
