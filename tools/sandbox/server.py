"""A waitress server in a thread of its own, on a free port of 127.0.0.1."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tools.sandbox.executions import SWITCH


class Server:
    """Serves a WSGI application until it is stopped."""

    def __init__(self, application: Callable[..., Any], threads: int = 8) -> None:
        from waitress.server import create_server

        self._server = create_server(
            application,
            host="127.0.0.1",
            port=0,
            threads=threads,
            map={},
            connection_limit=1000,
            ident=None,
            clear_untrusted_proxy_headers=False,
        )
        self._server.channel_class = _channel_class()
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name="sandbox-http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is being answered, close all connections, end the threads."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
        # a loop that woke by itself has closed everything already, its trigger with it
        with suppress(OSError):
            self._server.trigger.pull_trigger(self._close)
        self._thread.join(10)

    def _close(self) -> None:
        """Runs in the server's own thread, which ends once nothing is left to serve."""
        for channel in list(self._server.active_channels.values()):
            channel.close()
        self._server.close()


def _channel_class() -> type:
    """Connections that an answer may take over, as an upgrade to a WebSocket does."""
    from waitress.channel import HTTPChannel
    from waitress.task import WSGITask

    class Task(WSGITask):  # type: ignore[misc]
        def get_environment(self) -> dict[str, Any]:
            return {**super().get_environment(), SWITCH: self._switch}

        def _switch(self, data: bytes, keep_open: bool) -> None:
            self.complete = self.wrote_header = True
            self.close_on_finish = not keep_open
            self.channel.write_soon(data)

    class Channel(HTTPChannel):  # type: ignore[misc]
        task_class = Task

    return Channel


def refused_port() -> socket.socket:
    """A bound socket that nobody listens on: connections to its port are refused while it is open."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound
