"""What the account may do, asked of the API server itself: what is missing, and what it should never have been given.

A right is asked for by SelfSubjectAccessReview, which changes nothing. Inside a namespace the answer covers rights in
that namespace and in the whole cluster alike; with no namespace named, only the latter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from tools.cluster import ClusterReader
from tools.rbac import covers
from tools.records import RbacRule

Right: TypeAlias = tuple[str, str, str]
"""Verb, group, resource; the resource may carry a subresource."""

READING = frozenset({"get", "list", "watch"})
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


def surplus(cluster: ClusterReader, rules: Sequence[RbacRule], namespace: str = "") -> list[str]:
    """The dangerous rights that the account has and that are not declared. Raises ToolError.

    `namespace` is where the agent itself runs: the one where a right that is bound there alone is most likely.
    """
    if cluster.allowed(*EVERYTHING):
        return ["everything"]
    undeclared = [right for right in DANGEROUS if not covers(rules, *right)]
    return [_words(right) for right in undeclared if cluster.allowed(*right, namespace)]


def _words(right: Right, namespace: str = "") -> str:
    verb, group, resource = right
    named = f"{resource}.{group}" if group else resource
    return f"{verb} {named}" + (f" in {namespace}" if namespace else "")
