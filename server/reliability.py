"""Whether confidence means something: how often decisions of each confidence were right, and whether it tells apart.

Every figure is of decisions that have a confidence and were run. A constant confidence that happens to be the share
of right decisions has no calibration error at all; it is found out by `auroc`, which is 0.5 for it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

BINS = 10


@dataclass(frozen=True)
class Trial:
    """One decision: how sure it was, and what it was worth."""

    confidence: float
    accepted: bool
    best: bool = False


def reliability(trials: Sequence[Trial]) -> tuple[list[dict[str, Any]], float]:
    """How often decisions of each confidence were accepted, and the expected calibration error."""
    bins, error = [], 0.0
    for number, inside in by_bin(trials).items():
        mean = sum(trial.confidence for trial in inside) / len(inside)
        accuracy = _share(trial.accepted for trial in inside)
        told: dict[str, Any] = {"bin": f"{number / BINS:.1f}-{(number + 1) / BINS:.1f}", "n": len(inside)}
        bins.append({**told, "mean_confidence": round(mean, 3), "accuracy": round(accuracy, 3)})
        error += len(inside) / len(trials) * abs(accuracy - mean)
    return bins, round(error, 4)


def by_bin(trials: Sequence[Trial]) -> dict[int, list[Trial]]:
    """By the number of their bin, the least sure first; bins that hold none are left out."""
    inside: dict[int, list[Trial]] = {}
    for trial in trials:
        inside.setdefault(bin_of(trial.confidence), []).append(trial)
    return dict(sorted(inside.items()))


def sides(trials: Sequence[Trial], threshold: float) -> tuple[list[Trial], list[Trial]]:
    """Those at or above the threshold, and those below."""
    above = [trial for trial in trials if trial.confidence >= threshold]
    return above, [trial for trial in trials if trial.confidence < threshold]


def bin_of(confidence: float) -> int:
    """The number of its bin, from 0; a confidence of 1 is in the last one."""
    return min(BINS - 1, max(0, int(confidence * BINS)))


def auroc(trials: Sequence[Trial]) -> dict[str, float | None]:
    """How often a decision that was accepted (the best one) is surer than one that was not; ties count half.

    None where all of them were, or none: there is nothing to tell apart.
    """
    return {
        "accepted": _auroc([(trial.confidence, trial.accepted) for trial in trials]),
        "best": _auroc([(trial.confidence, trial.best) for trial in trials]),
    }


def split(trials: Sequence[Trial], threshold: float) -> dict[str, Any]:
    """How many decisions are at or above the threshold and how many below, and how good each part is."""
    above, below = sides(trials, threshold)
    return {"value": threshold, "above": _part(above, trials), "below": _part(below, trials)}


def _part(inside: Sequence[Trial], trials: Sequence[Trial]) -> dict[str, Any]:
    return {
        "n": len(inside),
        "share": round(len(inside) / len(trials), 3) if trials else 0.0,
        "accepted": round(_share(trial.accepted for trial in inside), 3) if inside else None,
        "best": round(_share(trial.best for trial in inside), 3) if inside else None,
    }


def _auroc(pairs: Sequence[tuple[float, bool]]) -> float | None:
    right = [confidence for confidence, good in pairs if good]
    wrong = [confidence for confidence, good in pairs if not good]
    if not right or not wrong:
        return None
    won = sum((one > other) + (one == other) / 2 for one in right for other in wrong)
    return round(won / (len(right) * len(wrong)), 3)


def _share(flags: Iterable[bool]) -> float:
    kept = list(flags)
    return sum(kept) / len(kept)
