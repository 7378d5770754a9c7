"""The Kubernetes API as raw JSON: two protocols and the one adapter that imports `kubernetes`.

`ClusterReader` reads; `Cluster` adds the writes. Chat holds a reader only, which is a type before it is RBAC.
Objects are plain dicts as the API sends them: the client's pydantic models raise on fields that real servers
omit, and may raise after a write has been done. Longer than most modules: the protocols, the adapter and all
that may import the client library stand together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from tools import container_commands
from tools.answers import parse
from tools.container_commands import Dial, Ran
from tools.errors import Forbidden, Gone, Invalid, Refused, TransientError, UnknownOutcome
from tools.patch_bodies import names_containers
from tools.resources import (
    ACCESS_REVIEWS,
    AUTOSCALERS,
    CLAIMS,
    CONFIGMAPS,
    CRONJOBS,
    DAEMONSETS,
    DEPLOYMENTS,
    EVENTS,
    FIELD_MANAGER,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICASETS,
    RULES_REVIEWS,
    SERVICES,
    STAMP,
    STATEFULSETS,
    JsonObject,
    JsonObjects,
    PatchType,
    Resource,
    path_of,
    request_name,
)
from tools.transport import Request, Transport, Wire

__all__ = [
    "ACCESS_REVIEWS",
    "AUTOSCALERS",
    "CLAIMS",
    "CONFIGMAPS",
    "CRONJOBS",
    "DAEMONSETS",
    "DEPLOYMENTS",
    "EVENTS",
    "FIELD_MANAGER",
    "JOBS",
    "NAMESPACES",
    "NODES",
    "PODS",
    "REPLICASETS",
    "SERVICES",
    "STAMP",
    "STATEFULSETS",
    "Cluster",
    "ClusterReader",
    "JsonObject",
    "JsonObjects",
    "KubernetesCluster",
    "PatchType",
    "Resource",
    "Written",
]


class ClusterReader(Protocol):
    """Reads. Every call has its own timeout; errors are those of `tools.errors`."""

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        """One object. Raises NotFound, Forbidden, TransientError."""
        ...

    def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> list[JsonObject]:
        """All matching objects, pages followed; items carry no `kind`, as the API sends them."""
        ...

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail_lines: int = 200
    ) -> str:
        """Log text (limitBytes 65536). Raises Invalid for a container that has not started."""
        ...

    def allowed(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        """SelfSubjectAccessReview; `resource` may carry a subresource: `pods/log`."""
        ...

    def version(self) -> str:
        """`gitVersion` of the server: the cheap liveness probe."""
        ...


class Cluster(ClusterReader, Protocol):
    """Reads and writes. Writes are sent once, never retried: a lost answer is `UnknownOutcome`."""

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: JsonObject | list[JsonObject],
        *,
        patch_type: PatchType,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Written:
        """PATCH with fieldManager and fieldValidation=Strict."""
        ...

    def create(
        self,
        resource: Resource,
        namespace: str,
        body: JsonObject,
        *,
        dry_run: bool = False,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        """POST; with name and subresource for `pods/eviction`."""
        ...

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str, dry_run: bool = False
    ) -> Written:
        """DELETE of exactly this object, what it owns after it (`propagationPolicy=Background`, never the default).

        Another object of that name is a Conflict, none a NotFound.
        """
        ...

    def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, seconds: float
    ) -> Ran:
        """Run these very words in a container, without a shell, and wait so long for its end. There is no dry run."""
        ...


@dataclass(frozen=True)
class Written:
    """The server's answer to a write."""

    object: JsonObject
    warnings: tuple[str, ...] = ()
    """Texts of `Warning:` headers."""


PAGE = 500
LOG_BYTES = 65536
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
"""What is asked for of kinds whose contents are nobody's business here; whatever else came is dropped."""
USER_AGENT = "sre-agent"
_OWN_ACCOUNT = "ServiceAccount of this pod"
_CONTENT_TYPES: dict[str, str] = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


class KubernetesCluster:
    """The real API over the `kubernetes` client: its credentials, raw JSON, our timeouts and errors."""

    def __init__(self, transport: Transport, *, server: str, identity: str, dial: Dial | None = None) -> None:
        self._transport = transport
        self._dial = dial
        self.server = server
        self.identity = identity
        """Who we are to the API, for a person: the ServiceAccount, or kubeconfig and context."""
        self.in_cluster = identity == _OWN_ACCOUNT
        """The account is the one that this process's pod was given, not a person's."""

    @classmethod
    def connect(
        cls,
        kubeconfig: str | None = None,
        *,
        token_file: str | None = None,
        timeout: tuple[float, float] = (3, 10),
        sleep: Callable[[float], None] = time.sleep,
    ) -> KubernetesCluster:
        """Connect to a named kubeconfig, else in-cluster, else as kubectl does (KUBECONFIG, ~/.kube/config).

        `token_file` replaces the bearer token and is read again for every request, so that it may rotate.
        `timeout` is (connect, read) in seconds. Nothing is sent yet. Raises Invalid, saying what to do.
        """
        from kubernetes.client.exceptions import ApiException

        configuration, identity = _configuration(kubeconfig)
        if token_file is not None:
            _use_token(configuration, token_file)
            identity = f"token of {token_file}"
        wire = _wire(configuration, timeout)
        transport = Transport(wire, tls_error=ApiException, sleep=sleep)
        dial = container_commands.dialler(configuration)
        return cls(transport, server=str(configuration.host), identity=identity, dial=dial)

    def observed_by(self, observe: Callable[[float, bool], None]) -> None:
        """Tell it of every request: its seconds, and whether the server failed it (5xx, 429, no answer)."""
        self._transport.observed_by(observe)

    def get(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        path, what = path_of(resource, namespace, name), request_name("GET", resource, namespace, name)
        if not resource.metadata_only:
            return self._read_json(Request("GET", path, what))
        item = self._read_json(Request("GET", path, what, accept=METADATA_ONLY))
        return {"metadata": item.get("metadata") or {}}

    def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str = "", field_selector: str = ""
    ) -> JsonObjects:
        path = path_of(resource, namespace)
        what = request_name("LIST", resource, namespace)
        selectors = [("labelSelector", label_selector), ("fieldSelector", field_selector)]
        query = [(key, value) for key, value in selectors if value]
        accept = METADATA_ONLY.replace(";g=", "List;g=") if resource.metadata_only else "application/json"
        try:
            items = self._pages(path, what, query, accept)
        except Gone:
            items = self._pages(path, what, query, accept)
        return [{"metadata": item["metadata"]} for item in items] if resource.metadata_only else items

    def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, tail_lines: int = 200
    ) -> str:
        text = self._log(namespace, pod, container, previous, tail_lines)
        while len(text) == LOG_BYTES and tail_lines > 1:
            # limitBytes keeps the first bytes, so a full answer has lost the newest lines: ask for fewer.
            tail_lines = max(1, tail_lines // 10)
            text = self._log(namespace, pod, container, previous, tail_lines)
        return text[-LOG_BYTES:].decode("utf-8", "replace")

    def allowed(self, verb: str, group: str, resource: str, namespace: str = "") -> bool:
        plural, _, subresource = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
        body = {
            "apiVersion": ACCESS_REVIEWS.api_version,
            "kind": ACCESS_REVIEWS.kind,
            "spec": {"resourceAttributes": {**attributes, "namespace": namespace}},
        }
        review = self._read_json(
            Request("POST", path_of(ACCESS_REVIEWS), f"may I {verb} {resource}", body=body)
        )
        return bool(review.get("status", {}).get("allowed"))

    def own_rights(self, namespace: str) -> JsonObject:
        """`status` of a SelfSubjectRulesReview: all that the account may do there, as far as the server can list it.

        Raises ToolError, Invalid among them for an empty namespace.
        """
        body = {
            "apiVersion": RULES_REVIEWS.api_version,
            "kind": RULES_REVIEWS.kind,
            "spec": {"namespace": namespace},
        }
        asked = Request("POST", path_of(RULES_REVIEWS), f"what may I do in {namespace}", body=body)
        status: JsonObject = self._read_json(asked).get("status") or {}
        return status

    def version(self) -> str:
        answer = self._transport.read(Request("GET", "/version", "GET version"), attempts=1)
        return str(parse(answer.body, "GET version").get("gitVersion", ""))

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: JsonObject | JsonObjects,
        *,
        patch_type: PatchType,
        dry_run: bool = False,
        subresource: str = "",
    ) -> Written:
        path = path_of(resource, namespace, name, subresource)
        what = request_name("PATCH", resource, namespace, name, subresource)
        if patch_type == "merge" and names_containers(body):
            raise Refused(f"{what}: a merge patch would replace all containers, sidecars too")
        return self._write("PATCH", path, what, body, _CONTENT_TYPES[patch_type], dry_run)

    def create(
        self,
        resource: Resource,
        namespace: str,
        body: JsonObject,
        *,
        dry_run: bool = False,
        name: str = "",
        subresource: str = "",
    ) -> Written:
        path = path_of(resource, namespace, name, subresource)
        what = request_name("POST", resource, namespace, name, subresource)
        return self._write("POST", path, what, body, "application/json", dry_run)

    def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str, dry_run: bool = False
    ) -> Written:
        # A server that is sent DeleteOptions ignores the query: with `dryRun` there it would delete.
        options: JsonObject = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        }
        if dry_run:
            options["dryRun"] = ["All"]
        path = path_of(resource, namespace, name)
        what = request_name("DELETE", resource, namespace, name)
        return self._sent(Request("DELETE", path, what, body=options, effect=not dry_run))

    def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], *, seconds: float
    ) -> Ran:
        if self._dial is None:
            raise Refused("this connection runs no commands")
        path = path_of(PODS, namespace, pod, "exec")
        what = request_name("GET", PODS, namespace, pod, "exec")
        return container_commands.run(self._dial, path, container, argv, seconds=seconds, what=what)

    def _read_json(self, request: Request) -> JsonObject:
        answer = self._transport.read(request)
        return parse(answer.body, request.what)

    def _pages(self, path: str, what: str, query: Sequence[tuple[str, str]], accept: str) -> JsonObjects:
        items: JsonObjects = []
        position = ""
        while True:
            paging = [("limit", str(PAGE))] + ([("continue", position)] if position else [])
            page = self._read_json(Request("GET", path, what, query=[*query, *paging], accept=accept))
            items += page.get("items") or []
            position = (page.get("metadata") or {}).get("continue") or ""
            if not position:
                return items

    def _log(self, namespace: str, pod: str, container: str, previous: bool, tail_lines: int) -> bytes:
        query = [
            ("container", container),
            ("tailLines", str(tail_lines)),
            ("limitBytes", str(LOG_BYTES)),
            ("previous", "true" if previous else "false"),
        ]
        path = path_of(PODS, namespace, pod, "log")
        what = request_name("GET", PODS, namespace, pod, "log")
        request = Request("GET", path, what, query=query, accept="*/*", keep_last=2 * LOG_BYTES)
        return self._transport.read(request).body

    def _write(
        self, method: str, path: str, what: str, body: object, content_type: str, dry_run: bool
    ) -> Written:
        query = [("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")]
        if dry_run:
            query.append(("dryRun", "All"))
        request = Request(
            method, path, what, query=query, body=body, content_type=content_type, effect=not dry_run
        )
        return self._sent(request)

    def _sent(self, request: Request) -> Written:
        answer = self._transport.send(request)
        try:
            return Written(parse(answer.body, request.what), answer.warnings)
        except TransientError as err:
            raise (UnknownOutcome(str(err)) if request.effect else err) from err


