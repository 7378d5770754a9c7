"""One command in one container, over the channels that the API server speaks on a WebSocket (v5 and v4).

`kubernetes.stream` is not used: it connects without any time limit, keeps whatever is printed in memory, and makes one
error of a request that was refused and of a connection that was lost in the middle, which are as different as can be.
Here a refusal is an error of `tools.errors` with nothing done, and everything after the command may have begun is
`UnknownOutcome` or a `Ran` without an exit status. Nothing is ever sent twice.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlencode

from tools.answers import error_of
from tools.errors import Forbidden, Invalid, TransientError, UnknownOutcome

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
KEPT = 32 * 1024
"""Bytes of each stream that are kept at either end."""
STATUS_BYTES = 64 * 1024
CONNECT_SECONDS = 10.0
"""For the connection and the server's answer to the upgrade."""
STDOUT, STDERR, STATUS = 1, 2, 3

Query: TypeAlias = Sequence[tuple[str, str]]
Dial: TypeAlias = Callable[[str, Query, str], Any]
"""`dial(path, query, what)`: a WebSocket over which the command has begun. Raises ToolError."""


@dataclass
class Printed:
    """What a stream printed: its beginning, its end, and how much it was."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, data: bytes) -> None:
        """Keep what there is room for."""
        self.total += len(data)
        room = KEPT - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        del self.tail[:-KEPT]

    @property
    def left_out(self) -> int:
        """Bytes in the middle that were not kept."""
        return self.total - len(self.head) - len(self.tail)


@dataclass(frozen=True)
class Ran:
    """How a command ended, as far as that was told."""

    exit_code: int | None = None
    """None: nobody said, and it may be running still."""
    why_unknown: str = ""
    """Without an exit code: what came instead of it."""
    stdout: Printed = field(default_factory=Printed)
    stderr: Printed = field(default_factory=Printed)


def run(dial: Dial, path: str, container: str, argv: Sequence[str], *, seconds: float, what: str) -> Ran:
    """Run it and wait, for so long at the most, until the server says how it ended.

    Raises PermanentError and TransientError when nothing was run, UnknownOutcome when that cannot be told.
    """
    words = [("command", word) for word in argv]
    query = [("container", container), ("stdout", "true"), ("stderr", "true"), *words]
    socket = dial(path, query, what)
    try:
        return _listen(socket, seconds)
    finally:
        _hang_up(socket)


def _hang_up(socket: Any) -> None:
    """Say goodbye, and wait for no answer to it."""
    from websocket import WebSocketException

    with suppress(OSError, WebSocketException):
        socket.send_close()
    socket.shutdown()


def dialler(configuration: Any) -> Dial:
    """Opens the WebSocket with the credentials, the trust and the proxy of the library's configuration."""
    from kubernetes.client import ApiClient
    from kubernetes.config import ConfigException

    client = ApiClient(configuration)

    def dial(path: str, query: Query, what: str) -> Any:
        try:
            _, url, headers, *_ = client.param_serialize(
                "GET", f"{path}?{urlencode(query)}", header_params={}, auth_settings=["BearerToken"]
            )
        except (ConfigException, OSError) as err:
            raise Forbidden(f"{what}: the credentials cannot be renewed: {err}") from err
        return _connected(configuration, url, headers, what)

    return dial


