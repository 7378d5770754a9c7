"""Run stored incidents through the agent and score what it decides (docs/incident-bundles.md).

Mode is always `auto`, nothing is remembered but a bundle's own history, and no case sees another's record. What was
expected never reaches the stage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from graph.services import Services
from server.expected import Expected, load_expected
from server.misses import miss, reached
from server.prompt_sizes import PromptSizes
from server.report import Scored, baseline_scores, of_runs
from server.scoring import Owners, Score, choose, given, score
from server.stage import Decided, Look, Stage, Undecided
from tools.adviser import Adviser
from tools.adviser_records import Listening, RecordedAdviser
from tools.bundle import Bundle, BundleError
from tools.errors import ToolError

MARKS = ("meta.yaml", "alert.json")
"""A folder that has one of these is a case."""
AdviserOf: TypeAlias = Callable[[Bundle], Adviser | None]
"""Who is asked about a bundle; raises BundleError when its answers are missing."""


def nobody(bundle: Bundle) -> Adviser | None:
    """No model."""
    return None


@dataclass(frozen=True)
class Case:
    """One stored incident on disk."""

    id: str
    path: Path


def find_cases(folders: Iterable[Path]) -> list[Case]:
    """The cases in these folders, or the folders themselves, each once, in the order of their names.

    Raises BundleError for a folder without any.
    """
    found: dict[Path, Case] = {}
    for folder in folders:
        inside = list(_cases_in(folder))
        if not inside:
            raise BundleError(f"{folder}: no incident in it: none of its folders has {' or '.join(MARKS)}")
        for path in inside:
            found.setdefault(path.resolve(), Case(_id(path, folder), path))
    return list(found.values())


def _cases_in(folder: Path) -> Iterator[Path]:
    if any((folder / mark).exists() for mark in MARKS):
        yield folder
        return
    for inside in sorted(folder.iterdir()) if folder.is_dir() else ():
        if inside.is_dir():
            yield from _cases_in(inside)


def _id(path: Path, folder: Path) -> str:
    return path.resolve().name if path == folder else path.relative_to(folder).as_posix()


@dataclass
class Evaluation:
    """Runs cases on one stage."""

    stage: Stage
    adviser_of: AdviserOf = nobody
    runs: int = 1
    record: bool = False
    """Write what the model answered into each case's `llm.jsonl`."""
    prompts: bool = False
    """Build the prompt of each case that has something to choose, and measure it; nobody is asked."""
    look: Look | None = None
    """Somebody who is shown every incident that was decided."""

    def run(self, cases: Sequence[Case]) -> Iterator[Scored]:
        """One after another. A case that cannot be run is scored `failed` and costs no other."""
        for case in cases:
            yield of_runs([self._once(case) for _ in range(self.runs)])

    def _once(self, case: Case) -> Scored:
        try:
            expected, bundle = load_expected(case.path), Bundle.load(case.path)
        except BundleError as error:
            return _failed(case, None, error)
        owners = Owners(bundle.objects)
        listening: Listening | None = None
        try:
            adviser = self.adviser_of(bundle)
            listening = Listening(adviser) if adviser else None
            sizes = PromptSizes() if self.prompts else None
            decided = self.stage.decide(bundle, mode="auto", adviser=listening, look=_all(sizes, self.look))
            if isinstance(adviser, RecordedAdviser):
                adviser.complain()
        except (ToolError, BundleError, Undecided) as error:
            failed = _failed(case, expected, error)
            return replace(
                failed, baselines=baseline_scores(expected, owners), reached=reached(None, expected, owners)
            )
        scored = _scored(case, expected, owners, decided)
        if sizes:
            scored = replace(scored, prompt_bytes=sizes.largest)
        if listening is None:
            return scored
        if self.record:
            _write_answers(case.path, listening)
        return replace(scored, llm_calls=listening.calls, tokens=listening.tokens)


def _all(*looks: Look | None) -> Look:
    def look(services: Services, incident_id: str, decision: dict[str, Any]) -> None:
        for each in filter(None, looks):
            each(services, incident_id, decision)

    return look


def _failed(case: Case, expected: Expected | None, error: Exception) -> Scored:
    return Scored(case.id, expected, Score("failed", best=False), error=str(error))


def _scored(case: Case, expected: Expected, owners: Owners, decided: Decided) -> Scored:
    chosen = choose([given(decision) for decision in decided.decisions], expected, owners)
    got = score(chosen, expected, owners, incidents=decided.incidents)
    return Scored(
        id=case.id,
        expected=expected,
        score=got,
        given=chosen,
        seconds=decided.seconds,
        notes=decided.notes,
        baselines=baseline_scores(expected, owners),
        miss=miss(chosen, expected, got),
        reached=reached(chosen, expected, owners),
        requests=decided.requests,
        steps=decided.steps,
    )


def _write_answers(path: Path, listening: Listening) -> None:
    lines = [json.dumps(entry.model_dump(mode="json")) for entry in listening.heard]
    if lines:
        (path / "llm.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
