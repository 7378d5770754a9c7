"""What each entry of the ledger claims to have asked of the API server, as the audit log would have it.

A patch leaves the entry's key as a stamp. What carries no stamp is tied to its entry by what it names: the uid that an
eviction or a deletion is bound to, the number that a scaling asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from tools.ledger import LedgerEntry

Claim: TypeAlias = tuple[str, ...]
"""Verb, API group, resource with its subresource, namespace, name, and the mark that ties the two together."""
STAMP = "sre-agent/last-action"
STAMP_PATH = f"/metadata/annotations/{STAMP.replace('/', '~1')}"
WORKLOADS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
PATCHED: Mapping[str, tuple[str, str]] = {
    "cordon_node": ("", "nodes"),
    "uncordon_node": ("", "nodes"),
    "drain_node": ("", "nodes"),
    "suspend_cronjob": ("batch", "cronjobs"),
    "resume_cronjob": ("batch", "cronjobs"),
    "set_hpa_maximum": ("autoscaling", "horizontalpodautoscalers"),
    "expand_pvc": ("", "persistentvolumeclaims"),
}
"""Group and resource of what these actions stamp; those that are not named stamp their workload."""
DELETED = {"delete_job": ("batch", "jobs"), "delete_deployment": ("apps", "deployments")}


def claim_of(entry: LedgerEntry) -> Claim:
    """The request that the entry stands for."""
    action, args = entry.call.name, entry.call.args
    namespace, name, uid = (str(args[key]) for key in ("namespace", "name", "uid"))
    if args.get("pod_uid"):
        return _eviction(str(args["pod_namespace"]), str(args["pod"]), str(args["pod_uid"]))
    if action == "delete_pod":
        return _eviction(namespace, name, uid)
    if action in DELETED:
        return ("delete", *DELETED[action], namespace, name, uid)
    plural = WORKLOADS[str(args.get("kind", "Deployment"))]
    if action == "scale_deployment":
        return ("patch", "apps", f"{plural}/scale", namespace, name, _replicas(args["replicas"]))
    return ("patch", *PATCHED.get(action, ("apps", plural)), namespace, name, entry.key)


def mark_of(body: Any) -> str:
    """What in the body of a request ties it to its entry; empty for one that carries nothing of the kind."""
    if isinstance(body, list):
        return _stamp(body)
    options = (body or {}).get("deleteOptions") or body or {}
    if uid := (options.get("preconditions") or {}).get("uid"):
        return str(uid)
    replicas = ((body or {}).get("spec") or {}).get("replicas")
    return _replicas(replicas) if replicas is not None else ""


def _eviction(namespace: str, pod: str, uid: str) -> Claim:
    return ("create", "", "pods/eviction", namespace, pod, uid)


def _replicas(count: object) -> str:
    return f"{count} replicas"


def _stamp(operations: list[Any]) -> str:
    for operation in operations:
        if operation["path"] == STAMP_PATH:
            return str(operation["value"])
        if operation["path"] == "/metadata/annotations":
            return str(operation["value"].get(STAMP, ""))
    return ""
