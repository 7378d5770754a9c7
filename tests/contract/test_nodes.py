"""Nodes: what a cordon does and does not do, and how nodes are told apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.api_server import JSON_PATCH, MERGE_PATCH, ApiServer, Json, is_ready

NODE = "node-2"
PATH = f"/api/v1/nodes/{NODE}"


@pytest.fixture(autouse=True)
def _open_again(server: ApiServer) -> Iterator[None]:
    """Whatever a test does to the node is taken back."""
    yield
    for path in _nodes(server):
        server.admin.patch(path, {"spec": {"unschedulable": None}}, MERGE_PATCH)


def test_a_cordoned_node_takes_no_new_pod_and_keeps_those_that_it_has(server: ApiServer) -> None:
    """Only scheduling asks for it; the pods that run there are as ready as before."""
    server.create_deployment(replicas=3, template=_on(NODE))
    server.wait_until_rolled_out()
    there = {pod["metadata"]["uid"] for pod in server.pods_of()}
    _cordon(server, PATH)
    server.create_deployment("other", replicas=1, template=_on(NODE, "other"))

    def told() -> bool:
        pods = server.pods_of("other")
        # a scheduler that has not heard of the cordon yet may still bind one
        for early in (pod for pod in pods if pod["spec"].get("nodeName")):
            server.admin.delete(server.pods(early["metadata"]["name"]))
        conditions = {c["type"]: c for pod in pods for c in pod.get("status", {}).get("conditions", [])}
        return "unschedulable" in conditions.get("PodScheduled", {}).get("message", "")

    server.wait_until(told, "a pod that finds no node")
    assert not server.pods_of("other")[0]["spec"].get("nodeName")
    assert {pod["metadata"]["uid"] for pod in server.pods_of() if is_ready(pod)} == there


def test_an_uncordoned_node_takes_what_waited(server: ApiServer) -> None:
    """Nothing else is needed for it."""
    _cordon(server, PATH)
    server.create_deployment(replicas=1, template=_on(NODE))
    server.wait_until(lambda: server.pods_of(), "a pod")
    operations = [{"op": "remove", "path": "/spec/unschedulable"}]
    assert server.admin.patch(PATH, operations, JSON_PATCH).status == 200
    server.wait_until_rolled_out()
    assert [pod["spec"]["nodeName"] for pod in server.pods_of()] == [NODE]


def test_cordoned_nodes_are_found_by_their_field(server: ApiServer) -> None:
    """`spec.unschedulable` is one of the two fields by which nodes can be selected."""
    _cordon(server, PATH)
    for value, found in (("true", True), ("false", False)):
        items = server.admin.items("/api/v1/nodes", fieldSelector=f"spec.unschedulable={value}")
        assert (NODE in {item["metadata"]["name"] for item in items}) is found


def test_a_cordon_that_is_bound_to_another_node_of_that_name_is_refused(server: ApiServer) -> None:
    """A `test` of the uid that does not hold: 422, and nothing is changed."""
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": "11111111-2222-3333-4444-555555555555"},
        {"op": "add", "path": "/spec/unschedulable", "value": True},
    ]
    assert server.admin.patch(PATH, operations, JSON_PATCH).status == 422
    assert not server.read(PATH)["spec"].get("unschedulable")


def test_a_deployment_evicted_from_a_cordoned_node_goes_elsewhere(server: ApiServer) -> None:
    """What a drain rests on: the pod in its place is made and scheduled like any other, on the one that is left."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    (pod,) = server.pods_of()
    (*_, left) = (path for path in _nodes(server) if not path.endswith(f"/{pod['spec']['nodeName']}"))
    for path in _nodes(server):
        if path != left:
            _cordon(server, path)
    name = pod["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    assert server.admin.post(server.pods(name, "eviction"), eviction).status == 201

    def elsewhere() -> list[Json]:
        return [one for one in server.pods_of() if is_ready(one)]

    (found,) = server.wait_until(elsewhere, "a pod elsewhere")
    assert left.endswith(f"/{found['spec']['nodeName']}")


def _nodes(server: ApiServer) -> list[str]:
    return [f"/api/v1/nodes/{item['metadata']['name']}" for item in server.admin.items("/api/v1/nodes")]


def _cordon(server: ApiServer, path: str) -> None:
    assert server.admin.patch(path, {"spec": {"unschedulable": True}}, MERGE_PATCH).status == 200


def _on(node: str, name: str = "web") -> Json:
    """A template whose pods may run on that node alone."""
    container = {"name": "web", "image": "shop/web:1"}
    spec = {"nodeSelector": {"kubernetes.io/hostname": node}, "containers": [container]}
    return {"metadata": {"labels": {"app": name}}, "spec": spec}
