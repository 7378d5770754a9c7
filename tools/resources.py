"""How the Kubernetes API addresses the kinds that we read and write, and the marks that we leave on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from tools.errors import Invalid

JsonObject: TypeAlias = dict[str, Any]
JsonObjects: TypeAlias = list[JsonObject]
PatchType: TypeAlias = Literal["json", "merge", "strategic"]


@dataclass(frozen=True)
class Resource:
    """A kind as the API addresses it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    metadata_only: bool = False
    """Read as PartialObjectMetadata: the server leaves everything but `metadata` out of its answer."""

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """URL path; an empty namespace on a namespaced kind means all namespaces."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part]
        return "/".join(parts)


PODS = Resource("", "v1", "pods", "Pod")
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
EVENTS = Resource("", "v1", "events", "Event")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
SERVICES = Resource("", "v1", "services", "Service")
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap", metadata_only=True)
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
STATEFULSETS = Resource("apps", "v1", "statefulsets", "StatefulSet")
DAEMONSETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
CONTROLLER_REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
JOBS = Resource("batch", "v1", "jobs", "Job")
CRONJOBS = Resource("batch", "v1", "cronjobs", "CronJob")
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
LIMIT_RANGES = Resource("", "v1", "limitranges", "LimitRange")
POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics")
SCALED_OBJECTS = Resource("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
VERTICAL_SCALERS = Resource("autoscaling.k8s.io", "v1", "verticalpodautoscalers", "VerticalPodAutoscaler")
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
PERSISTENT_VOLUMES = Resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
CERTIFICATES = Resource("cert-manager.io", "v1", "certificates", "Certificate")
STORAGE_CLASSES = Resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False)
RULES_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False
)
ACCESS_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)

FIELD_MANAGER = "sre-agent"
CORDONED_BY = "sre-agent/cordoned-by"
"""Annotation on a node that we cordoned; only such a node is uncordoned (section 4.7)."""
SUSPENDED_BY = "sre-agent/suspended-by"
"""Annotation on a CronJob that we suspended; only such a one is resumed (section 4.8)."""
STAMP = "sre-agent/last-action"
"""Annotation that carries the ledger key of our last write on the object (R4.6)."""

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.:]{0,251}[A-Za-z0-9])?\Z")


def path_of(resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """URL path of an object. Names may come from an alert: what could leave the path is refused."""
    for part in (namespace, name):
        if part and not _NAME.match(part):
            raise Invalid(f"{part!r} cannot be the name of a Kubernetes object")
    return resource.path(namespace, name, subresource)


def request_name(
    method: str, resource: Resource, namespace: str = "", name: str = "", subresource: str = ""
) -> str:
    """What a request is called in messages: `GET deployments shop/web`."""
    kind = f"{resource.plural}/{subresource}" if subresource else resource.plural
    place = f"{namespace}/{name}" if namespace and name else namespace or name or "of all namespaces"
    return f"{method} {kind} {place}"
