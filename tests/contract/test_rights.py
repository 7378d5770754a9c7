"""Who may do what: tokens, RBAC, and asking about one's own rights."""

from __future__ import annotations

from tests.contract.api_server import MERGE_PATCH, Answer, ApiServer, Client, Json

READ_PODS = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}
REVIEWS = "/apis/authorization.k8s.io/v1"


def _may(
    client: Client, verb: str, resource: str, namespace: str, *, group: str = "", name: str = ""
) -> bool:
    plural, _, subresource = resource.partition("/")
    asked = {"verb": verb, "group": group, "resource": plural, "namespace": namespace}
    asked |= {"subresource": subresource} if subresource else {}
    asked |= {"name": name} if name else {}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = client.post(f"{REVIEWS}/selfsubjectaccessreviews", body)
    assert answer.status == 201, answer.text
    allowed: bool = answer.json["status"]["allowed"]
    return allowed


def test_a_right_that_was_not_given_is_denied(server: ApiServer) -> None:
    """403 that names user, verb and resource; what was given works."""
    client = server.as_service_account([READ_PODS])
    server.wait_until(lambda: client.get(server.pods()).status == 200, "the right to list pods")
    refused = client.get(server.deployments())
    assert (refused.status, refused.reason) == (403, "Forbidden")
    message = refused.json["message"]
    assert 'cannot list resource "deployments" in API group "apps"' in message
    assert f'User "system:serviceaccount:{server.namespace}:account-' in message
    assert f'in the namespace "{server.namespace}"' in message
    assert refused.json["details"] == {"group": "apps", "kind": "deployments"}


def test_reading_is_not_writing(server: ApiServer) -> None:
    """get and list do not allow patch, delete or create, dry runs included."""
    server.create_configmap(color="red")
    reads = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    client = server.as_service_account([reads])
    path = server.configmaps("settings")
    server.wait_until(lambda: client.get(path).status == 200, "the right to read")
    answers = [
        client.patch(path, {"data": {"color": "blue"}}, MERGE_PATCH),
        client.patch(path, {"data": {"color": "blue"}}, MERGE_PATCH, dryRun="All"),
        client.delete(path),
        client.post(server.configmaps(), {"metadata": {"name": "another"}}),
    ]
    assert [answer.status for answer in answers] == [403] * 4
    assert server.read(path)["data"] == {"color": "red"}


def test_rights_end_at_the_namespace(server: ApiServer) -> None:
    """A Role says nothing about other namespaces or about lists over all of them."""
    client = server.as_service_account([READ_PODS])
    server.wait_until(lambda: client.get(server.pods()).status == 200, "the right to list pods")
    assert client.get("/api/v1/namespaces/default/pods").status == 403
    refused = client.get("/api/v1/pods")
    assert refused.status == 403
    assert "at the cluster scope" in refused.json["message"]


def test_a_cluster_role_reaches_everywhere(server: ApiServer) -> None:
    """ClusterRole with ClusterRoleBinding: nodes and all namespaces."""
    nodes = {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["get", "list"]}
    client = server.as_service_account([], [nodes])
    server.wait_until(lambda: client.get("/api/v1/nodes").status == 200, "the right to list nodes")
    assert client.get("/api/v1/pods").status == 200


def test_a_subresource_is_a_right_of_its_own(server: ApiServer) -> None:
    """deployments/scale does not open deployments, pods does not open pods/log."""
    server.create_deployment(replicas=0)
    scale = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "patch"]}
    client = server.as_service_account([scale])
    path = server.deployments("web", "scale")
    server.wait_until(lambda: client.get(path).status == 200, "the right to read the scale")
    assert client.patch(path, {"spec": {"replicas": 1}}, MERGE_PATCH).status == 200
    assert client.get(server.deployments("web")).status == 403
    assert client.patch(server.deployments("web"), {"spec": {"replicas": 2}}, MERGE_PATCH).status == 403


def test_a_right_may_be_bound_to_names(server: ApiServer) -> None:
    """resourceNames: that object and no other, and no list."""
    server.create_configmap("mine")
    server.create_configmap("theirs")
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["mine"]}
    client = server.as_service_account([rule])
    server.wait_until(lambda: client.get(server.configmaps("mine")).status == 200, "the right to read `mine`")
    assert client.get(server.configmaps("theirs")).status == 403
    assert client.get(server.configmaps()).status == 403


