"""The evaluation's report: each case, and what all of them add up to. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graph.policy import PolicySettings
from server.expected import Expected, parse_object
from server.misses import WAYS, Miss, of_actions
from server.reliability import Trial, auroc, reliability, split
from server.scoring import Given, Outcome, Owners, Score, score

WORST_FIRST: tuple[Outcome, ...] = ("failed", "harmful", "misleading", "neutral", "accepted")


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
    miss: Miss = ""
    reached: bool | None = None
    """Whether the expected action was done or asked for; None where none is expected."""
    requests: int = 0
    """What its runs asked of the API server."""
    steps: Mapping[str, float] = field(default_factory=dict)
    """Seconds in each node of the graph."""
    prompt_bytes: int | None = None
    """Of the largest prompt; None: not measured, or there is nothing that a model would be asked."""

    @property
    def trial(self) -> Trial | None:
        """Its confidence and worth, where it has one."""
        if self.given is None or self.given.confidence is None:
            return None
        return Trial(self.given.confidence, self.score.outcome == "accepted", self.score.best)


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
    return {"cases": [case_report(case) for case in cases], "summary": summary(cases)}


def summary(cases: Sequence[Scored]) -> dict[str, Any]:
    """Counts, baselines, calibration, times and sizes."""
    trials = [case.trial for case in cases if case.trial]
    bins, ece = reliability(trials)
    run = [case for case in cases if case.given]
    seconds = sorted(case.seconds for case in run)
    told: dict[str, Any] = {
        **_counts(case.score for case in cases),
        "failed": sum(case.score.outcome == "failed" for case in cases),
        "by_source": _grouped(cases, lambda case: case.expected.source if case.expected else "unknown"),
        "core": _counts(case.score for case in cases if case.expected and case.expected.core),
        "baselines": _baselines(cases),
        "calibration": bins,
        "ece": ece,
        "auroc": auroc(trials),
        "threshold": split(trials, PolicySettings().confidence_threshold),
        "actions": of_actions([(case.reached, _way(case)) for case in cases if case.reached is not None]),
        "misses": {way: sum(case.miss == way for case in cases) for way in WAYS},
        "requests": spread([case.requests for case in run]),
        "prompt_bytes": spread([case.prompt_bytes for case in run if case.prompt_bytes is not None]),
        "step_seconds": _steps(run),
        "p50_seconds": percentile(seconds, 0.5),
        "p95_seconds": percentile(seconds, 0.95),
        "llm_calls": sum(case.llm_calls for case in cases),
        "tokens": sum(case.tokens for case in cases),
    }
    runs = max((case.runs for case in cases), default=1)
    if runs > 1:
        told |= {"runs": runs, "all_runs_accepted": sum(c.accepted_runs == c.runs for c in cases)}
    return told


def spread(numbers: Sequence[int]) -> dict[str, int]:
    """How many there are, the median and the largest of them."""
    ordered = sorted(numbers)
    middle = ordered[(len(ordered) - 1) // 2] if ordered else 0
    return {"n": len(ordered), "median": middle, "max": ordered[-1] if ordered else 0}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that this share of all of them does not exceed; 0 of none."""
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3) if ordered else 0.0


def _steps(cases: Sequence[Scored]) -> dict[str, dict[str, float]]:
    """Of each node of the graph, over the cases whose run came to it."""
    names = dict.fromkeys(name for case in cases for name in case.steps)
    took = {name: sorted(case.steps[name] for case in cases if name in case.steps) for name in names}
    return {
        name: {"n": len(took[name]), "p50": percentile(took[name], 0.5), "p95": percentile(took[name], 0.95)}
        for name in names
    }


def _way(case: Scored) -> str:
    return case.given.way if case.given else ""


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


def case_report(case: Scored) -> dict[str, Any]:
    """One line of the report."""
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
        "requests": case.requests,
    }
    if case.runs > 1:
        told |= {"runs": case.runs, "accepted_runs": case.accepted_runs}
    extras: Mapping[str, Any] = {
        "miss": case.miss,
        "prompt_bytes": case.prompt_bytes,
        "error": case.error,
        "notes": list(case.notes),
    }
    return told | {name: value for name, value in extras.items() if value}


def _action(given: Given | None) -> dict[str, Any] | None:
    return {"name": given.action, "args": dict(given.args)} if given and given.action else None
