"""409, 404, 422, 400, 415: a wrong write is refused, and says in which way it is wrong."""

from __future__ import annotations

import pytest

from tests.contract.api_server import (
    MERGE_PATCH,
    STRATEGIC_PATCH,
    ApiServer,
    deployment,
)


@pytest.mark.parametrize("content_type", [MERGE_PATCH, STRATEGIC_PATCH])
def test_a_patch_with_a_stale_resource_version_conflicts(server: ApiServer, content_type: str) -> None:
    """A resourceVersion in the patch body is a precondition; a refused patch changes nothing."""
    stale_patch_conflicts(server, content_type)


def stale_patch_conflicts(server: ApiServer, content_type: str = MERGE_PATCH) -> None:
    """The body of the test above, for one content type."""
    made = server.create_configmap(color="red")
    path = server.configmaps("settings")
    server.admin.patch(path, {"data": {"color": "green"}}, MERGE_PATCH)
    version = made["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "data": {"color": "blue"}}
    refused = server.admin.patch(path, patch, content_type)
    assert (refused.status, refused.reason) == (409, "Conflict")
    assert server.read(path)["data"] == {"color": "green"}


def test_a_replacement_with_a_stale_resource_version_conflicts(server: ApiServer) -> None:
    """PUT of what was read before somebody else's write: 409."""
    made = server.create_configmap(color="red")
    path = server.configmaps("settings")
    server.admin.patch(path, {"data": {"color": "green"}}, MERGE_PATCH)
    refused = server.admin.put(path, {**made, "data": {"color": "blue"}})
    assert (refused.status, refused.reason) == (409, "Conflict")
    assert "the object has been modified" in refused.json["message"]


def test_a_current_resource_version_is_accepted(server: ApiServer) -> None:
    """The precondition holds: the write goes through."""
    made = server.create_configmap(color="red")
    patch = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "data": {"color": "blue"}}
    assert server.admin.patch(server.configmaps("settings"), patch, MERGE_PATCH).status == 200


def test_another_uid_in_the_body_is_refused(server: ApiServer) -> None:
    """A uid binds the write to that object: 422 for a patch, 409 for a replacement; nothing is changed."""
    made = server.create_configmap(color="red")
    path = server.configmaps("settings")
    other = "11111111-2222-3333-4444-555555555555"
    patch = {"metadata": {"uid": other}, "data": {"color": "blue"}}
    refused = server.admin.patch(path, patch, MERGE_PATCH)
    assert (refused.status, refused.reason) == (422, "Invalid")
    assert refused.json["details"]["causes"][0]["field"] == "metadata.uid"
    whole = {**made, "metadata": {"name": "settings", "uid": other}, "data": {"color": "blue"}}
    refused = server.admin.put(path, whole)
    assert (refused.status, refused.reason) == (409, "Conflict")
    assert f"UID in precondition: {other}" in refused.json["message"]
    assert server.read(path)["data"] == {"color": "red"}


def test_a_name_that_is_taken_conflicts(server: ApiServer) -> None:
    """Creating twice: 409 AlreadyExists."""
    server.create_configmap()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    refused = server.admin.post(server.configmaps(), body)
    assert (refused.status, refused.reason) == (409, "AlreadyExists")
    assert refused.json["details"] == {"name": "settings", "kind": "configmaps"}


@pytest.mark.parametrize(("key", "value"), [("uid", "not-its-uid"), ("resourceVersion", "1")])
def test_delete_preconditions_are_obeyed(server: ApiServer, key: str, value: str) -> None:
    """A uid or resourceVersion that is not the object's: 409, and it is still there."""
    delete_precondition_refuses(server, key, value)


def delete_precondition_refuses(server: ApiServer, key: str = "uid", value: str = "not-its-uid") -> None:
    """The body of the test above, for one precondition."""
    made = server.create_configmap()
    path = server.configmaps("settings")
    refused = server.admin.delete(path, {"preconditions": {key: value}})
    assert (refused.status, refused.reason) == (409, "Conflict")
    assert f"in the precondition ({value}) does not match" in refused.json["message"]
    assert refused.json["details"] == {"name": "settings", "kind": "ConfigMap"}
    assert server.read(path)["metadata"]["uid"] == made["metadata"]["uid"]
    accepted = server.admin.delete(path, {"preconditions": {"uid": made["metadata"]["uid"]}})
    assert accepted.status == 200
    assert accepted.json["details"]["uid"] == made["metadata"]["uid"]


def test_what_is_not_there_is_not_found(server: ApiServer) -> None:
    """404 for reading, patching, deleting and replacing a name that nobody has."""
    path = server.deployments("nobody")
    patch = {"spec": {"replicas": 1}}
    answers = [
        server.admin.get(path),
        server.admin.patch(path, patch, MERGE_PATCH),
        server.admin.delete(path),
        server.admin.get(server.deployments("nobody", "scale")),
    ]
    assert [answer.status for answer in answers] == [404] * 4
    assert {answer.reason for answer in answers} == {"NotFound"}
    assert answers[0].json["message"] == 'deployments.apps "nobody" not found'
    assert answers[0].json["details"] == {"name": "nobody", "group": "apps", "kind": "deployments"}


def test_a_uid_does_not_make_a_gone_object_a_conflict(server: ApiServer) -> None:
    """404 all the same."""
    patch = {"metadata": {"uid": "11111111-2222-3333-4444-555555555555"}, "data": {"a": "b"}}
    refused = server.admin.patch(server.configmaps("gone"), patch, MERGE_PATCH)
    assert (refused.status, refused.reason) == (404, "NotFound")


