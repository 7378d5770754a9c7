"""The three patch formats."""

from __future__ import annotations

from typing import Any

from tests.contract.api_server import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, ApiServer, Json

TWO: list[Json] = [
    {
        "name": "web",
        "image": "shop/web:1",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 8080, "name": "http"}, {"containerPort": 9090, "name": "metrics"}],
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    },
    {"name": "proxy", "image": "shop/proxy:1"},
]
VOLUMES: list[Json] = [{"name": "cache", "emptyDir": {}}, {"name": "spare", "emptyDir": {}}]


def _with_sidecar(server: ApiServer) -> str:
    """A Deployment of two containers, scaled to none."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": TWO, "volumes": VOLUMES}}
    server.create_deployment(replicas=0, template=template)
    return server.deployments("web")


def _patched(server: ApiServer, path: str, pod_spec: Json) -> Json:
    answer = server.admin.patch(path, {"spec": {"template": {"spec": pod_spec}}}, STRATEGIC_PATCH)
    assert answer.status == 200, answer.text
    spec: Json = answer.json["spec"]["template"]["spec"]
    return spec


def _names(items: list[Json]) -> list[str]:
    return [item["name"] for item in items]


def test_strategic_merge_joins_containers_by_name(server: ApiServer) -> None:
    """The named container changes in the named field; its other fields and the sidecar stay."""
    spec = _patched(server, _with_sidecar(server), {"containers": [{"name": "web", "image": "shop/web:2"}]})
    images = {container["name"]: container["image"] for container in spec["containers"]}
    assert images == {"web": "shop/web:2", "proxy": "shop/proxy:1"}
    web = next(container for container in spec["containers"] if container["name"] == "web")
    assert _names(web["env"]) == ["A", "B"]
    assert _names(web["ports"]) == ["http", "metrics"]


def test_strategic_merge_joins_env_volumes_and_ports_by_key(server: ApiServer) -> None:
    """env by name, ports by containerPort, volumes by name, mounts by mountPath."""
    path = _with_sidecar(server)
    container = {
        "name": "web",
        "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}],
        "ports": [{"containerPort": 9090, "name": "prom"}],
        "volumeMounts": [{"name": "spare", "mountPath": "/spare"}],
    }
    spec = _patched(server, path, {"containers": [container], "volumes": [{"name": "more", "emptyDir": {}}]})
    web = next(container for container in spec["containers"] if container["name"] == "web")
    assert {item["name"]: item["value"] for item in web["env"]} == {"A": "1", "B": "3", "C": "4"}
    assert {port["containerPort"]: port["name"] for port in web["ports"]} == {8080: "http", 9090: "prom"}
    assert {mount["mountPath"] for mount in web["volumeMounts"]} == {"/cache", "/spare"}
    assert set(_names(spec["volumes"])) == {"cache", "spare", "more"}


def test_strategic_merge_keeps_the_servers_order(server: ApiServer) -> None:
    """Known items keep their places, a new one comes first."""
    path = _with_sidecar(server)
    spec = _patched(server, path, {"containers": [{"name": "proxy", "image": "shop/proxy:2"}]})
    assert _names(spec["containers"]) == ["web", "proxy"]
    spec = _patched(server, path, {"containers": [{"name": "new", "image": "shop/new:1"}]})
    assert _names(spec["containers"]) == ["new", "web", "proxy"]


def test_strategic_merge_obeys_delete_and_replace(server: ApiServer) -> None:
    """`$patch: delete` takes one item out, `$patch: replace` the rest of a list or object."""
    path = _with_sidecar(server)
    spec = _patched(server, path, {"containers": [{"name": "proxy", "$patch": "delete"}]})
    assert _names(spec["containers"]) == ["web"]
    only = {"name": "web", "env": [{"$patch": "replace"}, {"name": "Z", "value": "9"}]}
    spec = _patched(server, path, {"containers": [only]})
    assert _names(spec["containers"][0]["env"]) == ["Z"]
    patch = {"metadata": {"labels": {"app": "web", "only": "this", "$patch": "replace"}}}
    answer = server.admin.patch(path, patch, STRATEGIC_PATCH)
    assert answer.json["metadata"]["labels"] == {"app": "web", "only": "this"}


def test_strategic_merge_deletes_with_null(server: ApiServer) -> None:
    """null takes a field out."""
    path = _with_sidecar(server)
    server.admin.patch(path, {"metadata": {"annotations": {"a": "1", "b": "2"}}}, STRATEGIC_PATCH)
    answer = server.admin.patch(path, {"metadata": {"annotations": {"a": None}}}, STRATEGIC_PATCH)
    kept = answer.json["metadata"]["annotations"]
    assert (kept.get("a"), kept["b"]) == (None, "2")


def test_merge_patch_replaces_lists(server: ApiServer) -> None:
    """RFC 7386 knows no keys: the sidecar is gone. That is why templates are never patched so."""
    path = _with_sidecar(server)
    containers = [{"name": "web", "image": "shop/web:2"}]
    patch = {"spec": {"template": {"spec": {"containers": containers, "volumes": None}}}}
    answer = server.admin.patch(path, patch, MERGE_PATCH)
    assert _names(answer.json["spec"]["template"]["spec"]["containers"]) == ["web"]


def _operations(uid: str, version: str) -> list[dict[str, Any]]:
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/data/color", "value": "blue"},
    ]


def test_json_patch_applies_when_its_tests_hold(server: ApiServer) -> None:
    """The conditional write that actions rest on."""
    metadata = server.create_configmap(color="red")["metadata"]
    operations = _operations(metadata["uid"], metadata["resourceVersion"])
    answer = server.admin.patch(server.configmaps("settings"), operations, JSON_PATCH)
    assert (answer.status, answer.json["data"]) == (200, {"color": "blue"})


def test_json_patch_fails_when_a_test_fails(server: ApiServer) -> None:
    """422 Invalid, for a uid as for a resourceVersion, and nothing is changed."""
    metadata = server.create_configmap(color="red")["metadata"]
    path = server.configmaps("settings")
    wrong = [
        _operations("another", metadata["resourceVersion"]),
        _operations(metadata["uid"], "1"),
    ]
    for operations in wrong:
        refused = server.admin.patch(path, operations, JSON_PATCH)
        assert (refused.status, refused.reason) == (422, "Invalid")
    assert server.read(path)["data"] == {"color": "red"}


def test_json_patch_that_does_not_apply_is_unprocessable(server: ApiServer) -> None:
    """Replacing or removing what is not there."""
    server.create_configmap(color="red")
    path = server.configmaps("settings")
    for operation in ({"op": "remove", "path": "/data/none"}, {"op": "replace", "path": "/x/y", "value": 1}):
        assert server.admin.patch(path, [operation], JSON_PATCH).status == 422


def test_a_body_that_is_no_json_patch_is_a_bad_request(server: ApiServer) -> None:
    """An object where a list of operations belongs."""
    server.create_configmap()
    plain = f"{JSON_PATCH}; charset=utf-8"
    refused = server.admin.patch(server.configmaps("settings"), {"data": {}}, plain)
    assert (refused.status, refused.reason) == (400, "BadRequest")


def test_json_patch_replaces_a_whole_template(server: ApiServer) -> None:
    """What a rollback sends."""
    path = _with_sidecar(server)
    uid = server.read(path)["metadata"]["uid"]
    containers = [{"name": "web", "image": "shop/web:9"}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "replace", "path": "/spec/template", "value": template},
    ]
    answer = server.admin.patch(path, operations, JSON_PATCH)
    assert answer.status == 200, answer.text
    spec = answer.json["spec"]["template"]["spec"]
    assert _names(spec["containers"]) == ["web"]
    assert "volumes" not in spec
    assert spec["terminationGracePeriodSeconds"] == 30
