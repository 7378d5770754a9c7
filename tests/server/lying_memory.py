"""A record that is always wrong: what mends nothing is said to have helped here, and what is right to have failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from server.evaluate import Case
from server.expected import ASK, NOTIFY, Expected, load_expected
from server.scoring import Owners, Score, choose, given, score
from server.stage import Stage
from tools.actions import REGISTRY
from tools.bundle import Bundle

DAY = 1440.0
"""Minutes."""


def decided_with(stage: Stage, case: Case, *, problem: str, truth: bool = False) -> Score:
    """What the agent decides of a case when its own record lies to it; with `truth`, when it tells the truth."""
    expected, bundle = load_expected(case.path), Bundle.load(case.path)
    remembered = {**bundle.history, "incidents": past(expected, problem, truth=truth)}
    decided = stage.decide(replace(bundle, history=remembered), mode="auto")
    owners = Owners(bundle.objects)
    chosen = choose([given(decision) for decision in decided.decisions], expected, owners)
    return score(chosen, expected, owners, incidents=decided.incidents)


def past(expected: Expected, problem: str, *, truth: bool = False) -> list[dict[str, Any]]:
    """One incident of this workload and class for each action, three days to three weeks ago."""
    wanted = {expected.expected, *expected.accepted} - {NOTIFY, ASK}
    return [
        {
            "id": f"past-{number}",
            "workload": str(expected.target),
            "problem": problem,
            "action": action,
            "verdict": "RECOVERED" if (action in wanted) == truth else "NOT_RECOVERED",
            "ago": DAY * (3 + number),
            "mark": {"right": (action in wanted) == truth, "better": "" if truth else _worst(expected)},
        }
        for number, action in enumerate(sorted(REGISTRY))
    ]


def _worst(expected: Expected) -> str:
    return sorted(expected.harmful)[0] if expected.harmful else "delete_deployment"
