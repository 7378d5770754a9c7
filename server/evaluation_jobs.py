"""The cases of an evaluation in processes side by side: each imports once, opens one stage, and takes case after case.

What is decided does not depend on how many there are: no case sees another's record, and results come in the order of
the cases.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import Literal

from server import logging
from server.evaluate import AdviserOf, Case, Evaluation, nobody
from server.report import Scored
from server.stage import Stage
from tools.adviser_records import RecordedAdviser
from tools.errors import ToolError

WORTH_A_PROCESS = 10
"""Cases: a process takes about as long to come up as these take."""
_OURS: list[Evaluation] = []
"""Of a process that was started here; opened once, by `_open`."""


class ProcessDied(ToolError):
    """One of the processes ended without an answer."""


@dataclass(frozen=True)
class Plan:
    """What each process does with a case; a real model is asked by one process only, which knows its limits."""

    llm: Literal["off", "recorded"] = "off"
    runs: int = 1
    prompts: bool = False

    def on(self, stage: Stage) -> Evaluation:
        """The evaluation of one process."""
        return Evaluation(stage, adviser_named(self.llm), runs=self.runs, prompts=self.prompts)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def adviser_named(llm: str) -> AdviserOf:
    """Who is asked when it is no real model."""
    return nobody if llm == "off" else lambda bundle: RecordedAdviser(bundle.llm)


def scored(cases: Sequence[Case], plan: Plan, jobs: int = 0) -> Iterator[Scored]:
    """Every case, in its order, as soon as it and those before it are done. `jobs` 0: as many as there are cores.

    Few cases are run in this process. Raises ProcessDied.
    """
    wanted = min(jobs or cores(), -(-len(cases) // WORTH_A_PROCESS))
    if wanted <= 1:
        with Stage() as stage:
            yield from plan.on(stage).run(cases)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(wanted, context, initializer=_open, initargs=(plan,)) as pool:
        try:
            yield from pool.map(_one, cases)
        except BrokenProcessPool as error:
            raise ProcessDied("a process of the evaluation died; --jobs 1 shows at which case") from error
        finally:
            pool.shutdown(cancel_futures=True)


def _open(plan: Plan) -> None:
    logging.to_stderr()
    stage = Stage()
    _OURS.append(plan.on(stage.__enter__()))
    Finalize(None, stage.__exit__, (None, None, None), exitpriority=0)


def _one(case: Case) -> Scored:
    (result,) = _OURS[0].run([case])
    return result
