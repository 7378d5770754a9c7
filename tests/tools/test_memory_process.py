"""The memory's own process: started when it is needed, gone when it is not, and never waited for without an end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.tiny_model import tiny_model
from tools.clock import ManualClock
from tools.errors import TransientError
from tools.memory import MemoryDocument
from tools.memory_process import MemoryProcess

PROOF = "bad_release exits at once, its configuration names a key that is not there"


@pytest.fixture
def clock() -> ManualClock:
    """Stands still."""
    return ManualClock(datetime(2026, 1, 5, 12, 0, tzinfo=UTC))


@pytest.fixture
def memory(tmp_path: Path, clock: ManualClock) -> Iterator[MemoryProcess]:
    """One that nobody has asked anything yet."""
    process = MemoryProcess(tmp_path / "qdrant", clock)
    yield process
    process.close()


@pytest.fixture
def others() -> frozenset[int]:
    """Children that this process had before: those of other tests, such as the fork server of an evaluation."""
    return frozenset(child.pid for child in psutil.Process().children())


def started(others: frozenset[int]) -> list[psutil.Process]:
    """Children that have come since."""
    return [child for child in psutil.Process().children() if child.pid not in others]


def scripted(memory: MemoryProcess, code: str) -> MemoryProcess:
    """Let its process be this program instead."""
    memory._command = [sys.executable, "-c", code]
    return memory


def until_gone(process: psutil.Process) -> None:
    """Wait until it has ended."""
    deadline = time.monotonic() + 30
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.05)


def test_it_runs_when_it_is_asked_survives_being_killed_and_goes_to_rest(
    tmp_path: Path, clock: ManualClock, others: frozenset[int]
) -> None:
    """Nothing runs before the first question; what it took is given back when nobody asks any more.

    A kill between the words and their vectors leaves the vectors owed.
    """
    model = tiny_model(tmp_path / "model")
    with closing(MemoryProcess(tmp_path / "qdrant", clock, model_folder=model, idle_seconds=2)) as memory:
        assert memory.standing() == "at rest"
        assert started(others) == []
        memory.remember([MemoryDocument(key="i1", incident_id="i1", problem="bad_release", text=PROOF)])
        for child in started(others):
            child.kill()
        assert [one.incident_id for one in memory.recall("bad_release", PROOF)] == ["i1"]
        assert [memory.catch_up(0), memory.catch_up(10), memory.dimension()] == [1, 0, 8]
        memory.forget(["i1"])
        assert memory.count() == 0
        deadline = time.monotonic() + 30
        while memory.standing() != "at rest":
            assert time.monotonic() < deadline, "it stays"
            time.sleep(0.05)
    assert started(others) == []


def test_a_model_that_does_not_load_is_told_and_the_words_are_asked_on(memory: MemoryProcess) -> None:
    """However often it fails: /health says so until it loads."""
    scripted(
        memory,
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    broken = asked['call'] == 'catch_up' and asked['limit'] == 1\n"
        "    answer = {'error': 'no model'} if broken else {'ok': 7}\n"
        "    print(json.dumps({'number': asked['number'], **answer}), flush=True)\n",
    )
    for _ in range(3):
        with pytest.raises(TransientError, match="no model"):
            memory.catch_up(1)
    assert memory.count() == 7
    with pytest.raises(TransientError, match="no model"):
        memory.standing()
    memory.catch_up(2)
    assert memory.standing() == "loaded"


def test_a_process_that_dies_says_why_without_secrets(memory: MemoryProcess, clock: ManualClock) -> None:
    """After two failures it is left alone for a minute, and /health says so."""
    scripted(memory, "import sys; sys.exit('no library; token=ghp_0123456789abcdefghijABCDEF')")
    for _ in range(2):
        with pytest.raises(TransientError, match=r"the memory's process ended: no library; token=<redacted"):
            memory.count()
    with pytest.raises(TransientError, match="not asked until 12:01:00 UTC after 2 failures"):
        memory.count()
    with pytest.raises(TransientError, match="no library"):
        memory.standing()
    clock.advance(60)
    with pytest.raises(TransientError, match="process ended"):
        memory.count()


def test_a_process_that_hangs_is_given_up_on_and_its_late_answer_is_passed_over(
    memory: MemoryProcess, others: frozenset[int]
) -> None:
    """It may only have been slow: it is kept, and killed when it is overdue twice in a row."""
    answer = '{"number": %d, "ok": %d}'
    scripted(
        memory,
        "import sys, time\n"
        "sys.stdin.readline()\n"
        "sys.stdin.readline()\n"
        f"print('{answer}' % (1, 11), flush=True)\n"
        f"print('{answer}' % (2, 22), flush=True)\n"
        "time.sleep(600)\n",
    )
    with pytest.raises(TransientError, match="did not answer within"):
        memory._call("count", 0.1)
    (child,) = started(others)
    assert memory._call("count", 30) == 22
    for _ in range(2):
        with pytest.raises(TransientError, match="did not answer within"):
            memory._call("count", 0.1)
    until_gone(child)


def test_a_question_that_is_not_read_is_no_wait_without_an_end(
    memory: MemoryProcess, others: frozenset[int]
) -> None:
    """More than a pipe holds, and nobody at its other end."""
    scripted(memory, "import time; time.sleep(600)")
    many: Any = [{"text": "x" * 1_000_000}]
    with pytest.raises(TransientError, match="took no question for"):
        memory._call("remember", 0.1, documents=many)
    for child in started(others):
        until_gone(child)
