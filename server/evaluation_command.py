"""`sre-agent evaluate`: whom to ask, how to show it, and the exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from server.evaluate import AdviserOf, Case, Evaluation, find_cases, nobody
from server.report import Scored, report
from server.scoreboard import minimum, shortfalls, table
from server.settings import Settings
from server.stage import Stage
from tools.adviser import Adviser
from tools.adviser_records import RecordedAdviser
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


def run(
    folders: Iterable[Path],
    wanted: Wanted,
    *,
    as_json: bool = False,
    llm: str = "off",
    record: bool = False,
    runs: int = 1,
) -> int:
    """Evaluate and print; returns the exit status. Raises BundleError, SettingsError, ValueError."""
    if record and llm != "groq":
        raise ValueError("--record keeps what a real model answers: use it with --llm groq")
    wanted.missed({"n": 0, "accepted": 0, "best": 0, "harmful": 0})
    cases = find_cases(folders)
    model = _groq() if llm == "groq" else None
    with Stage() as stage, closing(model) if model else nullcontext():
        evaluation = Evaluation(stage, _adviser_of(llm, model), runs=runs, record=record)
        scored = _followed(evaluation, cases)
    told = report(scored)
    lines = [json.dumps(told, indent=1)] if as_json else table(scored, told["summary"])
    for line in lines:
        click.echo(line)
    for words in wanted.missed(told["summary"]):
        click.echo(f"sre-agent: {words}", err=True)
    if told["summary"]["failed"]:
        return 2
    return 1 if wanted.missed(told["summary"]) else 0


def _followed(evaluation: Evaluation, cases: Sequence[Case]) -> list[Scored]:
    """All cases, with a bar while somebody is looking."""
    if not sys.stderr.isatty():
        return list(evaluation.run(cases))
    with click.progressbar(evaluation.run(cases), length=len(cases), file=sys.stderr) as shown:
        return list(shown)


def _adviser_of(llm: str, model: Adviser | None) -> AdviserOf:
    if llm == "recorded":
        return lambda bundle: RecordedAdviser(bundle.llm)
    return (lambda bundle: model) if model else nobody


def _groq() -> Adviser:
    from tools.llm import GroqLLM

    settings = Settings.from_process()
    if settings.groq_api_key is None:
        raise ValueError("--llm groq needs GROQ_API_KEY; without a key use --llm off or --llm recorded")
    key = settings.groq_api_key.get_secret_value()
    return GroqLLM(key, settings.groq_models, SystemClock(), base=settings.groq_api_base)
