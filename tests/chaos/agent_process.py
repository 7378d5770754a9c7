"""The real `sre-agent serve` as a child process: started, killed, started again on the same data folder.

    with AgentProcess(folder, kubeconfig=..., MODE="auto") as agent:
        agent.start()
        agent.post("/webhook", body)
        agent.kill()            # SIGKILL, at once
        agent.start()           # same folder, same port

Nothing is left running at the end, and what the process said is in the error when it did not do as it should.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
"""What is run is this checkout, whatever is installed."""
PATIENCE = 90.0
"""Seconds for anything to happen: never asserted, only the difference between slow and never."""
POLL = 0.02


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: Any

    @property
    def refused(self) -> str:
        """The type of the problem, without its path."""
        return str(self.body.get("type", "")).rpartition("/")[2] if isinstance(self.body, dict) else ""


class AgentProcess:
    """One data folder and whichever process works on it now."""

    program = Path(sys.executable).with_name("sre-agent")

    def __init__(self, folder: Path, *, kubeconfig: Path | str, **environ: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log_file = folder / "agent.log"
        self.port = free_port()
        self.environ = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.data),
            "KUBECONFIG": str(kubeconfig),
            "PORT": str(self.port),
            **environ,
        }
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self, *, wait: bool = True) -> None:
        """Start it and, unless told otherwise, wait until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.program), "serve"],
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Until it accepts alerts. Raises AssertionError with its log when it ends or never does."""
        self.until(lambda: self._is_ready() or self.ended is not None, "ready")
        assert self.ended is None, f"it ended with {self.ended}:\n{self.log()}"

    def kill(self) -> None:
        """SIGKILL, whatever it is doing; also when it is stopped."""
        process = self._running()
        process.kill()
        process.wait(PATIENCE)

    def terminate(self) -> int:
        """SIGTERM, then wait; returns the exit code."""
        process = self._running()
        process.terminate()
        return process.wait(PATIENCE)

    def wait(self) -> int:
        """Until it ends by itself; returns the exit code."""
        return self._running().wait(PATIENCE)

    @property
    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._running().poll()

    def freeze(self) -> None:
        """SIGSTOP, and wait until it stands still."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def yield_to_others(self) -> None:
        """Give all its threads the lowest priority, so that whoever steps it comes in time on a busy machine."""
        os.setpriority(os.PRIO_PGRP, self.pid, 19)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        os.kill(self.pid, signal.SIGCONT)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Answer:
        return self._ask("POST", path, body or {})

    def until(self, condition: Callable[[], object], what: str, within: float = PATIENCE) -> None:
        """Poll; raises AssertionError with the newest log lines when it never holds."""
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, f"never {what}:\n{self.log()[-2500:]}"
            time.sleep(POLL)

    def log(self) -> str:
        """All that its processes have said."""
        return self.log_file.read_text(encoding="utf-8") if self.log_file.exists() else ""

    def cpu_seconds(self) -> float:
        """Processor time that the process has used, its threads and the system included."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it was never started"
        return self._process

    def _is_ready(self) -> bool:
        with suppress(OSError):
            return self.get("/readyz").status == 200
        return False

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, _parsed(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _parsed(error.read()))


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
