"""dryRun=All: the whole answer, none of the effect."""

from __future__ import annotations

from tests.contract.api_server import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, ApiServer, deployment

ALL = "All"


def test_a_dry_patch_answers_with_the_change_and_changes_nothing(server: ApiServer) -> None:
    """The answer is the object as it would be, generation included; the object stays as it is."""
    server.create_deployment(replicas=0)
    before = server.wait_until_rolled_out()
    path = server.deployments("web")
    answer = server.admin.patch(path, {"spec": {"replicas": 2}}, STRATEGIC_PATCH, dryRun=ALL)
    assert answer.status == 200
    assert answer.json["spec"]["replicas"] == 2
    assert answer.json["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert answer.json["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    after = server.read(path)
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_a_dry_create_stores_nothing(server: ApiServer) -> None:
    """201 with defaults and a uid, and 404 afterwards."""
    answer = server.admin.post(server.deployments(), deployment(), dryRun=ALL)
    assert answer.status == 201
    assert answer.json["metadata"]["uid"]
    assert answer.json["spec"]["progressDeadlineSeconds"] == 600
    assert server.admin.get(server.deployments("web")).status == 404


def test_a_dry_delete_deletes_nothing(server: ApiServer) -> None:
    """200, and the object is still there."""
    server.create_configmap()
    path = server.configmaps("settings")
    assert server.admin.delete(path, dryRun=ALL).status == 200
    assert server.admin.delete(path, {"dryRun": [ALL]}).status == 200
    assert "deletionTimestamp" not in server.read(path)["metadata"]


def test_a_dry_delete_of_a_pod_shows_the_pod_ending(server: ApiServer) -> None:
    """The answer carries a deletionTimestamp, the pod does not."""
    server.create_deployment(replicas=1)
    pod = server.wait_for_container(lambda status: status["ready"])
    path = server.pods(pod["metadata"]["name"])
    answer = server.admin.delete(path, dryRun=ALL)
    assert answer.status == 200
    assert answer.json["metadata"]["deletionTimestamp"]
    assert "deletionTimestamp" not in server.read(path)["metadata"]


def test_a_dry_scale_scales_nothing(server: ApiServer) -> None:
    """The subresource obeys it too."""
    server.create_deployment(replicas=0)
    path = server.deployments("web", "scale")
    answer = server.admin.patch(path, {"spec": {"replicas": 5}}, MERGE_PATCH, dryRun=ALL)
    assert (answer.status, answer.json["spec"]["replicas"]) == (200, 5)
    assert server.read(server.deployments("web"))["spec"]["replicas"] == 0


def test_a_dry_eviction_evicts_nobody(server: ApiServer) -> None:
    """201, and the pod is not being deleted."""
    server.create_deployment(replicas=1)
    pod = server.wait_for_container(lambda status: status["ready"])
    name = pod["metadata"]["name"]
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    body["deleteOptions"] = {"dryRun": [ALL]}
    assert server.admin.post(server.pods(name, "eviction"), body).status == 201
    assert "deletionTimestamp" not in server.read(server.pods(name))["metadata"]


def test_a_dry_write_is_validated(server: ApiServer) -> None:
    """A dry run refuses what the real one would refuse: 422, 409, a failed test."""
    made = server.create_deployment(replicas=0)
    server.wait_until_rolled_out()
    path = server.deployments("web")
    invalid = server.admin.patch(path, {"spec": {"replicas": -1}}, MERGE_PATCH, dryRun=ALL)
    assert invalid.status == 422
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "spec": {"replicas": 1}}
    assert server.admin.patch(path, stale, MERGE_PATCH, dryRun=ALL).status == 409
    operations = [{"op": "test", "path": "/metadata/uid", "value": "x"}]
    assert server.admin.patch(path, operations, JSON_PATCH, dryRun=ALL).status == 422


def test_a_value_other_than_all_is_refused(server: ApiServer) -> None:
    """`dryRun=true` is not a dry run, and must not be taken for a real one either."""
    server.create_configmap(color="red")
    path = server.configmaps("settings")
    answer = server.admin.patch(path, {"data": {"color": "blue"}}, MERGE_PATCH, dryRun="true")
    assert answer.status == 422
    assert server.read(path)["data"] == {"color": "red"}
