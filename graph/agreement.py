"""How often people did, or said, what the agent would have done; and which step up the numbers support: pure.

An incident is one case. A person's mark on it speaks first, then the answer to its approval, then what was seen to have
been changed afterwards. An action that nobody took and that was not needed, since the alerts ended without it, speaks
against the action as much as a no does: what is harmless to leave out is no reason to act. Where the alerts went on and
nobody did anything, nobody has said anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, sqrt
from typing import Literal, TypeAlias

from tools.agreement_cases import Case
from tools.records import Level, Record

Judged: TypeAlias = Literal["agreed", "disagreed", "not_needed", "undecided"]
Pair: TypeAlias = tuple[str, str]
"""Action, or empty for "nothing", and problem class."""

MOST_OF_ONE = 3
"""The newest cases of one workload that count: one that fails every night is no sixteen cases."""
LEAST = {"approve": 5, "auto": 10}
"""Cases that a step to this level takes."""
BOUND = {"approve": 0.5, "auto": 0.8}
"""What the lower bound of agreement must reach for it."""
_Z = 1.96
"""Of the normal distribution: 95 % lie within, so that one true share in forty lies below the bound."""
_MOST_MISSING = 1000


class Agreement(Record):
    """The cases of one action for one problem class."""

    agreed: int = 0
    disagreed: int = 0
    not_needed: int = 0
    """Nobody did it, and the alerts ended."""
    undecided: int = 0
    """Nobody said or did anything, or it could not be told."""
    left_out: int = 0
    """Further cases of workloads that count already."""
    by_marks: int = 0
    by_answers: int = 0
    by_changes: int = 0
    """By what was seen in the cluster afterwards."""

    @property
    def cases(self) -> int:
        """Those that say something."""
        return self.agreed + self.disagreed + self.not_needed

    @property
    def bound(self) -> float:
        """Lower bound of the share of agreement."""
        return lower_bound(self.agreed, self.cases)


def lower_bound(agreed: int, cases: int) -> float:
    """Lower end of the 95 % Wilson score interval of a share; 0 without cases."""
    if cases <= 0:
        return 0.0
    share, square = agreed / cases, _Z * _Z
    middle = share + square / (2 * cases)
    spread = _Z * sqrt(share * (1 - share) / cases + square / (4 * cases * cases))
    return max(0.0, (middle - spread) / (1 + square / cases))


def upper_bound(agreed: int, cases: int) -> float:
    """Upper end of the same interval; 1 without cases."""
    return 1.0 - lower_bound(cases - agreed, cases)


def supported(level: Level, agreed: int, cases: int) -> bool:
    """Whether the numbers are enough for a step to this level."""
    return cases >= LEAST[level] and lower_bound(agreed, cases) >= BOUND[level]


def missing(level: Level, agreed: int, cases: int) -> int:
    """How many more cases that all agree a step to this level takes; 0 when it has them."""
    low, high = 0, _MOST_MISSING
    while low < high:
        more = (low + high) // 2
        if supported(level, agreed + more, cases + more):
            high = more
        else:
            low = more + 1
    return low


def judged(case: Case) -> Judged:
    """What one case says."""
    if case.mark:
        return "agreed" if case.mark == "right" else "disagreed"
    if case.answer:
        return "agreed" if case.answer == "approved" else "disagreed"
    if case.seen == "other" or (case.seen == "nothing" and not case.action):
        return "disagreed" if case.seen == "other" else "agreed"
    if case.seen == "same":
        return "agreed"
    return "not_needed" if case.seen == "nothing" and case.resolved else "undecided"


def agreements(cases: Iterable[Case]) -> dict[Pair, Agreement]:
    """By action and problem class, each workload's newest cases only."""
    found: dict[Pair, list[Case]] = {}
    for case in sorted(cases, key=lambda each: each.at, reverse=True):
        found.setdefault((case.action, case.problem), []).append(case)
    return {pair: _of(each) for pair, each in sorted(found.items())}


def _of(newest_first: Sequence[Case]) -> Agreement:
    counts = dict.fromkeys(Agreement.model_fields, 0)
    of_workload: dict[str, int] = {}
    for case in newest_first:
        said = judged(case)
        if said != "undecided":
            of_workload[case.workload] = of_workload.get(case.workload, 0) + 1
            if of_workload[case.workload] > MOST_OF_ONE:
                counts["left_out"] += 1
                continue
            counts["by_marks" if case.mark else "by_answers" if case.answer else "by_changes"] += 1
        counts[said] += 1
    return Agreement(**counts)


def share_in_words(agreed: int, cases: int) -> str:
    """For people: how often, and what that is worth."""
    return f"people agreed {agreed} of {cases} times (at least {percent(lower_bound(agreed, cases))} %)"


def percent(share: float) -> int:
    """Rounded down: a bound that is not reached does not look as if it were."""
    return floor(share * 100)
