"""uid, resourceVersion, generation: what every careful write rests on."""

from __future__ import annotations

from tests.contract.api_server import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, ApiServer


def test_a_recreated_object_has_another_uid(server: ApiServer) -> None:
    """Same name, other object: the uid tells."""
    first = server.create_configmap()
    assert server.admin.delete(server.configmaps("settings")).status == 200
    second = server.create_configmap()
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    assert first["metadata"]["creationTimestamp"] <= second["metadata"]["creationTimestamp"]


def test_a_write_moves_the_resource_version(server: ApiServer) -> None:
    """Every change gives the object a version that it never had."""
    seen = [server.create_configmap(color="red")["metadata"]["resourceVersion"]]
    for color in ("green", "red"):
        patch = {"data": {"color": color}}
        answer = server.admin.patch(server.configmaps("settings"), patch, MERGE_PATCH)
        seen.append(answer.json["metadata"]["resourceVersion"])
    assert len(set(seen)) == 3


def test_a_write_that_changes_nothing_keeps_the_resource_version(server: ApiServer) -> None:
    """An equal object is not stored again."""
    made = server.create_configmap(color="red")
    answer = server.admin.patch(server.configmaps("settings"), {"data": {"color": "red"}}, MERGE_PATCH)
    assert answer.status == 200
    assert answer.json["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_a_spec_change_counts_as_a_generation(server: ApiServer) -> None:
    """Generation 1 at birth, one more for each change of the spec, none for a label."""
    made = server.create_deployment(replicas=0)
    assert made["metadata"]["generation"] == 1
    path = server.deployments("web")
    labelled = server.admin.patch(path, {"metadata": {"labels": {"tier": "front"}}}, MERGE_PATCH)
    assert labelled.json["metadata"]["generation"] == 1
    paused = server.admin.patch(path, {"spec": {"paused": True}}, MERGE_PATCH)
    assert paused.json["metadata"]["generation"] == 2


def test_an_annotation_of_a_deployment_counts_as_a_generation(server: ApiServer) -> None:
    """Deployments alone count annotation changes too; the controller's own revision mark does not count."""
    server.create_deployment(replicas=0)
    path = server.deployments("web")
    marked = server.wait_until_rolled_out()
    assert marked["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert marked["metadata"]["generation"] == 1
    answer = server.admin.patch(path, {"metadata": {"annotations": {"note": "x"}}}, STRATEGIC_PATCH)
    assert answer.json["metadata"]["generation"] == 2


def test_the_controller_observes_the_generation(server: ApiServer) -> None:
    """status.observedGeneration follows metadata.generation."""
    server.create_deployment(replicas=0)
    server.admin.patch(server.deployments("web"), {"spec": {"minReadySeconds": 3}}, MERGE_PATCH)
    found = server.wait_until_rolled_out()
    assert found["metadata"]["generation"] == found["status"]["observedGeneration"] == 2


def test_a_label_change_of_a_configmap_has_no_generation(server: ApiServer) -> None:
    """Kinds without a spec carry no generation at all."""
    made = server.create_configmap()
    assert "generation" not in made["metadata"]


def test_identity_cannot_be_patched(server: ApiServer) -> None:
    """creationTimestamp and generation are the server's; the uid is immutable."""
    made = server.create_deployment(replicas=0)
    path = server.deployments("web")
    patch = {"metadata": {"generation": 77, "creationTimestamp": "2001-01-01T00:00:00Z"}}
    answer = server.admin.patch(path, patch, MERGE_PATCH)
    assert answer.status == 200
    assert answer.json["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert answer.json["metadata"]["generation"] == 1
    operations = [{"op": "replace", "path": "/metadata/uid", "value": "another"}]
    assert server.admin.patch(path, operations, JSON_PATCH).status == 422


def test_a_writer_is_recorded_as_field_manager(server: ApiServer) -> None:
    """managedFields names the manager of a patch, its operation and its time."""
    server.create_configmap(color="red")
    path = server.configmaps("settings")
    answer = server.admin.patch(path, {"data": {"a": "b"}}, MERGE_PATCH, fieldManager="sre-agent")
    managers = {entry["manager"]: entry for entry in answer.json["metadata"]["managedFields"]}
    assert managers["sre-agent"]["operation"] == "Update"
    assert managers["sre-agent"]["time"].endswith("Z")
