"""What the StatefulSet controller makes for one ordinal: the pod and its claims, by names that stay the same."""

from __future__ import annotations

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.controllers import history
from tools.sandbox.values import copied


def pod_of(found: JsonObject, ordinal: int, revision: JsonObject) -> JsonObject:
    """The pod of an ordinal, of that revision."""
    name = f"{found['metadata']['name']}-{ordinal}"
    template = history.template_of(revision)
    metadata = template.get("metadata") or {}
    own = {
        "apps.kubernetes.io/pod-index": str(ordinal),
        "statefulset.kubernetes.io/pod-name": name,
        history.MARK: revision["metadata"]["name"],
    }
    spec = {**template["spec"], "hostname": name}
    if found["spec"].get("serviceName"):
        spec["subdomain"] = found["spec"]["serviceName"]
    if found["spec"].get("volumeClaimTemplates"):
        spec["volumes"] = [*(spec.get("volumes") or []), *_volumes(found, ordinal)]
    return {
        "metadata": {
            **metadata,
            "name": name,
            "generateName": f"{found['metadata']['name']}-",
            "namespace": found["metadata"]["namespace"],
            "labels": {**(metadata.get("labels") or {}), **own},
            "ownerReferences": [history.controlled_by(kinds.STATEFULSET, found)],
        },
        "spec": spec,
    }


def claims_of(found: JsonObject, ordinal: int) -> list[JsonObject]:
    """Its PersistentVolumeClaims, which nobody owns, so that they outlive the pod and the StatefulSet."""
    claims = []
    for template in found["spec"].get("volumeClaimTemplates") or []:
        labels = dict(found["spec"]["selector"].get("matchLabels") or {})
        metadata = {
            "name": _claim(found, template, ordinal),
            "namespace": found["metadata"]["namespace"],
            "labels": {**(template["metadata"].get("labels") or {}), **labels},
        }
        claims.append({"metadata": metadata, "spec": copied(template["spec"]), "status": {"phase": "Bound"}})
    return claims


def _volumes(found: JsonObject, ordinal: int) -> list[JsonObject]:
    return [
        {
            "name": template["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": _claim(found, template, ordinal)},
        }
        for template in found["spec"]["volumeClaimTemplates"]
    ]


def _claim(found: JsonObject, template: JsonObject, ordinal: int) -> str:
    return f"{template['metadata']['name']}-{found['metadata']['name']}-{ordinal}"
