"""What a list of one's own rights says: what it covers, what of it is not declared, and when it proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tools.access import listed_surplus
from tools.own_rights import OwnRights, own_rights
from tools.records import RbacRule
from tools.resources import JsonObject

DECLARED = (
    RbacRule(group="apps", resource="deployments", verbs=("get", "patch")),
    RbacRule(group="", resource="pods/eviction", verbs=("create",)),
)


class Server:
    """Answers one review."""

    def __init__(self, *rules: JsonObject, paths: tuple[JsonObject, ...] = (), **more: Any) -> None:
        listed = {"resourceRules": list(rules), "nonResourceRules": list(paths), "incomplete": False}
        self._status = {**listed, **more}

    def own_rights(self, namespace: str) -> JsonObject:
        return self._status


def rule(verbs: str, group: str, resources: str, *names: str) -> JsonObject:
    """As the API server has it; words are parted by commas."""
    made = {"verbs": verbs.split(","), "apiGroups": [group], "resources": resources.split(",")}
    return made | ({"resourceNames": list(names)} if names else {})


def listed(*rules: JsonObject, **more: Any) -> OwnRights:
    """Of the namespace shop."""
    return own_rights(Server(*rules, **more), "shop")


@pytest.mark.parametrize(
    ("held", "may"),
    [
        (rule("patch", "apps", "deployments"), True),
        (rule("*", "*", "*"), True),
        (rule("patch", "apps", "*"), True),
        (rule("get", "apps", "deployments"), False),
        (rule("patch", "", "deployments"), False),
        (rule("patch", "apps", "deployments/scale"), False),
        (rule("patch", "apps", "deployments", "web"), False),
    ],
    ids=["itself", "everything", "wildcard", "verb", "group", "subresource", "one object only"],
)
def test_what_covers_a_right(held: JsonObject, may: bool) -> None:
    """As RBAC evaluates it; what is had on one object is not had on another."""
    assert listed(held).may("patch", "apps", "deployments") is may


def test_a_wildcard_of_subresources_covers_them() -> None:
    """`*/scale` is scale of everything, and nothing else."""
    scales = listed(rule("patch", "apps", "*/scale"))
    assert scales.may("patch", "apps", "deployments/scale")
    assert not scales.may("patch", "apps", "deployments")


def test_what_is_missing_is_named() -> None:
    """One line a verb."""
    assert listed(rule("get", "apps", "deployments")).lacks(DECLARED) == [
        "patch deployments.apps",
        "create pods/eviction",
    ]


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (rule("update", "", "configmaps"), "update configmaps"),
        (rule("get", "", "secrets"), "get secrets"),
        (rule("get", "", "secrets", "one"), "get secrets (one only)"),
        (rule("get", "", "pods/exec"), "get pods/exec"),
        (rule("patch", "apps", "*"), "patch *.apps"),
        (rule("list", "", "*"), "list *"),
        (rule("delete", "example.com", "*"), "delete *.example.com"),
        (rule("deletecollection", "", "pods"), "deletecollection pods"),
        (rule("impersonate", "", "users"), "impersonate users"),
        (
            rule("create", "admissionregistration.k8s.io", "webhooks"),
            "create webhooks.admissionregistration.k8s.io",
        ),
    ],
)
def test_what_writes_enters_or_reads_secrets_is_refused(held: JsonObject, words: str) -> None:
    """Whether or not anybody had thought of it."""
    found = listed_surplus(DECLARED, [listed(held)])
    assert (found.refused, found.told) == ((words,), ())


@pytest.mark.parametrize(
    "held",
    [
        rule("list", "", "configmaps"),
        rule("create", "project.openshift.io", "projectrequests"),
        rule("impersonate", "authentication.k8s.io", "userextras/scopes.authorization.openshift.io"),
    ],
)
def test_what_distributions_give_everybody_is_only_told(held: JsonObject) -> None:
    """Else no agent would start there."""
    found = listed_surplus(DECLARED, [listed(held)])
    assert (found.refused, len(found.told)) == ((), 1)


def test_what_is_declared_and_what_everybody_may_ask_is_no_surplus() -> None:
    """Nor are the paths that say what the server is."""
    reviews = rule("create", "authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews")
    paths = ({"verbs": ["get"], "nonResourceURLs": ["/version", "/api/*"]},)
    clean = listed(rule("get,patch", "apps", "deployments"), reviews, paths=paths)
    assert listed_surplus(DECLARED, [clean]) == listed_surplus(DECLARED, [])


def test_writing_to_a_path_is_a_surplus() -> None:
    """A path is no object, and its handlers change things too."""
    paths = ({"verbs": ["post"], "nonResourceURLs": ["/debug/flags/v"]},)
    assert listed_surplus(DECLARED, [listed(paths=paths)]).refused == ("post /debug/flags/v",)


def test_everything_is_one_word() -> None:
    """And not thirty."""
    assert listed_surplus(DECLARED, [listed(rule("*", "*", "*"))]).refused == ("everything",)


def test_what_is_had_in_one_place_only_is_told_with_it() -> None:
    """So that it is found where it was given."""
    here = own_rights(Server(rule("get", "", "secrets")), "shop")
    elsewhere = own_rights(Server(), "default")
    assert listed_surplus(DECLARED, [here, elsewhere]).refused == ("get secrets in shop",)
    assert listed_surplus(DECLARED, [here, here]).refused == ("get secrets",)


@pytest.mark.parametrize(
    "more",
    [{"incomplete": True, "evaluationError": "webhook"}, {"incomplete": None}, {"evaluationError": "x"}],
)
def test_a_list_that_does_not_say_that_it_is_whole_is_not(more: dict[str, Any]) -> None:
    """With the reason, where there is one."""
    assert listed(**more).incomplete


def test_an_answer_without_a_status_proves_nothing() -> None:
    """No right, and not whole."""
    torn = listed(resourceRules=None, nonResourceRules="x", incomplete=None)
    assert (torn.held, torn.paths, bool(torn.incomplete)) == ((), (), True)
