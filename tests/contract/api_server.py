"""The server that the contract suite talks to, through the real client library and nothing else."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar
from urllib.parse import urlencode

Json = dict[str, Any]
Query: TypeAlias = str | int | None
Found = TypeVar("Found")

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Answer:
    """What came back: errors are answers too."""

    status: int
    text: str
    headers: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def json(self) -> Json:
        """The body as an object, which it must be."""
        try:
            body = json.loads(self.text)
        except ValueError as error:
            raise AssertionError(f"{self.status}, not JSON: {self.text}") from error
        assert isinstance(body, dict), self.text
        return body

    @property
    def reason(self) -> str:
        """`reason` of a Status body, or an empty string."""
        return str(self.json.get("reason", ""))


class Client:
    """One identity's raw JSON access through the `kubernetes` ApiClient."""

    def __init__(self, api: Any) -> None:
        self.api = api

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        query: Mapping[str, Query],
        content_type: str = "application/json",
        accept: str = "application/json, */*",
    ) -> Answer:
        """One request; a query key `continue_` is sent as `continue`."""
        asked = {key.rstrip("_"): value for key, value in query.items() if value is not None}
        url = f"{path}?{urlencode(asked)}" if asked else path
        headers = {"Accept": accept, "Content-Type": content_type}
        method, url, headers, sent, _ = self.api.param_serialize(
            method, url, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        response = self.api.call_api(method, url, headers, sent, _request_timeout=(3, 20))
        text = response.read().decode()
        raw = response.response.headers
        warnings = tuple(value for key, value in raw.items() if key.lower() == "warning")
        return Answer(response.status, text, dict(raw), warnings)

    def get(self, path: str, **query: Query) -> Answer:
        return self._send("GET", path, None, query)

    def get_as(self, path: str, accept: str) -> Answer:
        """In this form of answer."""
        return self._send("GET", path, None, {}, accept=accept)

    def post(self, path: str, body: object, **query: Query) -> Answer:
        return self._send("POST", path, body, query)

    def put(self, path: str, body: object, **query: Query) -> Answer:
        return self._send("PUT", path, body, query)

    def delete(self, path: str, body: object = None, **query: Query) -> Answer:
        return self._send("DELETE", path, body, query)

    def patch(self, path: str, body: object, content_type: str, **query: Query) -> Answer:
        return self._send("PATCH", path, body, query, content_type)

    def items(self, path: str, **query: Query) -> list[Json]:
        """The items of a list that must succeed."""
        answer = self.get(path, **query)
        assert answer.status == 200, answer.text
        items: list[Json] = answer.json["items"]
        return items


def connect(kubeconfig: Path, token: str | None = None) -> Client:
    """A client with the credentials of a kubeconfig, or with this bearer token instead ("" for none at all)."""
    from kubernetes import config as library
    from kubernetes.client import ApiClient, Configuration

    loader: Any = library
    configuration = Configuration()
    loader.load_kube_config(str(kubeconfig), client_configuration=configuration, persist_config=False)
    configuration.retries = False
    if token is not None:
        configuration.cert_file = configuration.key_file = None
        configuration.refresh_api_key_hook = None
        configuration.api_key = {"BearerToken": f"Bearer {token}"} if token else {}
    return Client(ApiClient(configuration))


class Backend(Protocol):
    """Where the server comes from."""

    @property
    def url(self) -> str: ...

    def kubeconfig(self) -> Path: ...

    def new_namespace(self) -> str: ...


class ApiServer:
    """The server as one test sees it: a namespace of its own, an admin, ServiceAccounts made to measure."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.namespace = backend.new_namespace()
        self.admin = self.client()

    def client(self, token: str | None = None) -> Client:
        """A client with the admin's credentials, or with this bearer token ("" for none at all)."""
        return connect(self._backend.kubeconfig(), token)

    def path(self, plural: str, name: str = "", subresource: str = "", *, group: str = "") -> str:
        """The path of a resource in this test's namespace."""
        root = f"/apis/{group}" if group else "/api/v1"
        parts = [root, "namespaces", self.namespace, plural, name, subresource]
        return "/".join(part for part in parts if part)

    def deployments(self, name: str = "", subresource: str = "") -> str:
        return self.path("deployments", name, subresource, group="apps/v1")

    def replicasets(self, name: str = "") -> str:
        return self.path("replicasets", name, group="apps/v1")

    def pods(self, name: str = "", subresource: str = "") -> str:
        return self.path("pods", name, subresource)

    def configmaps(self, name: str = "") -> str:
        return self.path("configmaps", name)

    def create_deployment(self, name: str = "web", **spec: Any) -> Json:
        """A Deployment that the server accepts; `spec` as for `deployment`."""
        answer = self.admin.post(self.deployments(), deployment(name, **spec))
        assert answer.status == 201, answer.text
        return answer.json

    def create_configmap(self, name: str = "settings", **data: str) -> Json:
        """A ConfigMap: the simplest object there is."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        answer = self.admin.post(self.configmaps(), body)
        assert answer.status == 201, answer.text
        return answer.json

    def read(self, path: str) -> Json:
        """An object that must be there."""
        answer = self.admin.get(path)
        assert answer.status == 200, answer.text
        return answer.json

    def pods_of(self, name: str = "web") -> list[Json]:
        """The pods of a Deployment that are not being deleted."""
        found = self.admin.items(self.pods(), labelSelector=f"app={name}")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def revisions_of(self, name: str = "web") -> list[Json]:
        """Its ReplicaSets, oldest revision first."""
        found = self.admin.items(self.replicasets(), labelSelector=f"app={name}")
        return sorted(found, key=revision)

    def wait_until(
        self, look: Callable[[], Found | None], what: str = "the condition", seconds: float = 45
    ) -> Found:
        """Poll until `look` returns something true, and return that. Fails naming `what`."""
        deadline = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
            time.sleep(0.05)

    def wait_until_rolled_out(self, name: str = "web") -> Json:
        """The Deployment once every replica is of the newest revision and available."""

        def look() -> Json | None:
            found = self.read(self.deployments(name))
            return found if rolled_out(found) else None

        return self.wait_until(look, f"rollout of {name}")

    def wait_for_container(
        self, accepted: Callable[[Json], object], name: str = "web", image: str = ""
    ) -> Json:
        """The first pod of a Deployment whose first container's status is accepted."""

        def look() -> Json | None:
            for pod in self.pods_of(name):
                statuses = pod["status"].get("containerStatuses") or []
                if image and pod["spec"]["containers"][0]["image"] != image:
                    continue
                if statuses and accepted(statuses[0]):
                    return pod
            return None

        return self.wait_until(look, f"the awaited container of {name}")

    def as_service_account(self, rules: Iterable[Json], cluster_rules: Iterable[Json] = ()) -> Client:
        """A client with the token of a new ServiceAccount that has these rights and no others."""
        name = f"account-{uuid.uuid4().hex[:6]}"
        rbac = "rbac.authorization.k8s.io/v1"
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self.namespace}
        self._created("/".join([self.path("serviceaccounts")]), {"metadata": {"name": name}})
        self._created(self.path("roles", group=rbac), {"metadata": {"name": name}, "rules": list(rules)})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
        self._created(self.path("rolebindings", group=rbac), binding)
        if cluster_rules:
            whole = f"{self.namespace}-{name}"
            roles = f"/apis/{rbac}/clusterroles"
            self._created(roles, {"metadata": {"name": whole}, "rules": list(cluster_rules)})
            reference = {**reference, "kind": "ClusterRole", "name": whole}
            body = {"metadata": {"name": whole}, "roleRef": reference, "subjects": [subject]}
            self._created(f"/apis/{rbac}/clusterrolebindings", body)
        return self._client_of(name)

    def as_service_account_of_aggregated(self, rules: Iterable[Json]) -> Client:
        """A client whose account is bound here to a ClusterRole that gathers another one's rules by label."""
        name = f"{self.namespace}-{uuid.uuid4().hex[:6]}"
        rbac = "rbac.authorization.k8s.io/v1"
        roles = f"/apis/{rbac}/clusterroles"
        part = {"metadata": {"name": f"{name}-part", "labels": {name: "true"}}, "rules": list(rules)}
        self._created(roles, part)
        chosen = {"clusterRoleSelectors": [{"matchLabels": {name: "true"}}]}
        self._created(roles, {"metadata": {"name": name}, "aggregationRule": chosen, "rules": []})
        self._created(self.path("serviceaccounts"), {"metadata": {"name": name}})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self.namespace}
        binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
        self._created(self.path("rolebindings", group=rbac), binding)
        return self._client_of(name)

    def _client_of(self, account: str) -> Client:
        asked = self._created(
            self.path("serviceaccounts", account, "token"), {"spec": {"expirationSeconds": 3600}}
        )
        client = self.client(asked["status"]["token"])
        self.wait_until(lambda: client.get("/version").status == 200, "the token")
        return client

    def _created(self, path: str, body: Json) -> Json:
        answer = self.admin.post(path, body)
        assert answer.status == 201, answer.text
        return answer.json


