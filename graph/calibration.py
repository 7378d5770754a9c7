"""From the sum of the parts to a probability: how often decisions of such a sum have turned out right.

The sum is an order, not a probability: of stored incidents nearly all decisions with a sum of 0.7 were right. What was
learnt from them (`calibration_table`, made by `sre-agent evaluate --calibrate`) says so, for proposals and for
explanations apart. It says how likely the *decision* is right, also one that explains and proposes nothing.

Whatever a table says, it gives no permission: what is proposed on a sum below the threshold stays below it
(`graph.confidence.settled`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TypeAlias

from tools.records import Record

Steps: TypeAlias = tuple[tuple[float, float], ...]
"""Sum and probability, both rising."""


class Table(Record):
    """What was learnt."""

    proposals: Steps = ()
    explanations: Steps = ()


def probability(total: float, proposed: bool, table: Table) -> float:
    """Between two steps in proportion, below the first towards nothing, above the last as the last; the sum itself
    where nothing was learnt.
    """
    steps = table.proposals if proposed else table.explanations
    if not steps:
        return total
    place = bisect_left(steps, (total, -1.0))
    if place == len(steps):
        return steps[-1][1]
    (right, upper), (left, lower) = steps[place], steps[place - 1] if place else (0.0, 0.0)
    return upper if right <= left else lower + (upper - lower) * (total - left) / (right - left)
