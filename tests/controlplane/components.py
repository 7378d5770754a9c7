"""One process of the control plane: started with its log in a file, watched until it is ready, ended by its id."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

READY_WITHIN = 90.0
STOPPED_WITHIN = 5.0


class StartFailed(Exception):
    """A component died or did not become ready; the message ends with the tail of its log."""


class Component:
    """A running process. It dies with the thread that started it, so that a killed test run leaves nothing behind."""

    def __init__(self, name: str, command: Sequence[str | Path], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_dying_with_us(), *map(str, command)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, what: str, ready: Callable[[], bool], within: float = READY_WITHIN) -> None:
        """Poll `ready` until it is true; raises StartFailed with the end of the log if the process dies first."""
        deadline = time.monotonic() + within
        while not ready():
            if not self.running():
                raise StartFailed(
                    f"{self.name} ended with {self._process.returncode} before {what}:\n{self._tail()}"
                )
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name}: no {what} within {within:.0f} s:\n{self._tail()}")
            time.sleep(0.1)

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def wait(self, within: float = STOPPED_WITHIN) -> None:
        """Until the process has ended, killing it if it does not do so by itself."""
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def answers(url: str, token: str | None = None, within: float = 2) -> bool:
    """Whether a health endpoint says 200; the certificate is not looked at, the port is ours."""
    tls = ssl.create_default_context()
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), context=tls, timeout=within
        ) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


def _dying_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
