"""PersistentVolumeClaims: which may ask for more storage, and what is refused.

No test server has a provisioner that resizes: that part is the sandbox's own and has its own tests.
"""

from __future__ import annotations

import pytest

from tests.contract.api_server import JSON_PATCH, MERGE_PATCH, Answer, ApiServer, Json

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


def _class(server: ApiServer, grows: bool) -> str:
    name = f"{'grows' if grows else 'fixed'}-{server.namespace}"
    body = {"metadata": {"name": name}, "provisioner": "example.org/none"}
    answer = server.admin.post(CLASSES, {**body, "allowVolumeExpansion": True} if grows else body)
    assert answer.status == 201, answer.text
    return name


def _claim(server: ApiServer, storage_class: str, *, bound: bool = True) -> Json:
    """A claim of 1Gi, with a volume that is kept for it."""
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    path = server.path("persistentvolumeclaims")
    answer = server.admin.post(path, {"metadata": {"name": "data"}, "spec": spec})
    assert (answer.status, answer.json["status"]["phase"]) == (201, "Pending")
    if bound:
        _volume(server, storage_class)
        server.wait_until(lambda: server.read(f"{path}/data")["status"]["phase"] == "Bound", "the volume")
    return server.read(f"{path}/data")


def _volume(server: ApiServer, storage_class: str) -> None:
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "hostPath": {"path": "/nowhere"},
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": server.namespace, "name": "data"},
    }
    body = {"metadata": {"name": f"volume-{server.namespace}"}, "spec": spec}
    answer = server.admin.post("/api/v1/persistentvolumes", body)
    assert answer.status == 201, answer.text


def _ask(server: ApiServer, size: str, **query: str) -> Answer:
    path = server.path("persistentvolumeclaims", "data")
    return server.admin.patch(
        path, {"spec": {"resources": {"requests": {"storage": size}}}}, MERGE_PATCH, **query
    )


def _fields(answer: Answer) -> set[str]:
    return {cause["field"] for cause in answer.json["details"]["causes"]}


def test_a_claim_is_bound_to_the_volume_that_names_it(server: ApiServer) -> None:
    """It tells what there is; a claim is no object with generations."""
    claim = _claim(server, _class(server, grows=True))
    assert claim["spec"]["volumeName"] == f"volume-{server.namespace}"
    assert claim["status"]["capacity"] == {"storage": "1Gi"}
    assert "generation" not in claim["metadata"]


def test_a_claim_may_ask_for_more_where_its_class_says_so(server: ApiServer) -> None:
    """And for less again while that is more than there is: the volume has not grown."""
    _claim(server, _class(server, grows=True))
    assert _ask(server, "2Gi", dryRun="All").json["spec"]["resources"]["requests"] == {"storage": "2Gi"}
    answer = _ask(server, "2Gi")
    assert (answer.status, answer.json["status"]["capacity"]) == (200, {"storage": "1Gi"})
    assert _ask(server, "1500Mi").status == 200
    assert _ask(server, "1Gi").status == 422


@pytest.mark.parametrize("query", [{}, {"dryRun": "All"}])
def test_a_claim_may_not_ask_for_more_where_its_class_does_not_say_so(
    server: ApiServer, query: dict[str, str]
) -> None:
    """403, as a dry run too; asking for what it has is nothing."""
    _claim(server, _class(server, grows=False))
    answer = _ask(server, "2Gi", **query)
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert "only dynamically provisioned pvc can be resized" in answer.json["message"]
    assert _ask(server, "1Gi", **query).status == 200


def test_a_claim_may_not_ask_for_less_than_there_is(server: ApiServer) -> None:
    """422, whatever its class says."""
    _claim(server, _class(server, grows=True))
    answer = _ask(server, "512Mi")
    assert (answer.status, _fields(answer)) == (422, {"spec.resources.requests.storage"})
    assert "field can not be less than status.capacity" in answer.json["message"]
    zero = _ask(server, "0")
    assert (zero.status, "must be greater than zero" in zero.json["message"]) == (422, True)


def test_a_claim_without_a_volume_cannot_be_changed(server: ApiServer) -> None:
    """422 for more storage, too."""
    _claim(server, _class(server, grows=True), bound=False)
    answer = _ask(server, "2Gi")
    assert (answer.status, _fields(answer)) == (422, {"spec"})


def test_nothing_else_of_a_claim_can_be_changed(server: ApiServer) -> None:
    """422."""
    _claim(server, _class(server, grows=True))
    change = [{"op": "replace", "path": "/spec/storageClassName", "value": "other"}]
    answer = server.admin.patch(server.path("persistentvolumeclaims", "data"), change, JSON_PATCH)
    assert (answer.status, _fields(answer)) == (422, {"spec"})


def test_a_claim_says_how_much_it_wants(server: ApiServer) -> None:
    """422 without."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {}}
    path = server.path("persistentvolumeclaims")
    answer = server.admin.post(path, {"metadata": {"name": "data"}, "spec": spec})
    assert (answer.status, _fields(answer)) == (422, {"spec.resources[storage]"})