def _connected(configuration: Any, url: str, headers: dict[str, str], what: str) -> Any:
    from websocket import (
        WebSocket,
        WebSocketAddressException,
        WebSocketBadStatusException,
        WebSocketException,
    )

    socket: Any = WebSocket(sslopt=_tls(configuration), skip_utf8_validation=True)
    kept = [f"{name}: {value}" for name, value in headers.items() if name.lower() == "authorization"]
    try:
        socket.connect(
            "ws" + url.removeprefix("http"),
            header=kept,
            subprotocols=list(PROTOCOLS),
            timeout=CONNECT_SECONDS,
            suppress_origin=True,
            redirect_limit=0,
            **_proxy(configuration, url, headers),
        )
    except WebSocketBadStatusException as err:
        raise _refusal(err, what) from err
    except ssl.SSLCertVerificationError as err:
        raise Invalid(f"{what}: the API server's certificate is not trusted: {err}") from err
    except (ConnectionRefusedError, TimeoutError, WebSocketAddressException) as err:
        raise TransientError(f"{what}: no connection to the API server: {err}") from err
    except (WebSocketException, OSError) as err:
        raise UnknownOutcome(f"{what}: the connection was lost before the server answered: {err}") from err
    if socket.getsubprotocol() not in PROTOCOLS:
        socket.shutdown()
        raise UnknownOutcome(f"{what}: the server speaks none of {', '.join(PROTOCOLS)}")
    return socket


def _refusal(err: Any, what: str) -> Exception:
    body = err.resp_body or b""
    body = body.encode() if isinstance(body, str) else body
    return error_of(err.status_code, err.resp_headers or {}, body, what, write=True)


def _tls(configuration: Any) -> dict[str, Any]:
    if not configuration.verify_ssl:
        return {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
    given = {
        "ca_certs": configuration.ssl_ca_cert,
        "check_hostname": configuration.assert_hostname,
        "certfile": configuration.cert_file,
        "keyfile": configuration.key_file,
        "server_hostname": configuration.tls_server_name,
    }
    return {"cert_reqs": ssl.CERT_REQUIRED, **{k: v for k, v in given.items() if v is not None}}


def _proxy(configuration: Any, url: str, headers: dict[str, str]) -> dict[str, Any]:
    """As the library's own; without one none, whatever the environment names."""
    if not configuration.proxy:
        return {"http_no_proxy": ["*"]}
    from kubernetes.stream import ws_client

    library: Any = ws_client
    found: dict[str, Any] = library.websocket_proxycare({}, configuration, url, headers)
    return found


def _listen(socket: Any, seconds: float) -> Ran:
    """Frames until the one that says how it ended."""
    from websocket import ABNF, WebSocketException, WebSocketTimeoutException

    printed = {STDOUT: Printed(), STDERR: Printed()}
    ends = time.monotonic() + seconds
    try:
        while (left := ends - time.monotonic()) > 0:
            socket.settimeout(left)
            opcode, data = socket.recv_data()
            if opcode == ABNF.OPCODE_CLOSE:
                return _ran(
                    printed, why_unknown="the server closed the connection without saying how it ended"
                )
            if data[:1] == bytes([STATUS]):
                return _ended(printed, data[1:])
            if data and data[0] in printed:
                printed[data[0]].add(data[1:])
    except WebSocketTimeoutException:
        pass
    except (WebSocketException, OSError) as err:
        return _ran(printed, why_unknown=f"the connection was lost while it ran: {err}")
    return _ran(printed, why_unknown=f"it had not ended after {seconds:g} s, and may be running still")


def _ended(printed: dict[int, Printed], body: bytes) -> Ran:
    """From the Status that the server sends last: success, a code, or why it could not be run."""
    try:
        status = json.loads(body[:STATUS_BYTES])
        if status.get("status") == "Success":
            return _ran(printed, exit_code=0)
        causes = (status.get("details") or {}).get("causes") or []
        codes = [str(cause.get("message")) for cause in causes if cause.get("reason") == "ExitCode"]
        if status.get("reason") == "NonZeroExitCode" and codes:
            return _ran(printed, exit_code=int(codes[0]))
        told = str(status.get("message") or status.get("reason") or "no reason")
    except (ValueError, AttributeError) as err:
        return _ran(printed, why_unknown=f"the server's last word cannot be read: {err}")
    return _ran(printed, why_unknown=f"the server says that it could not be run, or not to its end: {told}")


def _ran(printed: dict[int, Printed], *, exit_code: int | None = None, why_unknown: str = "") -> Ran:
    return Ran(exit_code, why_unknown, printed[STDOUT], printed[STDERR])
