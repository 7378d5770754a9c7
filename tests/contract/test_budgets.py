"""PodDisruptionBudgets and ResourceQuotas: what their status says, and which evictions they let through."""

from __future__ import annotations

import pytest

from tests.contract.api_server import MERGE_PATCH, Answer, ApiServer, Json, is_ready

POLICY = "policy/v1"


def _budget(server: ApiServer, name: str = "web", **spec: object) -> None:
    body = {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec}}
    answer = server.admin.post(server.path("poddisruptionbudgets", group=POLICY), body)
    assert answer.status == 201, answer.text


def _status(server: ApiServer) -> Json:
    found = server.read(server.path("poddisruptionbudgets", "web", group=POLICY))
    current = found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
    return dict(found["status"]) if current else {}


def _counts(server: ApiServer) -> tuple[int, ...]:
    """Expected, healthy, needed, allowed."""
    status = _status(server)
    keys = ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")
    return tuple(status.get(key, -1) for key in keys)


def _evict(server: ApiServer, name: str) -> Answer:
    body = {
        "apiVersion": POLICY,
        "kind": "Eviction",
        "metadata": {"name": name},
        "deleteOptions": {"dryRun": ["All"]},
    }
    return server.admin.post(server.pods(name, "eviction"), body)


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({"minAvailable": 2}, (3, 3, 2, 1)),
        ({"minAvailable": "50%"}, (3, 3, 2, 1)),
        ({"minAvailable": 3}, (3, 3, 3, 0)),
        ({"maxUnavailable": 1}, (3, 3, 2, 1)),
        ({"maxUnavailable": "70%"}, (3, 3, 0, 3)),
        ({"maxUnavailable": 0}, (3, 3, 3, 0)),
    ],
)
def test_a_budget_says_what_it_allows(server: ApiServer, spec: Json, counts: tuple[int, ...]) -> None:
    """Shares are rounded up, of the scale of the pods' owner."""
    server.create_deployment(replicas=3)
    server.wait_until_rolled_out()
    _budget(server, **spec)
    server.wait_until(lambda: _counts(server) == counts, f"{counts}, at last {_counts(server)}")
    (condition,) = _status(server)["conditions"]
    wanted = ("True", "SufficientPods") if counts[3] else ("False", "InsufficientPods")
    assert (condition["type"], condition["status"], condition["reason"]) == ("DisruptionAllowed", *wanted)


def test_a_pod_that_is_not_ready_may_go_while_the_budget_is_met(server: ApiServer) -> None:
    """It counts for nothing: of three pods two are healthy, and no more are needed."""
    server.create_deployment(replicas=2)
    server.wait_until_rolled_out()
    unready = _unready_pod(server)
    _budget(server, minAvailable=2)
    server.wait_until(lambda: _counts(server) == (3, 2, 2, 0), "the budget's status")
    ready = next(pod for pod in server.pods_of() if is_ready(pod))
    assert _evict(server, ready["metadata"]["name"]).status == 429
    assert _evict(server, unready).status == 201


@pytest.mark.parametrize(("policy", "code"), [(None, 429), ("IfHealthyBudget", 429), ("AlwaysAllow", 201)])
def test_a_budget_that_is_not_met_keeps_pods_that_are_not_ready(
    server: ApiServer, policy: str | None, code: int
) -> None:
    """Unless it says that those may always go."""
    server.create_deployment(replicas=2)
    server.wait_until_rolled_out()
    unready = _unready_pod(server)
    _budget(server, minAvailable=3, **({"unhealthyPodEvictionPolicy": policy} if policy else {}))
    server.wait_until(lambda: _counts(server) == (3, 2, 3, 0), "the budget's status")
    assert _evict(server, unready).status == code


def _unready_pod(server: ApiServer) -> str:
    """A bare pod beside those of `web`, under the same budget, that runs and never becomes ready."""
    body = {
        "metadata": {"name": "odd", "labels": {"app": "web", "sim/fault": "notready"}},
        "spec": {"containers": [{"name": "web", "image": "shop/web:1"}]},
    }
    answer = server.admin.post(server.pods(), body)
    assert answer.status == 201, answer.text
    server.wait_until(lambda: server.read(server.pods("odd"))["status"].get("phase") == "Running", "the pod")
    return "odd"


def test_an_eviction_of_another_name_is_refused(server: ApiServer) -> None:
    """The name in the body must be the one in the path."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    (pod,) = server.pods_of()
    body = {"apiVersion": POLICY, "kind": "Eviction", "metadata": {"name": "another"}}
    refused = server.admin.post(server.pods(pod["metadata"]["name"], "eviction"), body)
    assert (refused.status, refused.json["message"]) == (
        400,
        "name in URL does not match name in Eviction object",
    )


def test_an_eviction_as_a_dry_run_by_query_keeps_the_pod(server: ApiServer) -> None:
    """`?dryRun=All`, as every other write has it."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    (pod,) = server.pods_of()
    name = pod["metadata"]["name"]
    body = {"apiVersion": POLICY, "kind": "Eviction", "metadata": {"name": name}}
    answer = server.admin.post(server.pods(name, "eviction"), body, dryRun="All", fieldManager="sre-agent")
    assert answer.status == 201, answer.text
    assert "deletionTimestamp" not in server.read(server.pods(name))["metadata"]


def test_an_eviction_of_what_is_gone_is_not_found(server: ApiServer) -> None:
    """404."""
    assert _evict(server, "nobody").status == 404


def test_a_quota_says_what_is_used(server: ApiServer) -> None:
    """Requests, limits and pods of what runs; and it moves with the number of replicas."""
    hard = {"requests.cpu": "1", "limits.memory": "1Gi", "pods": "10", "requests.memory": "2Gi"}
    quotas = server.path("resourcequotas")
    assert server.admin.post(quotas, {"metadata": {"name": "all"}, "spec": {"hard": hard}}).status == 201
    resources = {"requests": {"cpu": "150m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}
    server.create_deployment(containers=[{"name": "web", "image": "shop/web:1", "resources": resources}])
    server.wait_until_rolled_out()

    def used(**wanted: str) -> bool:
        status = server.read(server.path("resourcequotas", "all")).get("status", {})
        return status.get("hard") == hard and status.get("used") == {
            key.replace("_", "."): value for key, value in wanted.items()
        }

    server.wait_until(
        lambda: used(requests_cpu="300m", limits_memory="256Mi", pods="2", requests_memory="128Mi"), "two"
    )
    scale = server.deployments("web", "scale")
    assert server.admin.patch(scale, {"spec": {"replicas": 4}}, MERGE_PATCH).status == 200
    server.wait_until(
        lambda: used(requests_cpu="600m", limits_memory="512Mi", pods="4", requests_memory="256Mi"), "four"
    )