def test_an_account_can_ask_what_it_may(server: ApiServer) -> None:
    """SelfSubjectAccessReview agrees with what happens."""
    client = server.as_service_account([READ_PODS])
    here = server.namespace
    server.wait_until(lambda: _may(client, "list", "pods", here), "the right to list pods")
    assert _may(client, "get", "pods/log", here)
    assert not _may(client, "delete", "pods", here)
    assert not _may(client, "get", "pods", "default")
    assert not _may(client, "get", "pods", "")
    assert not _may(client, "patch", "deployments", here, group="apps")
    assert not _may(client, "get", "secrets", here)
    assert _may(server.admin, "delete", "nodes", "")


def _review(client: Client, namespace: str) -> Answer:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    return client.post(f"{REVIEWS}/selfsubjectrulesreviews", body)


def _listed(client: Client, namespace: str) -> Json:
    answer = _review(client, namespace)
    assert answer.status == 201, answer.text
    assert answer.json["kind"] == "SelfSubjectRulesReview"
    status: Json = answer.json["status"]
    return status


def test_an_account_can_list_its_rights(server: ApiServer) -> None:
    """SelfSubjectRulesReview carries the rules as the role has them, here and not elsewhere, and is whole."""
    client = server.as_service_account([READ_PODS])
    here = server.namespace
    server.wait_until(lambda: client.get(server.pods()).status == 200, "the right to list pods")
    assert READ_PODS in _listed(client, here)["resourceRules"]
    assert _listed(client, here)["incomplete"] is False
    for elsewhere in ("default", "no-such-namespace"):
        assert READ_PODS not in _listed(client, elsewhere)["resourceRules"]
        assert _listed(client, elsewhere)["incomplete"] is False


def test_a_list_of_rights_holds_what_everybody_may(server: ApiServer) -> None:
    """To ask about oneself, and the paths that say what the server is."""
    listed = _listed(server.as_service_account([]), server.namespace)
    asked = {
        (group, name)
        for rule in listed["resourceRules"]
        for group in rule["apiGroups"]
        for name in rule["resources"]
    }
    assert asked == {
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authentication.k8s.io", "selfsubjectreviews"),
    }
    paths = {path for rule in listed["nonResourceRules"] for path in rule["nonResourceURLs"]}
    assert {"/version", "/api/*", "/openapi/*", "/readyz"} <= paths


def test_rights_in_the_whole_cluster_are_listed_for_every_namespace(server: ApiServer) -> None:
    """Beside those of a Role, neither merged with the other; rules about paths stand apart."""
    more = {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]}
    paths = {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    client = server.as_service_account([READ_PODS], [more, paths])

    def there() -> bool:
        rules = _listed(client, server.namespace)["resourceRules"]
        return READ_PODS in rules and more in rules

    server.wait_until(there, "both rules")
    elsewhere = _listed(client, "default")
    assert more in elsewhere["resourceRules"]
    assert paths in elsewhere["nonResourceRules"]
    assert paths not in elsewhere["resourceRules"]


def test_an_aggregated_role_is_listed_with_its_parts_rules(server: ApiServer) -> None:
    """A wildcard stays one, and rules for named objects keep the names."""
    wild = {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]}
    named = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["one"]}
    client = server.as_service_account_of_aggregated([wild, named])

    def there() -> bool:
        rules = _listed(client, server.namespace)["resourceRules"]
        return wild in rules and named in rules

    server.wait_until(there, "the aggregated rules")
    assert _may(client, "delete", "deployments", server.namespace, group="apps")


def test_an_administrators_list_is_one_wildcard(server: ApiServer) -> None:
    """For objects and for paths."""
    listed = _listed(server.admin, server.namespace)
    assert {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]} in listed["resourceRules"]
    assert {"nonResourceURLs": ["*"], "verbs": ["*"]} in listed["nonResourceRules"]


def test_rights_are_listed_for_a_namespace_and_not_for_none(server: ApiServer) -> None:
    """400, as a question about all namespaces at once has no answer."""
    refused = _review(server.admin, "")
    assert (refused.status, refused.reason) == (400, "BadRequest")
    assert refused.json["message"] == "no namespace on request"


def test_a_token_that_nobody_issued_is_unauthorized(server: ApiServer) -> None:
    """401, not 403."""
    refused = server.client("nobody-issued-this").get(server.pods())
    assert (refused.status, refused.reason) == (401, "Unauthorized")


def test_without_a_token_nothing_is_served_but_the_version(server: ApiServer) -> None:
    """An anonymous request is forbidden by name."""
    anonymous = server.client("")
    refused = anonymous.get(server.pods())
    assert (refused.status, refused.reason) == (403, "Forbidden")
    assert 'User "system:anonymous"' in refused.json["message"]
    assert anonymous.get("/version").status == 200
