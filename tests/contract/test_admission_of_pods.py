"""ResourceQuotas and LimitRanges refuse pods, not the workload that will make them: a patch says nothing of it."""

from __future__ import annotations

from typing import Any

from tests.contract.api_server import JSON_PATCH, Answer, ApiServer, Json

LIMITED: Json = {
    "name": "web",
    "image": "shop/web:1",
    "resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}},
}


def _bound(server: ApiServer, kind: str, plural: str, spec: Json) -> None:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "bound"}, "spec": spec}
    answer = server.admin.post(server.path(plural), body)
    assert answer.status == 201, answer.text


def _running(server: ApiServer, **spec: Any) -> None:
    """Two pods of 64 MiB."""
    server.create_deployment(containers=[LIMITED], **spec)
    server.wait_until_rolled_out()


def _raise(server: ApiServer, amount: str) -> Answer:
    path = "/spec/template/spec/containers/0/resources"
    operations = [
        {"op": "replace", "path": f"{path}/{kind}/memory", "value": amount} for kind in ("limits", "requests")
    ]
    return server.admin.patch(server.deployments("web"), operations, JSON_PATCH)


def _told(server: ApiServer) -> str:
    """What the controller was told of the pod that it could not make."""

    def look() -> str:
        found = server.admin.items(server.path("events"))
        return next((str(event["message"]) for event in found if event["reason"] == "FailedCreate"), "")

    return server.wait_until(look, "an event FailedCreate")


def _still_serves(server: ApiServer) -> bool:
    """Both pods of before are there and ready, and there is no third one."""
    limits = [pod["spec"]["containers"][0]["resources"]["limits"]["memory"] for pod in server.pods_of()]
    return (
        limits == ["64Mi", "64Mi"] and server.read(server.deployments("web"))["status"]["readyReplicas"] == 2
    )


def test_a_limit_beyond_a_limit_range_is_accepted_and_its_pods_are_not(server: ApiServer) -> None:
    """200 for the Deployment, an Event on its ReplicaSet; the old pods go on."""
    _running(server)
    _bound(
        server, "LimitRange", "limitranges", {"limits": [{"type": "Container", "max": {"memory": "80Mi"}}]}
    )
    assert _raise(server, "96Mi").status == 200
    assert "maximum memory usage per Container is 80Mi, but limit is 96Mi" in _told(server)
    assert _still_serves(server)


def test_a_limit_beyond_a_quota_is_accepted_and_its_pods_are_not(server: ApiServer) -> None:
    """The pod beyond the wanted ones that a rolling update makes is what the quota has to hold."""
    _running(server)
    _bound(server, "ResourceQuota", "resourcequotas", {"hard": {"limits.memory": "192Mi"}})
    path = server.path("resourcequotas", "bound")
    counted = {"limits.memory": "128Mi"}
    server.wait_until(lambda: server.read(path).get("status", {}).get("used") == counted, "the quota's count")
    assert _raise(server, "96Mi").status == 200
    told = _told(server)
    assert "exceeded quota: bound" in told
    assert "requested: limits.memory=96Mi, used: limits.memory=128Mi, limited: limits.memory=192Mi" in told
    assert _still_serves(server)


def test_a_pod_that_is_made_by_hand_is_refused(server: ApiServer) -> None:
    """403, with the words that the Event has."""
    _bound(
        server, "LimitRange", "limitranges", {"limits": [{"type": "Container", "max": {"memory": "32Mi"}}]}
    )
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one"},
        "spec": {"containers": [LIMITED]},
    }
    answer = server.admin.post(server.pods(), body)
    assert (answer.status, answer.reason) == (403, "Forbidden")
    assert 'pods "one" is forbidden: maximum memory usage per Container is 32Mi' in answer.text.replace(
        "\\", ""
    )


def test_amounts_that_are_left_out_are_filled_in_of_pods_and_not_of_their_template(server: ApiServer) -> None:
    """By a LimitRange: its default, and where it has none its most; a limit of their own is what they request."""
    defaults = {"default": {"memory": "48Mi"}, "defaultRequest": {"memory": "16Mi"}, "max": {"cpu": "2"}}
    _bound(server, "LimitRange", "limitranges", {"limits": [{"type": "Container", **defaults}]})
    (entry,) = server.read(server.path("limitranges", "bound"))["spec"]["limits"]
    assert entry["default"] == {"memory": "48Mi", "cpu": "2"}
    assert entry["defaultRequest"] == {"memory": "16Mi", "cpu": "2"}
    own = {"name": "own", "image": "shop/own:1", "resources": {"limits": {"memory": "32Mi"}}}
    server.create_deployment(replicas=1, containers=[{"name": "web", "image": "shop/web:1"}, own])
    found = server.wait_until_rolled_out()
    assert [c.get("resources") for c in found["spec"]["template"]["spec"]["containers"]] == [
        {},
        own["resources"],
    ]
    (pod,) = server.pods_of()
    web, beside = (container["resources"] for container in pod["spec"]["containers"])
    assert web == {"limits": {"memory": "48Mi", "cpu": "2"}, "requests": {"memory": "16Mi", "cpu": "2"}}
    assert beside == {"limits": {"memory": "32Mi", "cpu": "2"}, "requests": {"memory": "32Mi", "cpu": "2"}}
