"""What a question is about: names of things that exist, found by looking at what exists.

No pattern of names is believed. A word that is exactly the name of something means it; a word that is a part of
names (`checkout` of `checkout-api`) means all of these; a misspelt one is only ever a guess, and said to be one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tools.objects import metadata, name
from tools.records import RbacRule, Record
from tools.resources import (
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    STATEFULSETS,
    Resource,
)
from tools.survey import Survey

Match: TypeAlias = Literal["exact", "part", "guess"]
WORKLOADS: Mapping[str, Resource] = {
    resource.kind: resource for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, CRONJOBS, JOBS)
}
RULES: tuple[RbacRule, ...] = (
    RbacRule(group="", resource="namespaces", verbs=("list",), cluster=True),
    RbacRule(group="", resource="nodes", verbs=("list",), cluster=True),
    RbacRule(group="", resource="pods", verbs=("list",)),
    RbacRule(group="", resource="services", verbs=("list",)),
    RbacRule(group="apps", resource="deployments", verbs=("list",)),
    RbacRule(group="apps", resource="statefulsets", verbs=("list",)),
    RbacRule(group="apps", resource="daemonsets", verbs=("list",)),
    RbacRule(group="batch", resource="cronjobs", verbs=("list",)),
    RbacRule(group="batch", resource="jobs", verbs=("list",)),
)
SHORTEST_PART = 3
MOST_PARTS = 12


class Subject(Record):
    """One thing in the cluster, by name."""

    kind: str
    """`Namespace`, `Node`, `Pod`, `Service`, or a workload's kind."""
    namespace: str = ""
    name: str

    @property
    def is_workload(self) -> bool:
        """Something that runs pods."""
        return self.kind in WORKLOADS

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


@dataclass(frozen=True)
class Found:
    """What a word may mean."""

    subjects: tuple[Subject, ...] = ()
    match: Match = "exact"


@dataclass(frozen=True)
class Census:
    """Everything that has a name."""

    subjects: tuple[Subject, ...] = ()
    unread: tuple[str, ...] = ()
    """Why some kinds are not known."""
    unreachable: bool = False
    """Nothing at all could be read."""
    _by_name: dict[str, list[Subject]] = field(default_factory=dict)

    def named(self, word: str, namespace: str = "") -> Found:
        """What this word means, within a namespace if one is given. Generated pod names are never guessed."""
        known = [s for s in self._by_name.get(word, ()) if _inside(s, namespace)]
        if known:
            return Found(_top(known))
        parts = [s for s in self._namely(namespace) if word in s.name.split("-")] if _is_part(word) else []
        if 0 < len(parts) <= MOST_PARTS:
            return Found(_top(parts), "part")
        return Found()

    def guessed(self, word: str, namespace: str = "") -> Found:
        """What a misspelt word may have meant."""
        known = {s.name: s for s in self._namely(namespace)}
        near = difflib.get_close_matches(word, known, n=1, cutoff=0.8) if len(word) >= SHORTEST_PART else []
        return Found(tuple(s for s in self._namely(namespace) if s.name in near), "guess")

    def of_kind(self, *kinds: str, namespace: str = "") -> tuple[Subject, ...]:
        """All of these kinds."""
        return tuple(s for s in self.subjects if s.kind in kinds and _inside(s, namespace))

    def _namely(self, namespace: str) -> Iterable[Subject]:
        return (s for s in self.subjects if s.kind != PODS.kind and _inside(s, namespace))


def census(survey: Survey) -> Census:
    """Read what exists."""
    kinds = (NAMESPACES, NODES, PODS, SERVICES, *WORKLOADS.values())
    survey.read(*kinds)
    lists = {resource: survey.list(resource) for resource in kinds}
    found: dict[Subject, None] = {}
    for resource, listed in lists.items():
        for item in listed.items:
            place = str(metadata(item).get("namespace") or "default") if resource.namespaced else ""
            found.setdefault(Subject(kind=resource.kind, namespace=place, name=name(item)))
    # a namespace with something in it exists, whether namespaces can be listed or not
    for subject in [*found]:
        if subject.namespace:
            found.setdefault(Subject(kind=NAMESPACES.kind, name=subject.namespace))
    by_name: dict[str, list[Subject]] = {}
    for subject in found:
        by_name.setdefault(subject.name.lower(), []).append(subject)
    return Census(
        subjects=tuple(found),
        unread=tuple(f"{resource.plural}: {listed.why}" for resource, listed in lists.items() if listed.why),
        unreachable=all(listed.unreachable for listed in lists.values()),
        _by_name=by_name,
    )


def _inside(subject: Subject, namespace: str) -> bool:
    return not namespace or subject.namespace == namespace


def _is_part(word: str) -> bool:
    return len(word) >= SHORTEST_PART and not word.isdigit()


def _top(subjects: list[Subject]) -> tuple[Subject, ...]:
    """Without what stands under another of them: a Service beside the workload of its name, a CronJob's Jobs."""
    workloads = {(s.namespace, s.name) for s in subjects if s.is_workload}
    cron = [(s.namespace, f"{s.name}-") for s in subjects if s.kind == CRONJOBS.kind]
    return tuple(
        s
        for s in subjects
        if not (s.kind == SERVICES.kind and (s.namespace, s.name) in workloads)
        and not (s.kind == JOBS.kind and any(s.namespace == ns and s.name.startswith(p) for ns, p in cron))
    )