def deployment(
    name: str = "web",
    *,
    image: str = "shop/web:1",
    replicas: int = 2,
    fault: str = "",
    annotations: Mapping[str, str] | None = None,
    containers: list[Json] | None = None,
    **spec: Any,
) -> Json:
    """A Deployment of one container `web`; `fault` is put on the pod template, `spec` is merged into the spec."""
    labels = {"app": name} | ({"sim/fault": fault} if fault else {})
    template = {
        "metadata": {"labels": labels, "annotations": dict(annotations or {})},
        "spec": {"containers": containers or [{"name": "web", "image": image}]},
    }
    wanted = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": wanted | spec,
    }


def rolled_out(found: Json) -> bool:
    """Observed, every replica updated and available, no other left."""
    status, wanted = found.get("status", {}), found["spec"]["replicas"]
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == found["metadata"]["generation"] and counts == [wanted] * 3


def revision(obj: Json) -> int:
    """The revision that the Deployment controller wrote on a Deployment or ReplicaSet."""
    return int(obj["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", "0"))


def conditions(obj: Json) -> dict[str, Json]:
    """Conditions by type."""
    return {found["type"]: found for found in obj.get("status", {}).get("conditions") or []}


def is_ready(pod: Json) -> bool:
    """The Ready condition is True."""
    return conditions(pod).get("Ready", {}).get("status") == "True"


def waits(status: Json) -> str:
    """The reason why a container waits, or an empty string."""
    return str(status.get("state", {}).get("waiting", {}).get("reason", ""))
