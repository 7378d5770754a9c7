"""One process, one port: the WSGI server around an agent, from start to drained stop."""

from __future__ import annotations

import gc
import signal
from types import FrameType

import structlog
import waitress
from waitress.server import BaseWSGIServer, MultiSocketServer

from server.bootstrap import Agent
from server.requests import WEBHOOK_BYTES

WEB_THREADS = 8
log = structlog.get_logger("serve")


def listen(agent: Agent) -> BaseWSGIServer | MultiSocketServer:
    """Bind the port. Raises OSError when it is taken."""
    return waitress.create_server(
        agent.app,
        host=agent.settings.host,
        port=agent.settings.port,
        threads=WEB_THREADS,
        ident=None,
        # the app answers 413 itself, as problem+json
        max_request_body_size=2 * WEBHOOK_BYTES,
    )


def address(server: BaseWSGIServer | MultiSocketServer) -> str:
    """`http://host:port` as bound."""
    if isinstance(server, MultiSocketServer):
        host, port = server.effective_listen[0]
    else:
        host, port = server.effective_host, server.effective_port
    return f"http://{f'[{host}]' if ':' in str(host) else host}:{port}"


def run(agent: Agent) -> None:
    """Serve until SIGTERM or Ctrl-C, then drain: answers are finished, runs stop at a step boundary."""
    server = listen(agent)
    # What was loaded stays: a full collection that walks all of it again stops every thread for 50 ms and more.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, _stop)
    agent.start()
    log.info("ready", address=address(server), mode=agent.settings.mode)
    try:
        server.run()
    finally:
        log.info("draining")
        server.close()
        agent.stop()
        log.info("stopped")


def _stop(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
