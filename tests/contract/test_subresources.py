"""scale, eviction, status, token."""

from __future__ import annotations

from tests.contract.api_server import JSON_PATCH, MERGE_PATCH, ApiServer, Json


def _eviction(name: str, **options: object) -> Json:
    body: Json = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    return body | ({"deleteOptions": options} if options else {})


def test_scale_shows_and_sets_replicas(server: ApiServer) -> None:
    """A Scale object of its own kind; a patch of it changes spec.replicas and nothing else."""
    server.create_deployment(replicas=0)
    before = server.wait_until_rolled_out()
    path = server.deployments("web", "scale")
    scale = server.read(path)
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["metadata"]["uid"] == before["metadata"]["uid"]
    assert scale["spec"] == {}
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}
    version = scale["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "spec": {"replicas": 1}}
    answer = server.admin.patch(path, patch, MERGE_PATCH)
    assert (answer.status, answer.json["spec"]["replicas"]) == (200, 1)
    after = server.read(server.deployments("web"))
    assert after["spec"] == {**before["spec"], "replicas": 1}


def test_scale_refuses_a_stale_version_and_a_negative_number(server: ApiServer) -> None:
    """409 and 422."""
    server.create_deployment(replicas=0)
    path = server.deployments("web", "scale")
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 1}}
    assert server.admin.patch(path, stale, MERGE_PATCH).status == 409
    negative = server.admin.patch(path, {"spec": {"replicas": -1}}, MERGE_PATCH)
    assert negative.status == 422
    assert negative.json["details"]["kind"] == "Scale"
    operations = [{"op": "test", "path": "/metadata/uid", "value": "other"}]
    assert server.admin.patch(path, operations, JSON_PATCH).status == 422


def test_scale_refuses_another_object(server: ApiServer) -> None:
    """A uid that is not the object's is a conflict, and nothing is scaled."""
    server.create_deployment(replicas=0)
    path = server.deployments("web", "scale")
    other = {"metadata": {"uid": "11111111-2222-3333-4444-555555555555"}, "spec": {"replicas": 1}}
    refused = server.admin.patch(path, other, MERGE_PATCH)
    assert (refused.status, refused.reason) == (409, "Conflict"), refused.text
    assert "Precondition failed: UID in precondition: 11111111-" in refused.json["message"]
    assert server.read(server.deployments("web"))["spec"]["replicas"] == 0


def test_scale_is_signed_until_somebody_else_scales(server: ApiServer) -> None:
    """The manager that scaled stands in managedFields under `scale`; it goes when another number has another owner."""
    server.create_deployment(replicas=0)
    path = server.deployments("web", "scale")
    patch = {"spec": {"replicas": 1}}
    assert server.admin.patch(path, patch, MERGE_PATCH, fieldManager="sre-agent").status == 200
    assert _scaled_by(server) == ["sre-agent"]
    main = server.deployments("web")
    assert server.admin.patch(main, {"spec": {"replicas": 1}}, MERGE_PATCH, fieldManager="x").status == 200
    assert _scaled_by(server) == ["sre-agent"]
    assert server.admin.patch(main, {"spec": {"replicas": 2}}, MERGE_PATCH, fieldManager="x").status == 200
    assert _scaled_by(server) == []
    assert server.admin.patch(path, patch, MERGE_PATCH, fieldManager="one").status == 200
    back = {"spec": {"replicas": 2}}
    assert server.admin.patch(path, back, MERGE_PATCH, fieldManager="two").status == 200
    assert _scaled_by(server) == ["two"]


def _scaled_by(server: ApiServer) -> list[str]:
    entries = server.read(server.deployments("web"))["metadata"]["managedFields"]
    return [entry["manager"] for entry in entries if entry.get("subresource") == "scale"]


def test_who_scaled_is_told_and_not_when(server: ApiServer) -> None:
    """The entry names its field and carries no time: it cannot be put in order with other writers."""
    server.create_deployment(replicas=0)
    path = server.deployments("web", "scale")
    assert server.admin.patch(path, {"spec": {"replicas": 1}}, MERGE_PATCH, fieldManager="one").status == 200
    entries = server.read(server.deployments("web"))["metadata"]["managedFields"]
    (scaled,) = (entry for entry in entries if entry.get("subresource") == "scale")
    assert "time" not in scaled
    assert scaled["fieldsV1"] == {"f:spec": {"f:replicas": {}}}


def test_scale_counts_one_generation(server: ApiServer) -> None:
    """What was read before the write says which generation the write made."""
    server.create_deployment(replicas=0)
    before = server.wait_until_rolled_out()["metadata"]["generation"]
    assert (
        server.admin.patch(server.deployments("web", "scale"), {"spec": {"replicas": 1}}, MERGE_PATCH).status
        == 200
    )
    assert server.read(server.deployments("web"))["metadata"]["generation"] == before + 1