def test_a_namespace_that_is_not_there_is_not_found(server: ApiServer) -> None:
    """Creating into it: 404 that names the namespace."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    refused = server.admin.post("/api/v1/namespaces/nobody-has-this/configmaps", body)
    assert (refused.status, refused.reason) == (404, "NotFound")
    assert refused.json["message"] == 'namespaces "nobody-has-this" not found'


def test_a_negative_number_of_replicas_is_invalid(server: ApiServer) -> None:
    """422 with a cause that names the field; nothing is stored."""
    server.create_deployment(replicas=0)
    path = server.deployments("web")
    refused = server.admin.patch(path, {"spec": {"replicas": -1}}, MERGE_PATCH)
    assert (refused.status, refused.reason) == (422, "Invalid")
    details = refused.json["details"]
    assert (details["name"], details["group"], details["kind"]) == ("web", "apps", "Deployment")
    causes = [(cause["field"], cause["reason"]) for cause in details["causes"]]
    assert causes == [("spec.replicas", "FieldValueInvalid")]
    assert "must be greater than or equal to 0" in refused.json["message"]
    assert server.read(path)["spec"]["replicas"] == 0


def test_a_selector_is_immutable(server: ApiServer) -> None:
    """422 `field is immutable`."""
    server.create_deployment(replicas=0)
    patch = {
        "spec": {
            "selector": {"matchLabels": {"app": "web", "x": "y"}},
            "template": {"metadata": {"labels": {"x": "y"}}},
        }
    }
    refused = server.admin.patch(server.deployments("web"), patch, MERGE_PATCH)
    assert refused.status == 422
    assert [cause["field"] for cause in refused.json["details"]["causes"]] == ["spec.selector"]
    assert "field is immutable" in refused.json["message"]


def test_a_template_must_match_its_selector(server: ApiServer) -> None:
    """422 at creation."""
    body = deployment()
    body["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    refused = server.admin.post(server.deployments(), body)
    assert refused.status == 422
    assert [c["field"] for c in refused.json["details"]["causes"]] == ["spec.template.metadata.labels"]


def test_a_container_needs_an_image_and_a_limit_above_its_request(server: ApiServer) -> None:
    """Each mistake is a cause of its own."""
    body = deployment()
    resources = {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}
    body["spec"]["template"]["spec"]["containers"] = [{"name": "web", "resources": resources}]
    refused = server.admin.post(server.deployments(), body)
    assert refused.status == 422
    where = "spec.template.spec.containers[0]"
    fields = {cause["field"] for cause in refused.json["details"]["causes"]}
    assert fields == {f"{where}.image", f"{where}.resources.requests"}


def test_most_of_a_pods_spec_is_immutable(server: ApiServer) -> None:
    """422: pods are replaced, not edited."""
    server.create_deployment(replicas=1)
    pod = server.wait_for_container(lambda status: status["ready"])
    patch = {"spec": {"containers": [{"name": "web", "command": ["sleep"]}]}}
    refused = server.admin.patch(server.pods(pod["metadata"]["name"]), patch, STRATEGIC_PATCH)
    assert (refused.status, refused.reason) == (422, "Invalid")
    assert "pod updates may not change fields" in refused.json["message"]


def test_an_unknown_field_is_refused_when_validation_is_strict(server: ApiServer) -> None:
    """fieldValidation=Strict: 400 for a new object, 422 for a patch; nothing is stored."""
    body = deployment(replicas=0)
    body["spec"]["replicaz"] = 3
    refused = server.admin.post(server.deployments(), body, fieldValidation="Strict")
    assert (refused.status, refused.reason) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "spec.replicaz"' in refused.json["message"]
    server.create_deployment(replicas=0)
    path = server.deployments("web")
    for content_type in (MERGE_PATCH, STRATEGIC_PATCH):
        refused = server.admin.patch(path, {"spec": {"replicaz": 3}}, content_type, fieldValidation="Strict")
        assert (refused.status, refused.reason) == (422, "Invalid")
        assert 'unknown field "spec.replicaz"' in refused.json["message"]
    assert server.read(path)["metadata"]["generation"] == 1


def test_an_unknown_field_is_dropped_with_a_warning_otherwise(server: ApiServer) -> None:
    """The server's default: the field is gone and a Warning header says so."""
    body = deployment(replicas=0)
    body["spec"]["replicaz"] = 3
    answer = server.admin.post(server.deployments(), body)
    assert answer.status == 201
    assert "replicaz" not in answer.json["spec"]
    assert any('unknown field \\"spec.replicaz\\"' in text for text in answer.warnings)


def test_a_value_of_the_wrong_type_is_a_bad_request(server: ApiServer) -> None:
    """A string where a number belongs."""
    body = deployment()
    body["spec"]["replicas"] = "three"
    refused = server.admin.post(server.deployments(), body)
    assert (refused.status, refused.reason) == (400, "BadRequest")
    assert "cannot unmarshal string" in refused.json["message"]


def test_a_patch_of_an_unknown_format_is_refused(server: ApiServer) -> None:
    """415."""
    server.create_configmap()
    path = server.configmaps("settings")
    refused = server.admin.patch(path, b"text", "application/octet-stream")
    assert (refused.status, refused.reason) == (415, "UnsupportedMediaType")
