"""GET `pods/exec`: the upgrade to a WebSocket, and the channels over which a command prints and ends.

As the API server and its kubelet: what the server itself can tell is refused before the upgrade; what only the kubelet
knows comes as a Status on the error channel after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug import Response

from tools.cluster import JsonObject
from tools.sandbox import kinds
from tools.sandbox.commands import Script, Started
from tools.sandbox.controllers.podview import workload_name
from tools.sandbox.errors import ApiError, bad_request, not_found
from tools.sandbox.logs import choose_container, container_status
from tools.sandbox.requests import Call
from tools.sandbox.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

EXEC = "exec"
SWITCH = "sandbox.switch_protocols"
"""Key of the WSGI environment: `switch(data, keep_open)` takes the connection over."""
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, STATUS = b"\x01", b"\x02", b"\x03"
_FRAME = 32 * 1024


class Upgraded(Response):
    """The answer 101 with everything that follows it on the connection."""

    def __init__(self, data: bytes, *, keep_open: bool) -> None:
        super().__init__(status=101)
        self._data = data
        self._keep_open = keep_open

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Past WSGI, which knows no upgrades."""
        environ[SWITCH](self._data, self._keep_open)
        return []


def execute(world: World, call: Call) -> Response:
    """Begin the command and answer with all that it prints. Raises ApiError where the API server itself says no."""
    route, query = call.route, call.query
    pod = world.store.get(kinds.POD, route.namespace, route.name)
    if pod is None:
        raise not_found(kinds.POD, route.name)
    container = choose_container(pod, query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {route.name} does not have a host assigned")
    protocol = _accepted(call.path, call.headers)
    if "running" not in ((container_status(pod, container) or {}).get("state") or {}):
        failure = _internal_error(f'unable to upgrade connection: container not found ("{container}")')
        return _answered(protocol, Script("", "", ()), failure)
    workload = workload_name(world.store, pod)
    started = Started(
        route.namespace, route.name, pod["metadata"]["uid"], container, call.command, world.now()
    )
    scripted = world.commands.find(route.namespace, workload, call.command)
    if scripted is None:
        failure = _internal_error(f'exec: "{"".join(call.command[:1])}": executable file not found in $PATH')
        return _answered(protocol, Script("", "", ()), failure)
    world.commands.started.append(started)
    if scripted.then:
        scripted.then(pod)
    return _answered(protocol, scripted, _status(scripted.exit_code))


def _accepted(path: str, headers: Mapping[str, str]) -> Any:
    """A connection over which the handshake was answered. Raises 400 for a request that asks for no upgrade."""
    from websockets.datastructures import Headers
    from websockets.http11 import Request
    from websockets.server import ServerProtocol
    from websockets.typing import Subprotocol

    protocol = ServerProtocol(subprotocols=[Subprotocol(name) for name in PROTOCOLS])
    answer = protocol.accept(Request(path, Headers(headers)))
    if answer.status_code != 101:
        raise bad_request("Upgrade request required")
    protocol.send_response(answer)
    return protocol


def _answered(protocol: Any, scripted: Script, status: JsonObject) -> Response:
    streams = ((STDOUT, scripted.stdout), (STDERR, scripted.stderr))
    for channel, data in streams:
        for start in range(0, len(data), _FRAME):
            protocol.send_binary(channel + data[start : start + _FRAME])
    if scripted.ending == "status":
        protocol.send_binary(STATUS + json.dumps(status).encode())
        protocol.send_close(1000)
    return Upgraded(b"".join(protocol.data_to_send()), keep_open=scripted.ending == "open")


def _status(code: int) -> JsonObject:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _internal_error(why: str) -> JsonObject:
    text = f"Internal error occurred: {why}"
    return ApiError(500, "InternalError", text, details={"causes": [{"message": why}]}).body()
