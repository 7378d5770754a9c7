"""What a model beside the words costs the memory: milliseconds for a question, its process's MiB, seconds to index."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from tools.clock import SystemClock
from tools.memory import MemoryDocument
from tools.memory_process import MemoryProcess
from tools.remembering import catch_up

MIB = 2**20


def print_costs(documents: Sequence[MemoryDocument], folder: Path, model: Path) -> None:
    """Both ways, in a process of their own as in an agent."""
    for name, with_model in (("words", None), ("words and a model", model)):
        memory = MemoryProcess(folder / f"costs of {name}", SystemClock(), model_folder=with_model)
        before = {child.pid for child in psutil.Process().children()}
        memory.remember(documents)
        (child,) = (each for each in psutil.Process().children() if each.pid not in before)
        began = time.monotonic()
        while catch_up(memory):
            pass
        indexed = time.monotonic() - began
        took = sorted(map(_asked(memory), documents))
        sys.stdout.write(
            f"{name}: {len(documents)} documents, indexed in {indexed:.1f} s; a question takes "
            f"{1000 * statistics.median(took):.0f} ms (median), {1000 * took[-len(took) // 20]:.0f} ms (p95); "
            f"its process {child.memory_full_info().uss / MIB:.0f} MiB\n"
        )
        memory.close()


def _asked(memory: MemoryProcess) -> Callable[[MemoryDocument], float]:
    def one(document: MemoryDocument) -> float:
        began = time.monotonic()
        memory.recall(document.problem, document.text)
        return time.monotonic() - began

    return one
