"""What the account may do, asked of the API server itself: what is missing, and what it should never have been given.

A right is asked for by SelfSubjectAccessReview, which changes nothing. Inside a namespace the answer covers rights in
that namespace and in the whole cluster alike; with no namespace named, only the latter. What is too much is looked for
in the server's own list of all rights (tools/own_rights.py), and by access reviews where that list is not whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tools.cluster import ClusterReader
from tools.errors import PermanentError
from tools.own_rights import READING, Listed, OwnRights, own_rights
from tools.rbac import covers
from tools.records import RbacRule

Right: TypeAlias = tuple[str, str, str]
"""Verb, group, resource; the resource may carry a subresource."""

EVERYTHING: Right = ("*", "*", "*")
_RBAC = "rbac.authorization.k8s.io"
_HOOKS = "admissionregistration.k8s.io"
DANGEROUS: tuple[Right, ...] = (
    ("get", "", "secrets"),
    ("list", "", "secrets"),
    ("watch", "", "secrets"),
    ("create", "", "pods"),
    ("patch", "", "pods"),
    ("delete", "", "pods"),
    ("create", "", "pods/exec"),
    ("get", "", "pods/exec"),
    ("create", "", "pods/attach"),
    ("create", "", "pods/portforward"),
    ("patch", "", "pods/ephemeralcontainers"),
    ("create", "", "serviceaccounts/token"),
    ("get", "", "nodes/proxy"),
    ("create", "", "nodes/proxy"),
    ("delete", "", "nodes"),
    ("delete", "", "namespaces"),
    ("delete", "", "persistentvolumeclaims"),
    ("create", "apps", "deployments"),
    ("update", "apps", "deployments"),
    ("delete", "apps", "deployments"),
    ("create", "apps", "daemonsets"),
    ("create", "batch", "jobs"),
    ("create", "batch", "cronjobs"),
    ("patch", "batch", "cronjobs"),
    ("impersonate", "", "users"),
    ("impersonate", "", "groups"),
    ("impersonate", "", "serviceaccounts"),
    ("escalate", _RBAC, "clusterroles"),
    ("bind", _RBAC, "clusterroles"),
    ("patch", _RBAC, "clusterroles"),
    ("create", _RBAC, "clusterrolebindings"),
    ("create", _RBAC, "rolebindings"),
    ("create", _HOOKS, "mutatingwebhookconfigurations"),
)
"""Rights with which an account does harm, reads what it must not, or gives itself all others. Not every right that is
too much: a cluster grants harmless ones to everybody, and the agent must start there too."""


def writing(rules: Iterable[RbacRule]) -> list[RbacRule]:
    """The same rules without the verbs that only read; those that are left with none are left out."""
    left = [(rule, tuple(verb for verb in rule.verbs if verb not in READING)) for rule in rules]
    return [rule.model_copy(update={"verbs": verbs}) for rule, verbs in left if verbs]


def missing(
    cluster: ClusterReader, rules: Iterable[RbacRule], namespaces: Sequence[str] = ("",)
) -> list[str]:
    """The declared rights that the account lacks, as a person reads them. Raises ToolError."""
    lacking = []
    for rule in rules:
        for namespace in [""] if rule.cluster else namespaces:
            lacking += [
                _words((verb, rule.group, rule.resource), namespace)
                for verb in rule.verbs
                if not cluster.allowed(verb, rule.group, rule.resource, namespace)
            ]
    return lacking


class Reviewed(Listed, Protocol):
    """A cluster that answers both kinds of review."""

    def allowed(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        """SelfSubjectAccessReview."""
        ...


@dataclass(frozen=True)
class Surplus:
    """Rights that are not declared, as a person reads them."""

    refused: tuple[str, ...] = ()
    """They write, enter, or read secrets: no pod's account may have them."""
    told: tuple[str, ...] = ()
    """They only read, or are of a distribution's own API groups, which gives them to everybody."""


def surplus(cluster: Reviewed, rules: Sequence[RbacRule], namespaces: Sequence[str]) -> Surplus:
    """What the account may do in these namespaces and in the whole cluster beyond the rules. Raises TransientError.

    One request for each namespace; some thirty more where the list is not whole.
    """
    reviews = reviewed(cluster, namespaces)
    found = listed_surplus(rules, reviews)
    doubtful = [each.namespace for each in reviews if each.incomplete]
    if any(cluster.allowed(*EVERYTHING, namespace) for namespace in doubtful):
        return Surplus(refused=("everything",))
    undeclared = [right for right in DANGEROUS if not covers(rules, *right)]
    had = {
        _words(right): [namespace for namespace in doubtful if cluster.allowed(*right, namespace)]
        for right in undeclared
    }
    more = _placed({words: there for words, there in had.items() if there}, namespaces)
    return Surplus(tuple(dict.fromkeys((*found.refused, *more))), found.told)


def reviewed(cluster: Listed, namespaces: Iterable[str]) -> list[OwnRights]:
    """One list for each namespace; one that is refused lacks everything and says why. Raises TransientError."""
    return [_listed(cluster, namespace) for namespace in namespaces]


def listed_surplus(rules: Sequence[RbacRule], reviews: Sequence[OwnRights]) -> Surplus:
    """As far as the lists go, asking nothing more."""
    if any(each.everything for each in reviews):
        return Surplus(refused=("everything",))
    refused: dict[str, list[str]] = {}
    told: set[str] = set()
    for each in reviews:
        for held in each.beyond(rules):
            if held.opens:
                refused.setdefault(held.words(), []).append(each.namespace)
            else:
                told.add(held.words())
    return Surplus(_placed(refused, [each.namespace for each in reviews]), tuple(sorted(told)))


def _listed(cluster: Listed, namespace: str) -> OwnRights:
    try:
        return own_rights(cluster, namespace)
    except PermanentError as error:
        return OwnRights(namespace, (), (), str(error))


def _placed(found: Mapping[str, Sequence[str]], looked_at: Sequence[str]) -> tuple[str, ...]:
    """What is not had in all places that were looked at is told with those where it is."""
    return tuple(
        words if set(there) == set(looked_at) else f"{words} in {', '.join(there)}"
        for words, there in found.items()
    )


def _words(right: Right, namespace: str = "") -> str:
    verb, group, resource = right
    named = f"{resource}.{group}" if group else resource
    return f"{verb} {named}" + (f" in {namespace}" if namespace else "")
