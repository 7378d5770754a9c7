"""What a calibration is worth on decisions that it was not fitted on, beside the one that is shipped. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graph.calibration import Table
from graph.policy import PolicySettings
from server.calibrating import FOLDS, Outcome, fitted, held_out, outcomes
from server.reliability import Trial, auroc, reliability, split
from server.report import Scored


def calibration_report(learnt_on: Sequence[Scored], scored: Sequence[Scored]) -> dict[str, Any]:
    """The table of all cases in `learnt_on`, and how good the confidence of those in `scored` is: before calibration
    (`sums`), with the table that is shipped (`shipped`), and each with a table that has not seen it (`held_out`).
    """
    learnt, others = outcomes(learnt_on), outcomes(scored)
    known = {one.case for one in learnt}
    return {
        "fitted_on": len(learnt),
        "scored_on": len(others),
        "of_them_held_out_by_folds": sum(one.case in known for one in others),
        "folds": FOLDS,
        "table": fitted(learnt).model_dump(mode="json"),
        **{name: _judged(trials) for name, trials in trials_of(learnt_on, scored).items()},
    }


def trials_of(learnt_on: Sequence[Scored], scored: Sequence[Scored]) -> dict[str, list[Trial]]:
    """The decisions in `scored` behind the three parts of the report, by name; confidences in thousandths."""
    learnt, others = outcomes(learnt_on), outcomes(scored)
    shown = {case.id: case.given.confidence for case in scored if case.given}
    likely = held_out(learnt, others)
    confidences = {
        "sums": [one.total for one in others],
        "shipped": [shown[one.case] or 0.0 for one in others],
        "held_out": [_permitted(one, each) for one, each in zip(others, likely, strict=True)],
    }
    best = {case.id: case.score.best for case in scored}
    return {
        name: [
            Trial(round(confidence, 3), one.right, best[one.case])
            for one, confidence in zip(others, each, strict=True)
        ]
        for name, each in confidences.items()
    }


def module_text(table: Table, learnt: int) -> str:
    """Source of `graph/calibration_table.py`, as the house style has it."""
    kinds = {"proposals": table.proposals, "explanations": table.explanations}
    lines = [
        '"""Made by `sre-agent evaluate DIR --calibrate DIR --write FILE`; not edited by hand.',
        "",
        f"Learnt from {learnt} decisions on stored incidents: the sum of the parts, and the share that was right.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from graph.calibration import Table",
        "",
        "TABLE = Table(",
    ]
    for name, steps in kinds.items():
        lines += [f"    {name}=(", *(f"        ({at!r}, {likely!r})," for at, likely in steps), "    ),"]
    return "\n".join([*lines, ")", ""])


def text(told: dict[str, Any]) -> Iterator[str]:
    """For a terminal."""
    yield (
        f"fitted on {told['fitted_on']} decisions, scored on {told['scored_on']} "
        f"({told['of_them_held_out_by_folds']} of them in {told['folds']} folds, each by the others)"
    )
    for name in ("sums", "shipped", "held_out"):
        part = told[name]
        above = part["threshold"]["above"]
        apart = part["auroc"]["best"]
        yield (
            f"{name.replace('_', ' '):9} ECE {part['ece']:.3f}, AUROC {'none' if apart is None else apart}, "
            f"{above['n']} at or above {part['threshold']['value']:g}, {above['accepted'] or 0:.0%} of them right"
        )
        yield from (
            f"{'':9} {bin_['bin']}: {bin_['n']:3} at {bin_['mean_confidence']:.2f}, {bin_['accuracy']:.0%} right"
            for bin_ in part["bins"]
        )
    for kind, steps in told["table"].items():
        yield f"{kind}: {', '.join(f'{at:g} -> {likely:g}' for at, likely in steps)}"


def _permitted(one: Outcome, likely: float) -> float:
    """As `graph.confidence.settled` has it: no table lifts a proposal across the threshold."""
    threshold = PolicySettings().confidence_threshold
    below = one.proposed and one.total < threshold
    return min(likely, threshold - 0.001) if below else likely


def _judged(trials: Sequence[Trial]) -> dict[str, Any]:
    bins, ece = reliability(trials)
    threshold = PolicySettings().confidence_threshold
    return {"ece": ece, "bins": bins, "auroc": auroc(trials), "threshold": split(trials, threshold)}
