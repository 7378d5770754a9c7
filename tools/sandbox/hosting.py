"""What every sandbox has in common: a port, a kubeconfig, and the list of what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.sandbox.app import Application
from tools.sandbox.authz import Authorizer, Tokens
from tools.sandbox.reads import LogSource, Reader
from tools.sandbox.requests import Recorded
from tools.sandbox.server import Server
from tools.sandbox.world import World


class Host:
    """Serves one world over HTTP while it is started; one lock guards all of it."""

    def __init__(self, world: World) -> None:
        self.lock = threading.RLock()
        self._world = world
        self._tokens = Tokens()
        self._application: Application
        self._server: Server | None = None

    def _serve(self, authorizer: Authorizer, log_source: LogSource, run: Callable[[], None]) -> Application:
        reader = Reader(self._world, log_source)
        return Application(self._world, self.lock, self._tokens, authorizer, reader, run)

    def start(self) -> Self:
        """Serve HTTP on a free port of 127.0.0.1. Returns itself."""
        if self._server is None:
            self._server = Server(self._application)
        return self

    def stop(self) -> None:
        """Stop serving; may be started again (on another port)."""
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the API is served. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the sandbox is not started: call start() or use it as a context manager")
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def requests(self) -> Sequence[Recorded]:
        """What was asked over HTTP, oldest first (the newest 20,000)."""
        with self.lock:
            return list(self._application.recorded)

    def kubeconfig(self, path: Path, token: str = "admin") -> Path:
        """Write a kubeconfig for the running server with this bearer token; returns the path."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.url}}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "user"}}],
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=1))
        return path
