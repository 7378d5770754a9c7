"""`metrics.k8s.io` of a control plane whose kubelets are simulated: what pods use is what a test says.

    with FakeMetrics(plane) as metrics:
        metrics.load(namespace, cores=0.1)     # shared evenly by its ready pods

It is registered as a real metrics server is, by an APIService, and reached through the API server, which asks for
rights first. The real autoscaler goes by it. Where nothing was said of a namespace, nobody tells what its pods use.
"""

from __future__ import annotations

import json
import ssl
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.controlplane.api import ApiError, Json
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import is_ready

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
ROOT = f"/apis/{GROUP}/{VERSION}"
SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NAME = f"{VERSION}.{GROUP}"
MEMORY = "30Mi"


class FakeMetrics:
    """Served on a loopback port in a thread, as long as it is entered."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._cores: dict[str, float] = {}
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(plane.state_dir / "server.crt", plane.state_dir / "server.key")
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.socket = tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="fake-metrics", daemon=True)

    def load(self, namespace: str, cores: float) -> None:
        """All ready pods of it together use so much from now on."""
        self._cores[namespace] = cores

    def __enter__(self) -> Self:
        self._thread.start()
        self._namespace = self._plane.new_namespace("metrics")
        service = {"type": "ExternalName", "externalName": "localhost"}
        self._plane.api.post(
            f"/api/v1/namespaces/{self._namespace}/services",
            {"metadata": {"name": "metrics"}, "spec": service},
        )
        port = self._server.server_address[1]
        spec = {
            "group": GROUP,
            "version": VERSION,
            "service": {"name": "metrics", "namespace": self._namespace, "port": port},
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        }
        self._plane.api.post(SERVICES, {"metadata": {"name": NAME}, "spec": spec})
        self._plane.eventually(self._is_served, what="metrics.k8s.io")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._plane.api.delete(f"{SERVICES}/{NAME}")
        self._plane.delete_namespace(self._namespace)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, target: str) -> Json | None:
        """The body for a path with its query; None: there is no such path."""
        asked = urlsplit(target)
        match asked.path.removeprefix(ROOT).strip("/").split("/"):
            case [""]:
                return _discovery()
            case ["pods"]:
                return _listed([])
            case ["namespaces", namespace, "pods"]:
                return _listed(self._used(namespace, asked.query))
        return None

    def _is_served(self) -> bool:
        """The API server has looked whether it is there, and passes on what it is asked."""
        try:
            self._plane.api.get(f"{ROOT}/pods")
        except ApiError as error:
            if error.status not in (404, 503):
                raise
            return False
        return True

    def _used(self, namespace: str, query: str) -> list[Json]:
        if namespace not in self._cores:
            return []
        pods = filter(is_ready, self._plane.api.items(f"/api/v1/namespaces/{namespace}/pods?{query}"))
        ready = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return [_metrics(pod, self._cores[namespace] / len(ready)) for pod in ready]


def _metrics(pod: Json, cores: float) -> Json:
    """A sample that was taken since the pod is ready: the autoscaler passes over others."""
    usage = {"cpu": f"{cores * 1000:.0f}m", "memory": MEMORY}
    containers = [{"name": container["name"], "usage": usage} for container in pod["spec"]["containers"]]
    metadata = {key: pod["metadata"][key] for key in ("name", "namespace", "labels")}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"metadata": metadata, "timestamp": now, "window": "0s", "containers": containers}


def _listed(items: list[Json]) -> Json:
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "PodMetricsList", "metadata": {}, "items": items}


def _discovery() -> Json:
    pods = {
        "name": "pods",
        "singularName": "",
        "namespaced": True,
        "kind": "PodMetrics",
        "verbs": ["get", "list"],
    }
    group = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}"}
    return {**group, "resources": [pods]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in mid-handshake is no news."""


def _handler(metrics: FakeMetrics) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = metrics.answer(self.path) if self.path.startswith(ROOT) else None
            body = json.dumps(found or {}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The API server's own log tells enough."""

    return Handler
