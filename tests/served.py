"""A real HTTP server over an app, and waiting for what happens elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from flask import Flask
from waitress import create_server, wasyncore

Found = TypeVar("Found")


@contextmanager
def serving(app: Flask) -> Iterator[int]:
    """The app on a free port of loopback, for as long as the block runs."""
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, name="test-server")
    thread.start()
    try:
        yield server.effective_port
    finally:
        # Everything in the loop is closed by the loop's own thread, or it waits on what is gone.
        with suppress(OSError):  # the loop may have ended by itself, its trigger with it
            server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(10)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()


def until(look: Callable[[], Found], *, seconds: float = 40.0) -> Found:
    """What `look` finds, as soon as it finds something; fails after a deadline."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if found := look():
            return found
        pause.wait(0.05)
    found = look()
    assert found, f"did not happen within {seconds} s"
    return found
