"""Fits how sure decisions may be: from the sum of the parts to the share of such decisions that were right.

Isotonic regression by pooling adjacent violators: it assumes nothing but that a higher sum is no worse, and what it
finds is a handful of steps that a person can read, so that no library is needed for it. A few lucky cases do not make
sure: each stretch of sums has some pretended decisions beside its own. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graph.calibration import Steps, Table, probability
from server.report import Scored

PRETENDED = 2.0
"""Decisions in each stretch beside its own, right as often as halfway between its sum and the share of all."""
STRETCH = 0.1
"""Sums that lie in the same one are one step to begin with."""
FOLDS = 5


@dataclass(frozen=True)
class Outcome:
    """One decision to learn from."""

    case: str
    total: float
    """The sum of its parts, before calibration."""
    proposed: bool
    right: bool


@dataclass(frozen=True)
class _Pool:
    low: float
    high: float
    weight: float
    right: float

    def joined(self, other: _Pool) -> _Pool:
        return _Pool(self.low, other.high, self.weight + other.weight, self.right + other.right)

    @property
    def share(self) -> float:
        return self.right / self.weight

    @property
    def ends(self) -> Steps:
        """Of the stretch over which it is flat."""
        likely = round(self.share, 3)
        return ((self.low, likely),) if self.low == self.high else ((self.low, likely), (self.high, likely))


def outcomes(cases: Iterable[Scored]) -> list[Outcome]:
    """What there is to learn from: decisions with a confidence."""
    return [
        Outcome(case.id, case.given.total, case.given.proposed, case.score.outcome == "accepted")
        for case in cases
        if case.given and case.given.total is not None
    ]


def fitted(learnt: Sequence[Outcome]) -> Table:
    """Proposals and explanations apart: what is right to do and what is right to say fail in other ways."""
    return Table(
        proposals=_steps([one for one in learnt if one.proposed]),
        explanations=_steps([one for one in learnt if not one.proposed]),
    )


def held_out(learnt: Sequence[Outcome], others: Sequence[Outcome]) -> list[float]:
    """The probability of each of the others, by a table that has not seen it: its fold is left out."""
    tables = [fitted([one for one in learnt if fold(one.case) != number]) for number in range(FOLDS)]
    known, whole = {one.case for one in learnt}, fitted(learnt)
    return [
        probability(one.total, one.proposed, tables[fold(one.case)] if one.case in known else whole)
        for one in others
    ]


def fold(case: str) -> int:
    """By the case's name, so that a case that is added moves no other."""
    return hashlib.sha256(case.encode()).digest()[0] % FOLDS


def _steps(learnt: Sequence[Outcome]) -> Steps:
    every = (sum(one.right for one in learnt) + 1) / (len(learnt) + 2)
    stretches: dict[int, list[Outcome]] = {}
    for one in learnt:
        stretches.setdefault(int(one.total / STRETCH + 1e-9), []).append(one)
    pooled: list[_Pool] = []
    for _, inside in sorted(stretches.items()):
        pooled.append(_pool(inside, every))
        while len(pooled) > 1 and pooled[-2].share >= pooled[-1].share:
            pooled[-2:] = [pooled[-2].joined(pooled[-1])]
    return tuple(end for pool in pooled for end in pool.ends)


def _pool(inside: Sequence[Outcome], every: float) -> _Pool:
    totals = [one.total for one in inside]
    pretended = PRETENDED * (sum(totals) / len(totals) + every) / 2
    right = sum(one.right for one in inside) + pretended
    return _Pool(min(totals), max(totals), len(inside) + PRETENDED, right)
