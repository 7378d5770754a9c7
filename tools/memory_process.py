"""The memory in a process of its own, which ends when nobody has asked for a while.

Qdrant and fastembed take some 130 MiB and seconds to load, and the embedded search holds the interpreter while it
runs: here it holds up no other thread, a call that hangs can be given up on, and what it took is given back.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from tools.breaker import Breaker
from tools.clock import Clock
from tools.errors import TransientError
from tools.memory import MemoryDocument, QdrantMemory, Recalled
from tools.redaction import redact

IDLE_SECONDS = 120.0
RECALL_SECONDS = 15.0
"""What a run waits for: loading included, which takes two to four seconds of processor time."""
WRITE_SECONDS = 120.0
_CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from tools.memory_process import serve
serve(sys.argv[2], sys.argv[3], float(sys.argv[4]), sys.argv[5])
"""


class MemoryProcess:
    """A `Memory` whose work another process does. Started by the first call, again by the first after a rest.

    After two failures it is left alone for a minute: the incidents of a storm do not wait for it one by one.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        url: str = "",
        model_folder: Path | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        root = Path(__file__).resolve().parent.parent
        given = [str(root), str(path), url, str(idle_seconds), str(model_folder or "")]
        self._command = [sys.executable, "-c", _CHILD, *given]
        self._breaker = Breaker(clock, failures=2)
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._model_failure = ""

    def recall(self, problem: str, text: str, *, limit: int = 20) -> list[Recalled]:
        found = self._call("recall", RECALL_SECONDS, problem=problem, text=text, limit=limit)
        return [Recalled.model_validate(each) for each in found]

    def remember(self, documents: Sequence[MemoryDocument]) -> None:
        self._call("remember", WRITE_SECONDS, documents=[each.model_dump() for each in documents])

    def forget(self, keys: Sequence[str]) -> None:
        self._call("forget", WRITE_SECONDS, keys=list(keys))

    def count(self) -> int:
        return int(self._call("count", WRITE_SECONDS))

    def catch_up(self, limit: int) -> int:
        """What is wrong with the model is told, and keeps nobody from asking by words."""
        try:
            owed = int(self._asked("catch_up", WRITE_SECONDS, {"limit": limit}))
        except TransientError as error:
            self._model_failure = str(error)
            raise
        self._model_failure = ""
        return owed

    def dimension(self) -> int:
        """Load its model, without the memory: how many numbers its vectors have. Raises TransientError."""
        return int(self._call("dimension", WRITE_SECONDS))

    def close(self) -> None:
        with self._lock:
            if self._child is not None:
                self._child.end()
                self._child = None

    def standing(self) -> str:
        """Says whether it is loaded now, and loads nothing. Raises TransientError with its newest failure."""
        if self._breaker.open_because:
            raise TransientError(self._breaker.open_because)
        if self._model_failure:
            raise TransientError(self._model_failure)
        child = self._child
        return "loaded" if child is not None and child.runs() else "at rest"

    def _call(self, name: str, seconds: float, **arguments: Any) -> Any:
        refusal = self._breaker.refusal()
        if refusal:
            raise TransientError(f"the memory was {refusal}")
        try:
            answer = self._asked(name, seconds, arguments)
        except TransientError as error:
            self._breaker.failed(str(error))
            raise
        self._breaker.succeeded()
        return answer

    def _asked(self, name: str, seconds: float, arguments: dict[str, Any]) -> Any:
        if not self._lock.acquire(timeout=seconds):
            raise TransientError(f"the memory was busy for {seconds:.0f} s")
        try:
            was_there = self._child is not None
            answer, last_words = self._told(name, arguments, seconds)
            if answer is None and was_there:
                # it went to rest between our look and our question
                answer, last_words = self._told(name, arguments, seconds)
            if answer is None:
                raise TransientError(f"the memory's process ended: {last_words}")
        finally:
            self._lock.release()
        if "error" in answer:
            raise TransientError(answer["error"])
        return answer["ok"]

    def _told(
        self, name: str, arguments: dict[str, Any], seconds: float
    ) -> tuple[dict[str, Any] | None, str]:
        if self._child is not None and not self._child.runs():
            self._drop(self._child)
        if self._child is None:
            self._child = _Child(self._command)
        child = self._child
        answer = child.ask(name, arguments, seconds)
        return (answer, "") if answer is not None else (None, self._drop(child))

    def _drop(self, child: _Child) -> str:
        self._child = None
        return child.end()


class _Child:
    """One process and the two pipes to it. Answers carry their question's number: a late one is passed over."""

    def __init__(self, command: list[str]) -> None:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the process is
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, bufsize=0
        )
        os.set_blocking(_pipe(self._process.stdin).fileno(), False)
        self._asked = 0
        self._late = 0
        self._buffer = b""

    def runs(self) -> bool:
        return self._process.poll() is None

    def ask(self, name: str, arguments: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """The answer; None when the process has ended. Raises TransientError when there is none in time."""
        self._asked += 1
        question = json.dumps({"number": self._asked, "call": name, **arguments}).encode() + b"\n"
        if not self._sent(question, seconds):
            return None
        while (line := self._line(seconds)) is not None:
            answer: dict[str, Any] = json.loads(line)
            if answer["number"] == self._asked:
                self._late = 0
                return answer
        return None

    def end(self) -> str:
        """Close its input, which ends it; kill it when that does not. Returns the last line of its stderr, redacted."""
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()
        with self._words:
            self._words.seek(0)
            lines = self._words.read().decode("utf-8", "replace").strip().splitlines()
        return redact(lines[-1])[:300] if lines else f"status {self._process.returncode}"

    def _sent(self, question: bytes, seconds: float) -> bool:
        """False: it has ended. Half a question spoils the pipe, so whoever does not read on is killed."""
        fd = _pipe(self._process.stdin).fileno()
        while question:
            if not select.select([], [fd], [], seconds)[1]:
                self._process.kill()
                raise TransientError(f"the memory took no question for {seconds:.0f} s")
            try:
                question = question[os.write(fd, question) :]
            except BrokenPipeError:
                return False
        return True

    def _line(self, seconds: float) -> bytes | None:
        output = _pipe(self._process.stdout)
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([output], [], [], seconds)
            if not ready:
                self._overdue()
                raise TransientError(f"the memory did not answer within {seconds:.0f} s")
            chunk = os.read(output.fileno(), 65536)
            if not chunk:
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _overdue(self) -> None:
        """Once may be a slow start, and it goes on loading; twice in a row hangs."""
        self._late += 1
        if self._late > 1:
            self._process.kill()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def serve(path: str, url: str, idle_seconds: float, model_folder: str = "") -> None:
    """The child: answers questions from stdin until it is closed or nobody has asked for `idle_seconds`."""
    # whatever a library prints must not come between the answers
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    # read when the library is imported: nothing that goes wrong with a model's folder may ask a hub for another
    os.environ["HF_HUB_OFFLINE"] = "1"
    model = Path(model_folder) if model_folder else None
    memory = QdrantMemory(Path(path), url, model)
    buffer = b""
    while select.select([0], [], [], idle_seconds)[0]:
        chunk = os.read(0, 65536)
        if not chunk:
            break
        buffer += chunk
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            answers.write(_answer(memory, model, json.loads(line)))
    memory.close()
    # taking all the libraries down in order would take longer than loading them did
    os._exit(0)


def _answer(memory: QdrantMemory, model: Path | None, question: dict[str, Any]) -> bytes:
    number, call = question.pop("number"), question.pop("call")
    try:
        answer = {"number": number, "ok": _done(memory, model, call, question)}
    except TransientError as error:
        answer = {"number": number, "error": str(error)}
    return json.dumps(answer).encode() + b"\n"


def _done(memory: QdrantMemory, model: Path | None, call: str, given: dict[str, Any]) -> Any:
    if call == "recall":
        found = memory.recall(given["problem"], given["text"], limit=given["limit"])
        return [each.model_dump() for each in found]
    if call == "remember":
        return memory.remember([MemoryDocument.model_validate(each) for each in given["documents"]])
    if call == "forget":
        return memory.forget(given["keys"])
    if call == "catch_up":
        return memory.catch_up(given["limit"])
    return _dimension(model) if call == "dimension" else memory.count()


def _dimension(folder: Path | None) -> int:
    from tools.dense_model import DenseModel

    return DenseModel(folder).dimension if folder else 0
