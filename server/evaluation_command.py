"""`sre-agent evaluate`: whom to ask, how to show it, and the exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click

from graph.calibration import Table
from server import evaluation_jobs as jobs
from server import logging
from server.evaluate import AdviserOf, Case, Evaluation, find_cases
from server.report import Scored, report
from server.scoreboard import minimum, shortfalls, table
from server.settings import Settings
from server.stage import Stage
from tools.adviser import Adviser
from tools.clock import SystemClock


@dataclass(frozen=True)
class Wanted:
    """What the evaluation must reach."""

    min_accepted: str | None = None
    """`38` or `95%`."""
    min_best: str | None = None
    max_harmful: int | None = None

    def missed(self, summary: dict[str, Any]) -> list[str]:
        """What was not reached, in words. Raises ValueError for a number that is none."""
        n = summary["n"]
        return shortfalls(
            summary,
            min_accepted=None if self.min_accepted is None else minimum(self.min_accepted, n),
            min_best=None if self.min_best is None else minimum(self.min_best, n),
            max_harmful=self.max_harmful,
        )


Llm: TypeAlias = Literal["off", "recorded", "groq"]


@dataclass(frozen=True)
class How:
    """How the cases are run, and what is printed of them."""

    as_json: bool = False
    llm: Llm = "off"
    record: bool = False
    runs: int = 1
    jobs: int = 0
    """Processes; 0: as many as there are cores."""
    prompts: bool = False
    explain: str = ""
    """The case that is told in full, instead of a report on all."""
    calibrate: tuple[Path, ...] = ()
    """Folders with the cases that a calibration is fitted on, instead of a report on all."""
    write: Path | None = None
    """Where the fitted table is written as a module."""
    publish: Path | None = None
    """A page whose tables are made anew, instead of a report."""


def run(folders: Sequence[Path], wanted: Wanted, how: How) -> int:
    """Evaluate and print; returns the exit status. Raises BundleError, SettingsError, ProcessDied, ValueError."""
    if how.record and how.llm != "groq":
        raise ValueError("--record keeps what a real model answers: use it with --llm groq")
    wanted.missed({"n": 0, "accepted": 0, "best": 0, "harmful": 0})
    logging.to_stderr()
    cases = find_cases(folders)
    if how.explain:
        return _explain(named(cases, how.explain), how)
    if how.calibrate:
        return _calibrate(cases, how)
    if how.write:
        raise ValueError("--write keeps a calibration: use it with --calibrate")
    if how.publish:
        return _publish(list(folders), how.publish, replace(how, prompts=True))
    told_of = _followed(_scored(cases, how), len(cases))
    told = report(told_of)
    _print([json.dumps(told, indent=1)] if how.as_json else table(told_of, told["summary"]))
    for words in wanted.missed(told["summary"]):
        click.echo(f"sre-agent: {words}", err=True)
    if told["summary"]["failed"]:
        return 2
    return 1 if wanted.missed(told["summary"]) else 0


def named(cases: Sequence[Case], name: str) -> Case:
    """The case of this name, with or without its folder's. Raises ValueError when there is not exactly one."""
    found = [case for case in cases if case.id == name] or [
        case for case in cases if Path(case.id).name == Path(name).name
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"--explain {name}: which of {', '.join(case.id for case in found)}?")
    near = get_close_matches(name, [case.id for case in cases], cutoff=0.5)
    raise ValueError(f"--explain {name}: there is no such case{'; near: ' if near else ''}{', '.join(near)}")


def _explain(case: Case, how: How) -> int:
    from server.explained_case import Explanations, explanation
    from server.explained_text import text

    shown = Explanations()
    with Stage() as stage, _model(how.llm) as adviser_of:
        (scored,) = Evaluation(stage, adviser_of, look=shown).run([case])
    told = explanation(scored, shown.incidents)
    _print([json.dumps(told, indent=1)] if how.as_json else text(told))
    return 2 if scored.error else 0


def _calibrate(cases: Sequence[Case], how: How) -> int:
    from server import calibration_report as calibrating

    others = find_cases(how.calibrate)
    every = {case.path.resolve(): case for case in (*cases, *others)}
    told_of = _followed(_scored(list(every.values()), how), len(every))
    scored = {
        path: replace(case, id="/".join(path.parts[-3:])) for path, case in zip(every, told_of, strict=True)
    }
    learnt = [scored[case.path.resolve()] for case in others]
    told = calibrating.calibration_report(learnt, [scored[case.path.resolve()] for case in cases])
    _print([json.dumps(told, indent=1)] if how.as_json else calibrating.text(told))
    if how.write:
        table = Table.model_validate(told["table"])
        how.write.write_text(calibrating.module_text(table, told["fitted_on"]), encoding="utf-8")
    return 2 if any(case.error for case in told_of) else 0


def _publish(folders: Sequence[Path], page: Path, how: How) -> int:
    from server.publishing import groups_of, keep_first_scores
    from server.quality_page import published

    text = page.read_text(encoding="utf-8")
    published(text, [])
    cases = {folder: find_cases([folder]) for folder in folders}
    told_of = iter(
        _followed(_scored([c for found in cases.values() for c in found], how), sum(map(len, cases.values())))
    )
    scored = {folder: [next(told_of) for _ in found] for folder, found in cases.items()}
    failed = [case for found in scored.values() for case in found if case.error]
    for case in failed:
        click.echo(f"sre-agent: {case.id}: {case.error}", err=True)
    if failed:
        return 2
    for folder, found in scored.items():
        keep_first_scores(folder, found, SystemClock().now().date())
    page.write_text(published(text, groups_of(scored)), encoding="utf-8")
    return 0


def _scored(cases: Sequence[Case], how: How) -> Iterator[Scored]:
    """A real model is asked by one process, which knows how many requests it has left."""
    if how.llm != "groq":
        yield from jobs.scored(cases, jobs.Plan(how.llm, how.runs, how.prompts), how.jobs)
        return
    with Stage() as stage, _model(how.llm) as adviser_of:
        evaluation = Evaluation(stage, adviser_of, how.runs, how.record, how.prompts)
        yield from evaluation.run(cases)


@contextmanager
def _model(llm: Llm) -> Iterator[AdviserOf]:
    if llm != "groq":
        yield jobs.adviser_named(llm)
        return
    with closing(_groq()) as model:
        yield lambda bundle: model


def _followed(scored: Iterator[Scored], n: int) -> list[Scored]:
    """All cases, with a bar while somebody is looking."""
    if not sys.stderr.isatty():
        return list(scored)
    with click.progressbar(scored, length=n, file=sys.stderr, label=f"{n} cases") as shown:
        return list(shown)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _groq() -> Adviser:
    from tools.llm import GroqLLM

    settings = Settings.from_process()
    if settings.groq_api_key is None:
        raise ValueError("--llm groq needs GROQ_API_KEY; without a key use --llm off or --llm recorded")
    key = settings.groq_api_key.get_secret_value()
    return GroqLLM(key, settings.groq_models, SystemClock(), base=settings.groq_api_base)
