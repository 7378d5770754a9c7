"""A component that does not come up says why, and one that is stopped is gone."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.controlplane.components import Component, StartFailed, answers
from tests.ports import free_port


def test_a_component_that_dies_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """Whoever reads the failed test sees what the process said."""
    script = "for i in $(seq 50); do echo line $i; done; echo cannot bind >&2; exit 3"
    dying = Component("etcd", ["sh", "-c", script], tmp_path)
    with pytest.raises(
        StartFailed, match=re.compile("etcd ended with 3.*line 50\ncannot bind", re.S)
    ) as failed:
        dying.wait_for("health", lambda: False)
    assert "line 20\n" not in str(failed.value)


def test_a_component_that_never_gets_ready_is_given_up(tmp_path: Path) -> None:
    """The message names the wait; the process is still there to be stopped."""
    slow = Component("kwok", ["sleep", "60"], tmp_path)
    with pytest.raises(StartFailed, match="kwok: no Ready nodes within 0 s"):
        slow.wait_for("Ready nodes", lambda: False, within=0.1)
    assert slow.running()
    slow.terminate()
    slow.wait()
    assert not slow.running()


def test_a_component_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """Stopping ends in any case."""
    stubborn = Component("etcd", ["sh", "-c", "trap '' TERM; echo up; exec sleep 60"], tmp_path)
    stubborn.wait_for("its first word", lambda: "up" in stubborn.log.read_text())
    stubborn.terminate()
    stubborn.wait(0.1)
    assert not stubborn.running()


def test_nobody_listening_is_no_answer() -> None:
    """Neither a refused connection nor a server that is no web server counts as ready."""
    port = free_port()
    assert not answers(f"http://127.0.0.1:{port}/health")
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", port))
        deaf.listen()
        assert not answers(f"http://127.0.0.1:{port}/health", within=0.1)
