"""A data folder that can be filled up and freed again: a small tmpfs where root may mount one, else a file limit."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

MEGABYTES = 8
CHUNK = b"\0" * 65536


class Disk(Protocol):
    """Somewhere to put data."""

    def fill(self, pid: int) -> None:
        """From now on nothing more can be written there by this process."""
        ...

    def free(self, pid: int) -> None:
        """It can again."""
        ...


class Tmpfs:
    """A file system of its own that another file can use up."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self, pid: int) -> None:
        """Down to the last page, so that not even a small file finds room."""
        with self._ballast.open("wb", buffering=0) as ballast:
            for size in (len(CHUNK), 4096, 1):
                with suppress(OSError):
                    while True:
                        ballast.write(CHUNK[:size])

    def free(self, pid: int) -> None:
        self._ballast.unlink()


class FileLimit:
    """No file of the process may grow: SQLite is told that a write failed."""

    def fill(self, pid: int) -> None:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, most))

    def free(self, pid: int) -> None:
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """`folder` (which must exist) on a small disk."""
    mounted = os.geteuid() == 0 and not _run(
        "mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)
    )
    try:
        yield Tmpfs(folder) if mounted else FileLimit()
    finally:
        if mounted:
            _run("umount", "--lazy", str(folder))


def _run(*command: str) -> int:
    return subprocess.run(command, capture_output=True, timeout=30).returncode
