"""Which pods a question is about: of the whole cluster, a namespace, a workload, a Service, a node, or one pod."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.objects import controller, metadata, name
from tools.records import RbacRule
from tools.resources import (
    CRONJOBS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    SERVICES,
    JsonObject,
)
from tools.seen_pods import SeenPod, lacks_hash, seen_pods
from tools.subjects import WORKLOADS, Subject
from tools.survey import Survey

RULES: tuple[RbacRule, ...] = (RbacRule(group="apps", resource="replicasets", verbs=("list",)),)


@dataclass(frozen=True)
class Pods:
    """Pods, or why they are not known."""

    pods: tuple[SeenPod, ...] = ()
    why: str = ""


def pods_in(survey: Survey, subjects: Sequence[Subject] = ()) -> Pods:
    """The pods of any of these subjects; of the whole cluster where there are none."""
    namespace = one_namespace(subjects)
    listed = survey.list(PODS, namespace)
    if listed.why:
        return Pods(why=listed.why)
    items = listed.items
    pods = survey.once(f"pods {namespace}", lambda: seen_pods(items, survey.now, _owners(survey, items)))
    if not subjects:
        return Pods(pods)
    return Pods(tuple(pod for pod in pods if any(_belongs(survey, pod, subject) for subject in subjects)))


def one_namespace(subjects: Sequence[Subject]) -> str:
    """The namespace that all of these are in; empty when there is no such one, so that the cluster has to be read."""
    places = {_place(subject) for subject in subjects}
    return places.pop() if len(places) == 1 else ""


def _place(subject: Subject) -> str:
    return subject.name if subject.kind == NAMESPACES.kind else subject.namespace


def _owners(survey: Survey, items: Sequence[JsonObject]) -> dict[tuple[str, str], str]:
    if not any(lacks_hash(item) for item in items):
        return {}
    found = {}
    for replicaset in survey.list(REPLICASETS).items:
        above = controller(replicaset) or {}
        if above.get("kind") == DEPLOYMENTS.kind:
            place = str(metadata(replicaset).get("namespace") or "default")
            found[place, name(replicaset)] = str(above.get("name", ""))
    return found


def _belongs(survey: Survey, pod: SeenPod, subject: Subject) -> bool:
    if subject.kind == NODES.kind:
        return pod.facts.node == subject.name
    if pod.namespace != _place(subject):
        return False
    if subject.kind == NAMESPACES.kind:
        return True
    if subject.kind == PODS.kind:
        return pod.name == subject.name
    if subject.kind == SERVICES.kind:
        return _selected(survey, pod, subject)
    if subject.kind == CRONJOBS.kind:
        return pod.owner_kind == JOBS.kind and pod.owner.startswith(f"{subject.name}-")
    return (pod.owner_kind, pod.owner) == (subject.kind, subject.name)


def _selected(survey: Survey, pod: SeenPod, service: Subject) -> bool:
    found = object_of(survey, service)
    selector = ((found or {}).get("spec") or {}).get("selector") or {}
    return bool(selector) and selector.items() <= pod.labels.items()


def workloads_behind(survey: Survey, service: Subject) -> tuple[Subject, ...]:
    """Whose pods a Service selects."""
    owners = {
        (pod.owner_kind, pod.owner) for pod in pods_in(survey, [service]).pods if pod.owner_kind in WORKLOADS
    }
    return tuple(
        Subject(kind=kind, namespace=service.namespace, name=title) for kind, title in sorted(owners)
    )


def object_of(survey: Survey, subject: Subject) -> JsonObject | None:
    """The object itself, from what has been listed of its kind."""
    resource = {**WORKLOADS, SERVICES.kind: SERVICES, NODES.kind: NODES, NAMESPACES.kind: NAMESPACES}[
        subject.kind
    ]
    listed = survey.list(resource, subject.namespace)
    return next((item for item in listed.items if name(item) == subject.name), None)