def test_a_dry_run_of_scale_changes_nothing(server: ApiServer) -> None:
    """Answered with the number asked for."""
    server.create_deployment(replicas=0)
    path = server.deployments("web", "scale")
    answer = server.admin.patch(path, {"spec": {"replicas": 3}}, MERGE_PATCH, dryRun="All")
    assert (answer.status, answer.json["spec"]["replicas"]) == (200, 3)
    assert server.read(server.deployments("web"))["spec"]["replicas"] == 0


def test_an_eviction_deletes_the_pod(server: ApiServer) -> None:
    """201, and another pod takes its place."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    (pod,) = server.pods_of()
    name = pod["metadata"]["name"]
    answer = server.admin.post(server.pods(name, "eviction"), _eviction(name))
    assert (answer.status, answer.json["status"]) == (201, "Success")
    server.wait_until(
        lambda: pod["metadata"]["uid"] not in {p["metadata"]["uid"] for p in server.pods_of()}, "the end"
    )


def test_an_eviction_with_another_uid_conflicts(server: ApiServer) -> None:
    """409, and the pod stays."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    (pod,) = server.pods_of()
    name = pod["metadata"]["name"]
    refused = server.admin.post(
        server.pods(name, "eviction"), _eviction(name, preconditions={"uid": "another"})
    )
    assert refused.status == 409
    assert [p["metadata"]["uid"] for p in server.pods_of()] == [pod["metadata"]["uid"]]


def test_a_disruption_budget_refuses_an_eviction(server: ApiServer) -> None:
    """429 with the cause DisruptionBudget, never a deletion."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    budgets = server.path("poddisruptionbudgets", group="policy/v1")
    assert server.admin.post(budgets, {"metadata": {"name": "web"}, "spec": spec}).status == 201
    (pod,) = server.pods_of()
    name = pod["metadata"]["name"]

    def refused() -> Json | None:
        answer = server.admin.post(server.pods(name, "eviction"), _eviction(name, dryRun=["All"]))
        causes = answer.json.get("details", {}).get("causes", [])
        settled = "needs 1 healthy pods and has 1" in str(causes)
        return answer.json if answer.status == 429 and settled else None

    body = server.wait_until(refused, "the budget's refusal")
    assert (body["reason"], body["code"]) == ("TooManyRequests", 429)
    assert body["details"]["causes"][0]["reason"] == "DisruptionBudget"
    assert "deletionTimestamp" not in server.read(server.pods(name))["metadata"]


def test_two_disruption_budgets_of_one_pod_are_an_error(server: ApiServer) -> None:
    """500: somebody has to mend the configuration."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    spec = {"minAvailable": 0, "selector": {"matchLabels": {"app": "web"}}}
    budgets = server.path("poddisruptionbudgets", group="policy/v1")
    for name in ("one", "two"):
        assert server.admin.post(budgets, {"metadata": {"name": name}, "spec": spec}).status == 201
    (pod,) = server.pods_of()
    name = pod["metadata"]["name"]
    refused = server.admin.post(server.pods(name, "eviction"), _eviction(name))
    assert refused.status == 500
    assert "more than one PodDisruptionBudget" in refused.json["message"]


def test_status_is_written_on_its_own_path(server: ApiServer) -> None:
    """The main path leaves the status alone, the status path leaves the spec alone."""
    server.create_deployment(replicas=0)
    before = server.wait_until_rolled_out()
    path = server.deployments("web")
    answer = server.admin.patch(path, {"status": {"readyReplicas": 7}}, MERGE_PATCH)
    assert answer.json["status"] == before["status"]
    patch = {"spec": {"replicas": 9}}
    answer = server.admin.patch(server.deployments("web", "status"), patch, MERGE_PATCH)
    assert answer.status == 200
    assert server.read(path)["spec"]["replicas"] == 0


def test_a_token_request_gives_a_token_that_works(server: ApiServer) -> None:
    """The account's own name comes back in what it is refused."""
    accounts = server.path("serviceaccounts")
    assert server.admin.post(accounts, {"metadata": {"name": "probe"}}).status == 201
    body = {"spec": {"expirationSeconds": 3600}}
    answer = server.admin.post(server.path("serviceaccounts", "probe", "token"), body)
    assert answer.status == 201, answer.text
    assert answer.json["kind"] == "TokenRequest"
    client = server.client(answer.json["status"]["token"])
    refused = client.get(server.pods())
    assert refused.status == 403
    assert f"system:serviceaccount:{server.namespace}:probe" in refused.json["message"]


def test_every_namespace_has_a_default_account(server: ApiServer) -> None:
    """And a label with its own name."""
    found = server.wait_until(
        lambda: server.admin.get(server.path("serviceaccounts", "default")).status == 200, "the account"
    )
    assert found
    labels = server.read(f"/api/v1/namespaces/{server.namespace}")["metadata"]["labels"]
    assert labels["kubernetes.io/metadata.name"] == server.namespace
