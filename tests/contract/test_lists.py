"""Lists: selectors, pages, form."""

from __future__ import annotations

import pytest

from tests.contract.api_server import Answer, ApiServer, Json
from tests.contract.backends import ControlPlaneBackend, SandboxBackend


def _labelled(server: ApiServer) -> None:
    labels: dict[str, dict[str, str]] = {
        "a": {"tier": "front", "stage": "prod"},
        "b": {"tier": "back", "stage": "prod"},
        "c": {"tier": "back"},
        "d": {},
    }
    for name, own in labels.items():
        body = {"metadata": {"name": name, "labels": {**own, "suite": "lists"}}}
        assert server.admin.post(server.configmaps(), body).status == 201


def _names(items: list[Json]) -> list[str]:
    return [item["metadata"]["name"] for item in items if item["metadata"]["name"] != "kube-root-ca.crt"]


SELECTORS = [
    ("tier=back", "bc"),
    ("tier==back,stage=prod", "b"),
    ("suite=lists,tier!=back", "ad"),
    ("tier in (front,back)", "abc"),
    ("suite=lists,tier notin (front)", "bcd"),
    ("stage", "ab"),
    ("suite=lists,!stage", "cd"),
    ("tier=none", ""),
]


@pytest.mark.parametrize(("selector", "expected"), SELECTORS)
def test_label_selectors_select(server: ApiServer, selector: str, expected: str) -> None:
    """Equality and sets; `!=` and `notin` take objects without the label too."""
    _labelled(server)
    assert _names(server.admin.items(server.configmaps(), labelSelector=selector)) == list(expected)


def every_label_selector_selects(server: ApiServer) -> None:
    """All of them at once."""
    _labelled(server)
    for selector, expected in SELECTORS:
        assert _names(server.admin.items(server.configmaps(), labelSelector=selector)) == list(expected)


def test_metadata_alone_can_be_asked_for(server: ApiServer) -> None:
    """Of one object and of a list: what they hold does not leave the server, and who wrote when does."""
    server.create_configmap("settings", password="hunter22")
    form = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
    one = server.admin.get_as(server.configmaps("settings"), form.format(""))
    listed = server.admin.get_as(server.configmaps(), form.format("List"))
    assert (one.status, listed.status) == (200, 200)
    assert one.json["kind"] == "PartialObjectMetadata"
    assert listed.json["kind"] == "PartialObjectMetadataList"
    assert "hunter22" not in one.text + listed.text
    found = [item for item in listed.json["items"] if item["metadata"]["name"] == "settings"]
    assert [item["metadata"]["uid"] for item in found] == [one.json["metadata"]["uid"]]
    (entry,) = one.json["metadata"]["managedFields"]
    assert entry["manager"]
    assert entry["time"] >= one.json["metadata"]["creationTimestamp"]


def test_a_label_selector_that_makes_no_sense_is_a_bad_request(server: ApiServer) -> None:
    """400, not everything."""
    refused = server.admin.get(server.configmaps(), labelSelector="tier in back")
    assert (refused.status, refused.reason) == (400, "BadRequest")


def test_field_selectors_select(server: ApiServer) -> None:
    """By name everywhere; pods by phase and node; negation."""
    server.create_deployment(replicas=2)
    server.wait_until_rolled_out()
    pods = server.pods_of()
    first = pods[0]["metadata"]["name"]
    node = pods[0]["spec"]["nodeName"]
    ask = server.admin.items
    assert _names(ask(server.pods(), fieldSelector=f"metadata.name={first}")) == [first]
    assert first not in _names(ask(server.pods(), fieldSelector=f"metadata.name!={first}"))
    assert len(ask(server.pods(), fieldSelector="status.phase=Running")) == 2
    assert ask(server.pods(), fieldSelector="status.phase!=Running") == []
    on_node = ask(server.pods(), fieldSelector=f"spec.nodeName={node},status.phase=Running")
    assert first in _names(on_node)
    assert {pod["spec"]["nodeName"] for pod in on_node} == {node}


