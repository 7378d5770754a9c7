"""All that an account may do in a namespace, as the API server lists it (SelfSubjectRulesReview).

One request lists what many access reviews would have to guess, a right that nobody thought of included. The list holds
what is bound in the namespace and in the whole cluster. It ends where an authorizer cannot list its rules, as a cloud's
webhook cannot: then it says that it is incomplete, and what is not on it may be had all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tools.rbac import covers
from tools.records import RbacRule
from tools.resources import JsonObject

READING = frozenset({"get", "list", "watch"})
ANY = "*"
_OPENING = frozenset({"secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/proxy"}) | frozenset(
    {"services/proxy", "nodes/proxy", "serviceaccounts/token"}
)
"""What a mere `get` reads too much of, or enters (kubernetes.md 8.1)."""
_OF_EVERYBODY = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})
_BUILT_IN = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy", ANY})
_NARROWING = "userextras/"
"""Impersonating these narrows a user and is none; OpenShift gives it to everybody."""


class Listed(Protocol):
    """A server that lists what the account may do."""

    def own_rights(self, namespace: str) -> JsonObject:
        """`status` of a SelfSubjectRulesReview."""
        ...


@dataclass(frozen=True)
class Held:
    """One right of the list; `*` stands for all of them."""

    verb: str
    group: str
    resource: str
    names: tuple[str, ...] = ()
    """Only on these objects; empty: on all."""

    def words(self) -> str:
        """As a person reads it."""
        named = f"{self.resource}.{self.group}" if self.group else self.resource
        only = f" ({', '.join(self.names)} only)" if self.names else ""
        return f"{self.verb} {named}{only}"

    @property
    def opens(self) -> bool:
        """It changes something, enters something or reads a secret, in a group of Kubernetes itself or by a wildcard.

        What a distribution gives everybody stands in groups of its own, and reads.
        """
        if self.resource.startswith(_NARROWING):
            return False
        if self.verb in READING:
            return self.resource in _OPENING or self.resource.startswith(ANY)
        return self.group in _BUILT_IN or self.group.endswith(".k8s.io") or self.resource == ANY


@dataclass(frozen=True)
class OwnRights:
    """What was listed for one namespace."""

    namespace: str
    held: tuple[Held, ...]
    paths: tuple[Held, ...]
    """Rights about paths that are no objects; the path is the resource."""
    incomplete: str = ""
    """Why the list may lack something; empty when it is whole."""

    @property
    def everything(self) -> bool:
        return Held(ANY, ANY, ANY) in self.held

    def may(self, verb: str, group: str, resource: str) -> bool:
        """Whether a right on the list covers this one, for every object; not on an incomplete list is no answer."""
        return any(_within((verb, group, resource), held) for held in self.held if not held.names)

    def lacks(self, rules: Iterable[RbacRule]) -> list[str]:
        """What of these is not on the list, as a person reads it."""
        return [
            Held(verb, rule.group, rule.resource).words()
            for rule in rules
            for verb in rule.verbs
            if not self.may(verb, rule.group, rule.resource)
        ]

    def beyond(self, declared: Sequence[RbacRule]) -> list[Held]:
        """What is on the list and neither declared nor everybody's, sorted by words."""
        more = {
            held
            for held in self.held
            if not (covers(declared, held.verb, held.group, held.resource) or _everybodys(held))
        }
        written = {held for held in self.paths if held.verb not in READING}
        return sorted(more | written, key=Held.words)


def own_rights(cluster: Listed, namespace: str) -> OwnRights:
    """One request. Raises ToolError; a namespace that is not there has the rights of the whole cluster."""
    status = cluster.own_rights(namespace)
    error = str(status.get("evaluationError") or "the API server did not say why")
    # A list that does not say that it is whole is not.
    whole = status.get("incomplete") is False and not status.get("evaluationError")
    return OwnRights(
        namespace=namespace,
        held=tuple(_each(status.get("resourceRules"), "resources")),
        paths=tuple(_each(status.get("nonResourceRules"), "nonResourceURLs")),
        incomplete="" if whole else error,
    )


def _each(rules: object, what: str) -> Iterator[Held]:
    """A rule without groups is about paths."""
    for rule in rules if isinstance(rules, list) else []:
        for verb in rule.get("verbs") or []:
            for group in rule.get("apiGroups") or [""]:
                for resource in rule.get(what) or []:
                    yield Held(verb, group, resource, tuple(rule.get("resourceNames") or ()))


def _everybodys(held: Held) -> bool:
    return held.verb == "create" and held.group.endswith(".k8s.io") and held.resource in _OF_EVERYBODY


def _within(right: tuple[str, str, str], held: Held) -> bool:
    verb, group, resource = right
    _, _, subresource = resource.partition("/")
    return (
        held.verb in (verb, ANY)
        and held.group in (group, ANY)
        and held.resource in (resource, ANY, *([f"{ANY}/{subresource}"] if subresource else []))
    )
