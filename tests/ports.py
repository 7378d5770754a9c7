"""Ports for servers that must be told theirs before they start.

A port that the kernel gives out by itself and that is given back may be given out again before the server has it: to
another test, or to the next connection of this one. So they come from below that range, and each is kept for this
process by a lock that the kernel frees at its end.
"""

from __future__ import annotations

import fcntl
import random
import socket
import tempfile
from pathlib import Path
from typing import IO

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 20_000
LOCKS = Path(tempfile.gettempdir()) / "sre-agent-test-ports"
_kept: list[IO[bytes]] = []


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens, and which nobody else is given while this process lives."""
    LOCKS.mkdir(exist_ok=True)
    candidates = range(LOWEST, _first_given_out())
    for port in random.sample(candidates, len(candidates)):
        if _keep(port) and _is_free(port):
            return port
    raise RuntimeError(f"no free port from {LOWEST} to {candidates.stop}")


def _first_given_out() -> int:
    """Linux says where its own range begins; elsewhere it begins later than its default."""
    return int(RANGE.read_text().split()[0]) if RANGE.exists() else 32_768


def _keep(port: int) -> bool:
    lock = (LOCKS / str(port)).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _kept.append(lock)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as bound:
        try:
            bound.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