def test_a_cluster_wide_list_is_narrowed_by_namespace(server: ApiServer) -> None:
    """`metadata.namespace` selects on a list over all namespaces."""
    server.create_configmap()
    found = server.admin.items("/api/v1/configmaps", fieldSelector=f"metadata.namespace={server.namespace}")
    assert "settings" in _names(found)
    assert {item["metadata"]["namespace"] for item in found} == {server.namespace}


@pytest.mark.parametrize(("plural", "group"), [("pods", ""), ("configmaps", ""), ("deployments", "apps/v1")])
def test_a_field_that_is_not_indexed_is_a_bad_request(server: ApiServer, plural: str, group: str) -> None:
    """400 instead of an answer that looks complete."""
    refused = server.admin.get(server.path(plural, group=group), fieldSelector="spec.nothing=1")
    assert (refused.status, refused.reason) == (400, "BadRequest")


def test_pages_cover_everything_once(server: ApiServer) -> None:
    """limit and continue: every object once, in order, in the version of the first page."""
    for number in range(7):
        server.create_configmap(f"item-{number}")
    seen: list[str] = []
    versions, token = set(), ""
    while True:
        answer = server.admin.get(server.configmaps(), limit=3, continue_=token or None)
        assert answer.status == 200, answer.text
        items, metadata = answer.json["items"], answer.json["metadata"]
        assert len(items) <= 3
        seen += _names(items)
        versions.add(metadata["resourceVersion"])
        token = metadata.get("continue", "")
        if not token:
            break
        assert metadata["remainingItemCount"] >= 1
    assert seen == [f"item-{number}" for number in range(7)]
    assert len(versions) == 1


def test_a_page_shows_the_list_as_it_was(server: ApiServer) -> None:
    """What is deleted between two pages is still on the second."""
    for number in range(4):
        server.create_configmap(f"item-{number}")
    first = server.admin.get(server.configmaps(), limit=2, fieldSelector="metadata.name!=kube-root-ca.crt")
    assert server.admin.delete(server.configmaps("item-3")).status == 200
    token = first.json["metadata"]["continue"]
    assert "remainingItemCount" not in first.json["metadata"]
    query = "metadata.name!=kube-root-ca.crt"
    rest = server.admin.get(server.configmaps(), continue_=token, limit=10, fieldSelector=query)
    assert _names(rest.json["items"]) == ["item-2", "item-3"]


def test_a_page_that_is_too_old_is_gone(
    server: ApiServer, backend: SandboxBackend | ControlPlaneBackend
) -> None:
    """410 Expired once what was is forgotten, which says that the list has to be begun again; that works."""
    for number in range(4):
        server.create_configmap(f"item-{number}")
    token = server.admin.get(server.configmaps(), limit=2).json["metadata"]["continue"]
    server.create_configmap("one-more")
    backend.forget_the_past()

    def refused() -> Answer | None:
        answer = server.admin.get(server.configmaps(), limit=2, continue_=token)
        return answer if answer.status != 200 else None

    gone = server.wait_until(refused, "a page that has expired")
    assert (gone.status, gone.reason) == (410, "Expired")
    assert "continue parameter is too old" in gone.json["message"]
    names = _names(server.admin.items(server.configmaps()))
    assert {"item-0", "item-1", "item-2", "item-3", "one-more"} <= set(names)


def test_a_continue_token_that_was_never_given_is_a_bad_request(server: ApiServer) -> None:
    """400 for text that is no token."""
    refused = server.admin.get(server.configmaps(), limit=2, continue_="never-given")
    assert (refused.status, refused.reason) == (400, "BadRequest")


def test_list_items_carry_no_kind(server: ApiServer) -> None:
    """The list names it once; items are bare."""
    server.create_configmap()
    answer = server.admin.get(server.configmaps()).json
    assert (answer["kind"], answer["apiVersion"]) == ("ConfigMapList", "v1")
    assert answer["metadata"]["resourceVersion"]
    assert all("kind" not in item and "apiVersion" not in item for item in answer["items"])


def test_an_empty_list_is_a_list(server: ApiServer) -> None:
    """200 with no items, in a namespace that does not exist too."""
    assert server.admin.items(server.deployments()) == []
    assert server.admin.items("/apis/apps/v1/namespaces/nobody-has-this/deployments") == []
