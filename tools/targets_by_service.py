"""From the Service or mesh workload that an alert names to what runs behind it: a target that is supposed (R3.5).

A Service says which pods are asked, not whose they are: what it selects may be one workload, several or none, and
only exactly one is a target. Pods tell through their controllers; a workload that is scaled to zero, or whose pods
cannot be made, has none, so the templates of the namespace are compared as well. What cannot be read raises: with a
list missing, "exactly one" would be a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.cluster import ClusterReader
from tools.dependencies import selector_query
from tools.errors import NotFound
from tools.excerpts import message
from tools.naming import Naming
from tools.objects import controller, metadata, name, selects
from tools.owners import RULES as OWNER_RULES
from tools.owners import Workload, climb
from tools.records import RbacRule
from tools.resources import DAEMONSETS, DEPLOYMENTS, PODS, SERVICES, STATEFULSETS, JsonObject
from tools.workload_revisions import template_of

MOST_CLIMBS = 6
"""Pods of different controllers that are followed; a Deployment that is rolled out has two or three."""
MOST_NAMES = 5
_KINDS = (DEPLOYMENTS, STATEFULSETS, DAEMONSETS)
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="services", verbs=("get",)),
    RbacRule(group="", resource="pods", verbs=("list",)),
    *(RbacRule(group="apps", resource=kind.plural, verbs=("list",)) for kind in _KINDS),
    *OWNER_RULES,
)


@dataclass(frozen=True)
class Behind:
    """The one workload behind a name, or why there is not exactly one."""

    reason: str
    """How it was found, or a sentence that says why not; for a person."""
    workload: Workload | None = None


def find_behind(cluster: ClusterReader, named: Naming) -> Behind:
    """What serves under the Service or mesh workload that is named. Raises Forbidden, Invalid, TransientError."""
    if not named.destination:
        return _by_service(cluster, named.namespace, named.service)
    found = _by_destination(cluster, named)
    if not named.service or (found.workload and _serves_under(cluster, named, found.workload)):
        return found
    return _by_service(cluster, named.namespace, named.service)


def _serves_under(cluster: ClusterReader, named: Naming, workload: Workload) -> bool:
    """The Service leads there too, perhaps to other versions as well, and to nothing that could not be followed: a mesh
    may mean by the name something of a kind that is not looked for (a Rollout, a Job).
    """
    try:
        service = cluster.get(SERVICES, named.namespace, named.service)
    except NotFound:
        return False
    if not (service.get("spec") or {}).get("selector"):
        return False
    found = _selected(cluster, named.namespace, service) or []
    return not any(each.problem for each in found) and workload.uid in [each.uid for each in found]


def _by_destination(cluster: ClusterReader, named: Naming) -> Behind:
    """A mesh tells a workload's name without its kind: one of that name must be the only one."""
    text, found = named.destination, []
    for resource in _KINDS:
        try:
            item = cluster.get(resource, named.namespace, text)
        except NotFound:
            continue
        found.append(climb(cluster, resource, named.namespace, item))
    if len(found) == 1:
        return Behind(
            "the mesh's labels name it without its kind, and no other Deployment, StatefulSet or DaemonSet has that "
            "name",
            found[0],
        )
    if found:
        return Behind(f"The mesh's labels name {message(text)}, which is {_names(found)}.")
    return Behind(
        f"The mesh's labels name {message(text)}, which is no Deployment, StatefulSet or DaemonSet."
    )


def _by_service(cluster: ClusterReader, namespace: str, text: str) -> Behind:
    try:
        service = cluster.get(SERVICES, namespace, text)
    except NotFound as err:
        return Behind(f"Service {message(text)} does not exist: {err}.")
    spec = service.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return Behind(f"Service {text} is an ExternalName: what it names is outside the cluster.")
    if not spec.get("selector"):
        return Behind(f"Service {text} has no selector, so what is behind it is not known.")
    return _only_one(text, _selected(cluster, namespace, service))


def _only_one(service: str, found: Sequence[Workload] | None) -> Behind:
    if found is None:
        return Behind(
            f"Service {service} selects pods of more than {MOST_CLIMBS} controllers: no single workload."
        )
    if len(found) == 1:
        if found[0].problem:
            return Behind(f"Service {service} selects a pod, but {found[0].problem}.")
        return Behind(f"it is what Service {service}, which the alert names, selects", found[0])
    if found:
        return Behind(f"Service {service} selects several workloads: {_names(found)}.")
    return Behind(f"Service {service} selects no pod, and no workload's template matches its selector.")


def _selected(cluster: ClusterReader, namespace: str, service: JsonObject) -> list[Workload] | None:
    """Each workload once, by pods and by templates; None where there are too many controllers to follow."""
    pods = cluster.list(PODS, namespace, label_selector=selector_query(service))
    first = {_controller_of(pod): pod for pod in pods if _serves(pod)}
    if len(first) > MOST_CLIMBS:
        return None
    found = [climb(cluster, PODS, namespace, pod) for pod in first.values()]
    wanted = {"matchLabels": service["spec"]["selector"]}
    for resource in _KINDS:
        for item in cluster.list(resource, namespace):
            if selects(wanted, metadata(template_of(item)).get("labels") or {}):
                found.append(climb(cluster, resource, namespace, item))
    return list({each.problem or each.uid: each for each in found}.values())


def _serves(pod: JsonObject) -> bool:
    """A pod that has ended is no endpoint, though its labels match."""
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def _controller_of(pod: JsonObject) -> str:
    reference = controller(pod)
    return str(reference.get("uid")) if reference else f"Pod {name(pod)}"


def _names(found: Sequence[Workload]) -> str:
    told = [each.problem or f"{each.kind} {each.name}" for each in found]
    more = f" and {len(told) - MOST_NAMES} more" if len(told) > MOST_NAMES else ""
    return ", ".join(sorted(told)[:MOST_NAMES]) + more
