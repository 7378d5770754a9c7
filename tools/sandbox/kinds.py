"""The kinds that the sandbox serves: where each lives in the API and which rules hold for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.cluster import JsonObject

STATUS = "status"
SCALE = "scale"


@dataclass(frozen=True)
class Kind:
    """One kind as the API addresses it, and what the server does with its objects."""

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool = True
    typed: bool = True
    """False where there is no field table: no strategic merge, no unknown fields."""
    generation: bool = False
    """True where metadata.generation counts changes of the spec."""
    custom: bool = False
    """True for custom resources: their list items carry kind and apiVersion."""
    subresources: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`deployments.apps`, `pods`: how messages name the resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """`Deployment.apps`, `Pod`: how messages name the kind."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def key(self) -> tuple[str, str]:
        """Identity in the store: objects of two versions of one kind are the same objects."""
        return (self.group, self.plural)


def _core(name: str, plural: str = "", *, namespaced: bool = True, status: bool = False) -> Kind:
    subresources = (STATUS,) if status else ()
    return Kind(name, "", "v1", plural or name.lower() + "s", namespaced, subresources=subresources)


def _rbac(name: str, *, namespaced: bool) -> Kind:
    return Kind(name, "rbac.authorization.k8s.io", "v1", name.lower() + "s", namespaced)


def _workload(name: str, group: str, *, scale: bool = False, plural: str = "") -> Kind:
    subresources = (STATUS, SCALE) if scale else (STATUS,)
    return Kind(name, group, "v1", plural or name.lower() + "s", generation=True, subresources=subresources)


POD = Kind(
    "Pod", "", "v1", "pods", generation=True, subresources=(STATUS, "log", "eviction", "binding", "exec")
)
NODE = _core("Node", namespaced=False, status=True)
NAMESPACE = _core("Namespace", namespaced=False, status=True)
EVENT = _core("Event")
SERVICE = _core("Service", status=True)
CONFIGMAP = _core("ConfigMap")
SECRET = _core("Secret")
SERVICEACCOUNT = Kind("ServiceAccount", "", "v1", "serviceaccounts", subresources=("token",))
RESOURCEQUOTA = _core("ResourceQuota", status=True)
DEPLOYMENT = _workload("Deployment", "apps", scale=True)
REPLICASET = _workload("ReplicaSet", "apps", scale=True)
STATEFULSET = _workload("StatefulSet", "apps", scale=True)
DAEMONSET = _workload("DaemonSet", "apps")
CONTROLLER_REVISION = Kind("ControllerRevision", "apps", "v1", "controllerrevisions")
JOB = _workload("Job", "batch")
CRONJOB = _workload("CronJob", "batch")
CLAIM = _core("PersistentVolumeClaim", status=True)
VOLUME = Kind("PersistentVolume", "", "v1", "persistentvolumes", namespaced=False, typed=False)
STORAGE_CLASS = Kind("StorageClass", "storage.k8s.io", "v1", "storageclasses", namespaced=False, typed=False)
POD_DISRUPTION_BUDGET = _workload("PodDisruptionBudget", "policy")
AUTOSCALER = Kind(
    "HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers", subresources=(STATUS,)
)
POD_METRICS = Kind("PodMetrics", "metrics.k8s.io", "v1beta1", "pods", typed=False)
ROLE = _rbac("Role", namespaced=True)
ROLEBINDING = _rbac("RoleBinding", namespaced=True)
CLUSTERROLE = _rbac("ClusterRole", namespaced=False)
CLUSTERROLEBINDING = _rbac("ClusterRoleBinding", namespaced=False)

BUILT_IN: tuple[Kind, ...] = (
    POD,
    NODE,
    NAMESPACE,
    EVENT,
    SERVICE,
    CONFIGMAP,
    SECRET,
    SERVICEACCOUNT,
    RESOURCEQUOTA,
    _core("LimitRange"),
    CLAIM,
    DEPLOYMENT,
    REPLICASET,
    STATEFULSET,
    DAEMONSET,
    CONTROLLER_REVISION,
    JOB,
    CRONJOB,
    AUTOSCALER,
    POD_DISRUPTION_BUDGET,
    POD_METRICS,
    Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices", generation=True),
    ROLE,
    ROLEBINDING,
    CLUSTERROLE,
    CLUSTERROLEBINDING,
    Kind("Lease", "coordination.k8s.io", "v1", "leases", typed=False),
    STORAGE_CLASS,
    VOLUME,
    Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies", generation=True, typed=False),
    Kind("Ingress", "networking.k8s.io", "v1", "ingresses", generation=True, typed=False),
)


class Kinds:
    """The kinds of one server: the built-in ones and the custom ones that its objects brought along."""

    def __init__(self, kinds: Iterable[Kind] = BUILT_IN) -> None:
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        self._by_name: dict[tuple[str, str], Kind] = {}
        for kind in kinds:
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_path.values())

    def add(self, kind: Kind) -> None:
        """Serve this kind from now on."""
        self._by_path[kind.group, kind.version, kind.plural] = kind
        self._by_name[kind.api_version, kind.name] = kind

    def remove(self, kind: Kind) -> None:
        """Serve this kind no more."""
        del self._by_path[kind.group, kind.version, kind.plural]
        del self._by_name[kind.api_version, kind.name]

    def serves(self, group: str, version: str) -> bool:
        """True if some kind of this group and version is served."""
        return any((kind.group, kind.version) == (group, version) for kind in self)

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind served under this path, if any."""
        return self._by_path.get((group, version, plural))

    def named(self, api_version: str, name: str) -> Kind | None:
        """The kind of an object by its apiVersion and kind, if it is served."""
        return self._by_name.get((api_version, name))

    def find(self, name: str) -> Kind:
        """A kind by its name alone. Raises LookupError for one that is not served."""
        for kind in self._by_path.values():
            if kind.name == name:
                return kind
        raise LookupError(f"the sandbox serves no kind {name!r}")

    def of(self, obj: JsonObject) -> Kind:
        """The kind of an object; one not seen before is added as a custom resource.

        Its plural is guessed as English does it (`Policy` → `policies`). Raises ValueError without apiVersion
        and kind.
        """
        api_version, name = obj.get("apiVersion"), obj.get("kind")
        if not isinstance(api_version, str) or not isinstance(name, str):
            raise ValueError("an object needs apiVersion and kind")
        known = self.named(api_version, name)
        if known:
            return known
        namespaced = bool(obj.get("metadata", {}).get("namespace"))
        group, _, version = api_version.rpartition("/")
        kind = Kind(
            name,
            group,
            version,
            _plural(name),
            namespaced,
            typed=False,
            generation=True,
            custom=True,
            subresources=(STATUS,),
        )
        self.add(kind)
        return kind


def _plural(name: str) -> str:
    lower = name.lower()
    if lower.endswith("y") and lower[-2:-1] not in "aeiou":
        return lower[:-1] + "ies"
    return lower + ("es" if lower.endswith(("s", "x", "ch", "sh")) else "s")
