"""Errors are Status objects, whole and alike."""

from __future__ import annotations

from tests.contract.api_server import MERGE_PATCH, Answer, ApiServer


def _require_status(answer: Answer, code: int, reason: str) -> None:
    body = answer.json
    assert answer.status == code
    assert (body["kind"], body["apiVersion"], body["status"]) == ("Status", "v1", "Failure")
    assert (body["code"], body["reason"]) == (code, reason)
    assert body["message"]
    assert answer.headers["Content-Type"].startswith("application/json")


def test_errors_carry_a_status_body(server: ApiServer) -> None:
    """400, 401, 403, 404, 409, 415 and 422: code, reason and message where a client looks for them."""
    made = server.create_configmap()
    path = server.configmaps("settings")
    admin = server.admin
    _require_status(admin.get(server.pods(), fieldSelector="no.such=1"), 400, "BadRequest")
    _require_status(server.client("wrong").get(path), 401, "Unauthorized")
    _require_status(server.client("").get(path), 403, "Forbidden")
    _require_status(admin.get(server.configmaps("none")), 404, "NotFound")
    _require_status(admin.post(server.configmaps(), {"metadata": {"name": "settings"}}), 409, "AlreadyExists")
    stale = {**made, "metadata": {**made["metadata"], "resourceVersion": "1"}}
    _require_status(admin.put(path, stale), 409, "Conflict")
    _require_status(admin.patch(path, b"text", "application/octet-stream"), 415, "UnsupportedMediaType")
    server.create_deployment(replicas=0)
    invalid = admin.patch(server.deployments("web"), {"spec": {"replicas": -1}}, MERGE_PATCH)
    _require_status(invalid, 422, "Invalid")


def test_a_deletion_is_confirmed_by_a_status(server: ApiServer) -> None:
    """`Success`, with name, kind and uid of what went."""
    made = server.create_configmap()
    answer = server.admin.delete(server.configmaps("settings"))
    body = answer.json
    assert (answer.status, body["kind"], body["status"]) == (200, "Status", "Success")
    assert body["details"] == {"name": "settings", "kind": "configmaps", "uid": made["metadata"]["uid"]}


def test_a_path_that_is_not_served_is_404(server: ApiServer) -> None:
    """A Status for a kind that a group does not have, plain text for a group that nobody has."""
    _require_status(server.admin.get(server.path("unicorns")), 404, "NotFound")
    unknown = server.admin.get("/apis/no.such.group/v1/things")
    assert (unknown.status, unknown.text.strip()) == (404, "404 page not found")


def test_a_method_that_is_not_served_is_405(server: ApiServer) -> None:
    """PUT of a collection, POST of an object."""
    _require_status(
        server.admin.put(server.configmaps(), {"metadata": {"name": "a"}}), 405, "MethodNotAllowed"
    )
    refused = server.admin.post(server.configmaps("a"), {"metadata": {"name": "a"}})
    _require_status(refused, 405, "MethodNotAllowed")


def test_a_namespace_that_goes_away_takes_nothing_new(server: ApiServer) -> None:
    """403 NamespaceTerminating, then it is gone with all that was in it."""
    server.create_configmap()
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    path = f"/api/v1/namespaces/{server.namespace}"
    answer = server.admin.delete(path)
    assert answer.json["status"]["phase"] == "Terminating"
    refused = server.admin.post(server.configmaps(), {"metadata": {"name": "late"}})
    assert (refused.status, refused.reason) == (403, "Forbidden")
    assert refused.json["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    server.wait_until(lambda: server.admin.get(path).status == 404, "the namespace's end")
    assert server.admin.items(server.pods()) == []


def test_the_server_says_who_it_is(server: ApiServer) -> None:
    """/version, /readyz, /api and /apis: what clients and probes look at."""
    assert server.read("/version")["gitVersion"].startswith("v1.")
    assert server.admin.get("/readyz").text.startswith("ok")
    assert "v1" in server.read("/api")["versions"]
    groups = {group["name"] for group in server.read("/apis")["groups"]}
    assert {"apps", "rbac.authorization.k8s.io"} <= groups
    resources = {resource["name"]: resource for resource in server.read("/apis/apps/v1")["resources"]}
    assert resources["deployments"]["namespaced"] is True
    assert "deployments/scale" in resources
