"""Amounts of memory: where a request is filled in, how amounts are spelled, and what the patch of a limit changes."""

from __future__ import annotations

from tests.contract.api_server import JSON_PATCH, ApiServer, Json

LIMITED: Json = {"limits": {"memory": "64Mi"}}


def _web(server: ApiServer, resources: Json) -> Json:
    """A Deployment of two pods with a sidecar, rolled out; its template's first container."""
    containers = [
        {"name": "web", "image": "shop/web:1", "resources": resources},
        {"name": "proxy", "image": "shop/proxy:1"},
    ]
    server.create_deployment(containers=containers)
    return _first(server.wait_until_rolled_out())


def _first(found: Json) -> Json:
    container: Json = found["spec"]["template"]["spec"]["containers"][0]
    return container


def _replace(server: ApiServer, kind: str, amount: str) -> Json:
    """The Deployment after a JSON Patch of one amount, under test of the container's name."""
    path = "/spec/template/spec/containers/0"
    operations = [
        {"op": "test", "path": f"{path}/name", "value": "web"},
        {"op": "replace", "path": f"{path}/resources/{kind}/memory", "value": amount},
    ]
    answer = server.admin.patch(server.deployments("web"), operations, JSON_PATCH)
    assert answer.status == 200, answer.text
    return answer.json


def test_a_request_is_filled_in_for_pods_and_not_in_their_template(server: ApiServer) -> None:
    """A limit alone stays alone in the Deployment; its pods request as much."""
    assert _web(server, LIMITED)["resources"] == LIMITED
    (found, *_) = server.pods_of()
    assert found["spec"]["containers"][0]["resources"]["requests"] == {"memory": "64Mi"}


def test_one_amount_is_replaced_and_nothing_else(server: ApiServer) -> None:
    """The sidecar is there, and the pods are made anew with the amount."""
    before = _web(server, LIMITED)
    after = _replace(server, "limits", "96Mi")
    assert _first(after) == {**before, "resources": {"limits": {"memory": "96Mi"}}}
    assert [c["name"] for c in after["spec"]["template"]["spec"]["containers"]] == ["web", "proxy"]
    server.wait_until_rolled_out()
    limits = {pod["spec"]["containers"][0]["resources"]["limits"]["memory"] for pod in server.pods_of()}
    assert limits == {"96Mi"}


def test_an_amount_written_as_before_is_the_old_revision_again(server: ApiServer) -> None:
    """The way back makes no third ReplicaSet."""
    _web(server, {"limits": {"memory": "64M"}})
    for amount in ("96M", "64M"):
        _replace(server, "limits", amount)
        server.wait_until_rolled_out()
    revisions = server.revisions_of()
    assert len(revisions) == 2
    assert revisions[-1]["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {
        "memory": "64M"
    }


def test_a_request_above_its_limit_is_invalid(server: ApiServer) -> None:
    """422, in the Deployment already."""
    _web(server, {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}})
    path = "/spec/template/spec/containers/0/resources/requests/memory"
    operations = [{"op": "replace", "path": path, "value": "65Mi"}]
    answer = server.admin.patch(server.deployments("web"), operations, JSON_PATCH)
    assert (answer.status, answer.reason) == (422, "Invalid")
    assert "must be less than or equal to memory limit" in answer.text