def _wire(configuration: Any, timeout: tuple[float, float]) -> Wire:
    from kubernetes.client import ApiClient
    from kubernetes.config import ConfigException

    configuration.retries = False
    client = ApiClient(configuration)
    client.user_agent = USER_AGENT

    def send(request: Request) -> Any:
        headers = {"Accept": request.accept, "Content-Type": request.content_type}
        path = f"{request.path}?{urlencode(request.query)}" if request.query else request.path
        try:
            method, url, headers, body, _ = client.param_serialize(
                request.method, path, header_params=headers, body=request.body, auth_settings=["BearerToken"]
            )
        except (ConfigException, OSError) as err:
            raise Forbidden(f"{request.what}: the credentials cannot be renewed: {err}") from err
        return client.call_api(method, url, headers, body, _request_timeout=timeout)

    return send


def _configuration(kubeconfig: str | None) -> tuple[Any, str]:
    """The library's configuration and who that makes us."""
    import yaml
    from kubernetes import config as library
    from kubernetes.client import Configuration

    configuration = Configuration()
    config: Any = library
    try:
        if kubeconfig is None and _in_cluster(config, configuration):
            return configuration, _OWN_ACCOUNT
        path = kubeconfig or config.KUBE_CONFIG_DEFAULT_LOCATION
        config.load_kube_config(config_file=path, client_configuration=configuration, persist_config=False)
        if not str(configuration.host).startswith(("http://", "https://")):
            raise ValueError("its current cluster has no server address")
    except (
        config.ConfigException,
        yaml.YAMLError,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ) as err:
        raise Invalid(
            f"The kubeconfig {kubeconfig or '(KUBECONFIG or ~/.kube/config)'} cannot be used: {err}. "
            "Set KUBECONFIG to a valid kubeconfig (try `kubectl --kubeconfig FILE version`), "
            "or run inside the cluster with a ServiceAccount."
        ) from err
    return configuration, f"kubeconfig {path}"


def _in_cluster(config: Any, configuration: Any) -> bool:
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        return False
    return True


def _use_token(configuration: Any, token_file: str) -> None:
    def refresh(target: Any) -> None:
        token = Path(token_file).read_text(encoding="utf-8").strip()
        target.api_key = {"BearerToken": f"Bearer {token}"}

    try:
        refresh(configuration)
    except OSError as err:
        raise Invalid(
            f"The token file {token_file} cannot be read: {err}. Mount it or correct its path."
        ) from err
    configuration.cert_file = configuration.key_file = None
    configuration.refresh_api_key_hook = refresh
