"""The evaluation on a terminal, and whether it was good enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from server.report import Scored

MARKS = {
    "accepted": "ok",
    "neutral": "--",
    "misleading": "MISLEADING",
    "harmful": "HARMFUL",
    "failed": "FAILED",
}


def table(cases: Sequence[Scored], summary: dict[str, Any]) -> Iterator[str]:
    """A line for each case, then the counts."""
    width = max([len(case.id) for case in cases] + [4])
    yield f"{'case':{width}}  {'problem':20}  {'answer':22}  {'conf':>4}  {'s':>5}  outcome"
    for case in cases:
        yield f"{case.id:{width}}  {_line(case)}"
        for note in (case.error, *case.notes):
            if note:
                yield f"{'':{width}}  {note}"
    yield ""
    yield from totals(summary)


def totals(summary: dict[str, Any]) -> Iterator[str]:
    """What all cases add up to, beside what constant answers would have got."""
    yield _counted("agent", summary)
    for name, counts in summary["baselines"].items():
        yield _counted(name.replace("_", " "), counts)
    yield from _decided(summary)
    yield from _sure(summary)
    yield (
        f"{summary['failed']} could not be run · {summary['p50_seconds']:.2f} s each, "
        f"95 % within {summary['p95_seconds']:.2f} s"
    )
    yield from _spent(summary)
    if summary["llm_calls"]:
        yield f"{summary['llm_calls']} model calls, {summary['tokens']} tokens"
    if "runs" in summary:
        yield f"{summary['all_runs_accepted']} of {summary['n']} accepted in all {summary['runs']} runs"


def shortfalls(
    summary: dict[str, Any],
    *,
    min_accepted: float | None = None,
    min_best: float | None = None,
    max_harmful: int | None = None,
) -> list[str]:
    """What was not reached, in words."""
    told = []
    for name, wanted in (("accepted", min_accepted), ("best", min_best)):
        if wanted is not None and summary[name] < wanted:
            told.append(f"{summary[name]} {name} of {summary['n']}, wanted at least {wanted:g}")
    if max_harmful is not None and summary["harmful"] > max_harmful:
        told.append(f"{summary['harmful']} harmful, wanted at most {max_harmful}")
    return told


def minimum(text: str, n: int) -> float:
    """`38` cases, `95%` or `0.95` of them. Raises ValueError."""
    if text.endswith("%"):
        return float(text[:-1]) / 100 * n
    number = float(text)
    return number * n if "." in text and number <= 1 else number


def _decided(summary: dict[str, Any]) -> Iterator[str]:
    actions, misses = summary["actions"], summary["misses"]
    if actions["n"]:
        yield (
            f"{actions['reached']} of {actions['n']} cases that expect an action get it "
            f"({actions['acted']} by itself, {actions['asked']} asked for)"
        )
    missed = [f"{n} {name.replace('_', ' ')}" for name, n in misses.items() if n]
    if missed:
        yield f"not best: {', '.join(missed)}"


def _sure(summary: dict[str, Any]) -> Iterator[str]:
    told = summary["auroc"]["best"]
    apart = (
        "nothing to tell apart"
        if told is None
        else f"{told:.2f} (AUROC) apart from decisions that are not best"
    )
    yield f"confidence off by {summary['ece']:.3f} (ECE), {apart}"
    for name in ("above", "below"):
        part, value = summary["threshold"][name], summary["threshold"]["value"]
        if part["n"]:
            side = "at or above" if name == "above" else "below"
            yield (
                f"  {side} {value:g}: {part['n']} ({part['share']:.0%}), "
                f"{part['accepted']:.0%} accepted, {part['best']:.0%} best"
            )


def _spent(summary: dict[str, Any]) -> Iterator[str]:
    asked, prompts = summary["requests"], summary["prompt_bytes"]
    yield f"API requests a case: {asked['median']} (median), {asked['max']} (most)"
    if prompts["n"]:
        yield f"prompts: {prompts['n']}, {prompts['median']} bytes (median), {prompts['max']} (largest)"
    steps = [f"{name} {took['p50'] * 1000:.0f}" for name, took in summary["step_seconds"].items()]
    if steps:
        yield f"milliseconds in each step (median): {', '.join(steps)}"


def _line(case: Scored) -> str:
    given = case.given
    mark = MARKS[case.score.outcome] + (" best" if case.score.best else "")
    mark += f" {case.miss.replace('_', ' ')}" if case.miss else ""
    if case.runs > 1:
        mark += f" ({case.accepted_runs} of {case.runs} accepted)"
    if given is None:
        return mark
    answer = f"ask: {given.action}" if given.way == "ask" else given.answer
    sure = "" if given.confidence is None else f"{given.confidence:.2f}"
    return f"{given.problem:20.20}  {answer:22.22}  {sure:>4}  {case.seconds:5.2f}  {mark}"


def _counted(name: str, counts: dict[str, Any]) -> str:
    n = counts["n"] or 1
    shares = [f"{word} {counts[word]} ({counts[word] / n:.0%})" for word in ("accepted", "best")]
    rest = [f"{word} {counts[word]}" for word in ("harmful", "misleading", "neutral")]
    return f"{name:20} {counts['n']} cases: {', '.join([*shares, *rest])}"
