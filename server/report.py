"""The evaluation's report: each case, and what all of them add up to. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.expected import Expected, parse_object
from server.scoring import Given, Outcome, Owners, Score, score

WORST_FIRST: tuple[Outcome, ...] = ("failed", "harmful", "misleading", "neutral", "accepted")
BINS = 10


@dataclass(frozen=True)
class Scored:
    """One case, run once."""

    id: str
    expected: Expected | None
    """None: the case could not be read."""
    score: Score
    given: Given | None = None
    """None: the case could not be run."""
    error: str = ""
    seconds: float = 0.0
    llm_calls: int = 0
    tokens: int = 0
    notes: tuple[str, ...] = ()
    baselines: tuple[tuple[str, Score], ...] = ()
    runs: int = 1
    accepted_runs: int = 0


def baseline_scores(expected: Expected, owners: Owners) -> tuple[tuple[str, Score], ...]:
    """What answers that never look would have got, on the right object and with the right number of incidents."""
    target = parse_object(expected.target) if expected.target else None
    constant = {
        "always_notify": Given("notify"),
        "always_ask_rollback": Given("ask", "rollback_deployment", expected.params, target),
        "always_restart": Given("act", "restart_deployment", expected.params, target),
    }
    return tuple((name, score(given, expected, owners)) for name, given in constant.items())


def of_runs(runs: Sequence[Scored]) -> Scored:
    """One case run several times: its worst outcome, and how often it was accepted."""
    worst = min(runs, key=lambda run: (WORST_FIRST.index(run.score.outcome), run.score.best))
    accepted = sum(run.score.outcome == "accepted" for run in runs)
    return replace(worst, runs=len(runs), accepted_runs=accepted)


def report(cases: Sequence[Scored]) -> dict[str, Any]:
    """The report as JSON."""
    return {"cases": [_case(case) for case in cases], "summary": summary(cases)}


def summary(cases: Sequence[Scored]) -> dict[str, Any]:
    """Counts, baselines, calibration and times."""
    bins, ece = calibration(cases)
    seconds = sorted(case.seconds for case in cases if case.given)
    told: dict[str, Any] = {
        **_counts(case.score for case in cases),
        "failed": sum(case.score.outcome == "failed" for case in cases),
        "by_source": _grouped(cases, lambda case: case.expected.source if case.expected else "unknown"),
        "core": _counts(case.score for case in cases if case.expected and case.expected.core),
        "baselines": _baselines(cases),
        "calibration": bins,
        "ece": ece,
        "p50_seconds": percentile(seconds, 0.5),
        "p95_seconds": percentile(seconds, 0.95),
        "llm_calls": sum(case.llm_calls for case in cases),
        "tokens": sum(case.tokens for case in cases),
    }
    runs = max((case.runs for case in cases), default=1)
    if runs > 1:
        told |= {"runs": runs, "all_runs_accepted": sum(c.accepted_runs == c.runs for c in cases)}
    return told


def calibration(cases: Iterable[Scored]) -> tuple[list[dict[str, Any]], float]:
    """How often decisions of each confidence were accepted, and the expected calibration error."""
    pairs = [
        (case.given.confidence, case.score.outcome == "accepted")
        for case in cases
        if case.given and case.given.confidence is not None
    ]
    bins, error = [], 0.0
    for number in range(BINS):
        inside = [pair for pair in pairs if _bin(pair[0]) == number]
        if inside:
            mean = sum(confidence for confidence, _ in inside) / len(inside)
            accuracy = sum(accepted for _, accepted in inside) / len(inside)
            told: dict[str, Any] = {"bin": f"{number / BINS:.1f}-{(number + 1) / BINS:.1f}", "n": len(inside)}
            bins.append({**told, "mean_confidence": round(mean, 3), "accuracy": round(accuracy, 3)})
            error += len(inside) / len(pairs) * abs(accuracy - mean)
    return bins, round(error, 4)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that this share of all of them does not exceed; 0 of none."""
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3) if ordered else 0.0


def _bin(confidence: float) -> int:
    return min(BINS - 1, max(0, int(confidence * BINS)))


def _counts(scores: Iterable[Score]) -> dict[str, int]:
    kept = list(scores)
    outcomes = Counter(one.outcome for one in kept)
    return {
        "n": len(kept),
        "accepted": outcomes["accepted"],
        "best": sum(one.best for one in kept),
        "harmful": outcomes["harmful"],
        "misleading": outcomes["misleading"],
        "neutral": outcomes["neutral"],
    }


def _grouped(cases: Sequence[Scored], name_of: Callable[[Scored], str]) -> dict[str, dict[str, int]]:
    names = sorted({name_of(case) for case in cases})
    return {name: _counts(case.score for case in cases if name_of(case) == name) for name in names}


def _baselines(cases: Sequence[Scored]) -> dict[str, dict[str, int]]:
    scores: dict[str, list[Score]] = {}
    for case in cases:
        for name, got in case.baselines:
            scores.setdefault(name, []).append(got)
    return {name: _counts(got) for name, got in scores.items()}


def _case(case: Scored) -> dict[str, Any]:
    given = case.given
    told: dict[str, Any] = {
        "id": case.id,
        "route": given.route if given else None,
        "action": _action(given),
        "object": str(given.object) if given and given.object else None,
        "answer": given.answer if given else None,
        "problem": given.problem if given else None,
        "confidence": given.confidence if given else None,
        "outcome": case.score.outcome,
        "best": case.score.best,
        "seconds": round(case.seconds, 3),
        "llm_calls": case.llm_calls,
        "tokens": case.tokens,
    }
    if case.runs > 1:
        told |= {"runs": case.runs, "accepted_runs": case.accepted_runs}
    extras: Mapping[str, Any] = {"error": case.error, "notes": list(case.notes)}
    return told | {name: value for name, value in extras.items() if value}


def _action(given: Given | None) -> dict[str, Any] | None:
    return {"name": given.action, "args": dict(given.args)} if given and given.action else None
