"""The log endpoint of every fake node's kubelet: what `kubectl logs` reaches through the API server.

Logs are made from the pod itself. The annotation `sim/log` of a pod (or of its template) is what the running
container says, `sim/crash-log` what an ended one said last; without them there is a plain text for each fault. A
container that has no log, or no earlier one, is refused with the kubelet's own words.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Pod = dict[str, Any]
HEALTHY = "starting version 1\nlistening on :8080\nready"
CRASHED = {
    "oom": "starting version 1\nloading cache\ncache holds 1048576 entries",
    "": "starting version 1\nreading configuration\nfatal: missing required setting DATABASE_URL",
}
NOT_STARTED = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class NoLog(Exception):
    """The kubelet's answer 400: the container has no such log."""


class FakeKubelet:
    """Serves `/containerLogs/<namespace>/<pod>/<container>` over TLS on a loopback port, in a thread."""

    def __init__(self, read_pod: Callable[[str, str], Pod], certificate: Path, key: Path) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        self._server = _Server(("127.0.0.1", 0), _handler(read_pod))
        self._server.socket = tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="fake-kubelet", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def log_of(pod: Pod, container: str, query: dict[str, str]) -> str:
    """The log as the API server passes it on; raises NoLog. Knows previous, tailLines, limitBytes and timestamps."""
    state = _ended_or_running(pod, container, query.get("previous") == "true")
    text = _text(pod, container, ended="terminated" in state)
    began = datetime.fromisoformat((state.get("running") or state["terminated"])["startedAt"])
    lines = [(began + timedelta(milliseconds=n), line) for n, line in enumerate(text.splitlines())]
    if since := _since(query):
        lines = [(at, line) for at, line in lines if at >= since]
    if "tailLines" in query:
        lines = lines[max(0, len(lines) - int(query["tailLines"])) :]
    stamped = query.get("timestamps") == "true"
    said = "".join(f"{at.isoformat()} {line}\n" if stamped else f"{line}\n" for at, line in lines)
    limit = int(query.get("limitBytes", 0))
    return said.encode()[:limit].decode(errors="ignore") if limit else said


def _ended_or_running(pod: Pod, container: str, previous: bool) -> dict[str, Any]:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    status = next((s for s in statuses if s["name"] == container), None)
    name = pod["metadata"]["name"]
    if status is None:
        raise NoLog(f'container "{container}" in pod "{name}" is not available')
    last, state = status.get("lastState", {}), status.get("state", {})
    if previous:
        if "terminated" not in last:
            raise NoLog(f'previous terminated container "{container}" in pod "{name}" not found')
        return dict(last)
    if "waiting" not in state:
        return dict(state)
    if "terminated" in last:
        return dict(last)
    reason = state["waiting"]["reason"]
    raise NoLog(
        f'container "{container}" in pod "{name}" is waiting to start: {NOT_STARTED.get(reason, reason)}'
    )


def _text(pod: Pod, container: str, *, ended: bool) -> str:
    metadata = pod["metadata"]
    given = metadata.get("annotations", {})
    if container != pod["spec"]["containers"][0]["name"]:
        return HEALTHY
    if not ended:
        return str(given.get("sim/log", HEALTHY))
    fault = metadata.get("labels", {}).get("sim/fault", "")
    return str(given.get("sim/crash-log", CRASHED.get(fault, CRASHED[""])))


def _since(query: dict[str, str]) -> datetime | None:
    if "sinceTime" in query:
        return datetime.fromisoformat(query["sinceTime"])
    if "sinceSeconds" in query:
        return datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
    return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in mid-handshake is no news."""


def _handler(read_pod: Callable[[str, str], Pod]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            match asked.path.strip("/").split("/"):
                case ["containerLogs", namespace, pod, container]:
                    self._log(namespace, pod, container, {k: v[-1] for k, v in parse_qs(asked.query).items()})
                case _:
                    self._say(404, "not found")

        def _log(self, namespace: str, pod: str, container: str, query: dict[str, str]) -> None:
            try:
                self._say(200, log_of(read_pod(namespace, pod), container, query))
            except NoLog as refused:
                self._say(400, str(refused))

        def _say(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """The API server's own log tells enough."""

    return Handler
