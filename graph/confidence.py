"""Confidence, computed and never taken: the parts, each shown, and their sum.

Weights: how directly the finding is proved 0.7, how complete the evidence is 0.2, how the target was found 0.1.
What this action did before adds at most 0.05 and takes 0.4: praise alone never crosses the threshold, and what
failed last time stays below it, however low it is set; both fade. A model's agreement adds 0.02, under the same rule,
and its disagreement keeps it below; without a model there is no such part.

The sum is an order, not a probability. What is shown as confidence is how often decisions of such a sum have turned out
right (`graph.calibration`), less what people have marked wrong; neither lifts a proposal across the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from graph.calibration import Table, probability
from graph.calibration_table import TABLE
from graph.state import Finding
from tools.records import GUARDS, Evidence, Similar, Target

PROOF, COMPLETENESS, TARGET = 0.7, 0.2, 0.1
HELPED, FAILED = 0.05, -0.4
HALF_LIFE, HELD_AGAINST = timedelta(days=30), timedelta(days=180)
AGREES, DOUBTS, DISAGREES = 0.02, -0.05, -0.3
MODEL = "model"
"""Name of the part that a model's advice is, where it was heard."""
CALIBRATION, MARKS = "calibration", "marks"
"""Names of the parts that are no evidence: what was learnt of such sums, and of people's marks."""
PRETENDED_MARKS = 3.0
"""How many marks the probability itself counts for: one wrong one is enough to have a person asked."""
MOST = {"proof": PROOF, "completeness": COMPLETENESS, "target": TARGET, "history": HELPED, MODEL: AGREES}
"""What each part can add at the most."""
HELPED_OR_NOT = frozenset({"RECOVERED", "NOT_RECOVERED", "REGRESSED"})
UNDATED = datetime.max.replace(tzinfo=UTC)


def parts(
    finding: Finding, evidence: Evidence, target: Target | None, action: str, similar: Sequence[Similar]
) -> dict[str, float]:
    """The weighted parts, rounded, by name."""
    return {
        "proof": round(PROOF * finding.directness, 3),
        "completeness": round(COMPLETENESS * completeness(evidence), 3),
        "target": round(TARGET * _sureness(target), 3),
        "history": round(history(action, finding.problem, similar, evidence.collected_at), 3),
    }


def total(by_name: dict[str, float], threshold: float) -> float:
    """The sum within 0..1; neither history nor a model may lift it across the threshold, and failure of the one or
    disagreement of the other keeps it below.
    """
    advice = by_name.get(MODEL, 0.0)
    base = round(by_name["proof"] + by_name["completeness"] + by_name["target"], 3)
    with_opinions = round(base + by_name["history"] + advice, 3)
    if base < threshold <= with_opinions:
        with_opinions = base
    if by_name["history"] < 0 or advice <= DISAGREES:
        with_opinions = min(with_opinions, threshold - 0.001)
    return round(min(1.0, max(0.0, with_opinions)), 3)


def settled(
    parts: dict[str, float],
    threshold: float,
    *,
    proposed: bool,
    judged: tuple[int, int] = (0, 0),
    table: Table = TABLE,
) -> tuple[dict[str, float], float]:
    """The parts with those that are no evidence, and their sum: how likely the decision is right, from 0 to 1.

    `proposed`: it is about an action. Then a total below the threshold stays below it, whatever the table says:
    what was capped (a failure, a model that disagrees, praise alone) and what is weakly proved never crosses.
    `judged`: how often people marked such decisions right and wrong; marks only ever lower.
    """
    sum_of_parts = total(parts, threshold)
    likely = probability(sum_of_parts, proposed, table)
    if proposed and sum_of_parts < threshold:
        likely = min(likely, threshold - 0.001)
    likely = round(min(1.0, max(0.0, likely)), 3)
    marked = round(min(likely, _marked(likely, *judged)), 3)
    evidence = sum(parts.values())
    told = {**parts, CALIBRATION: round(likely - evidence, 3)}
    return (told | {MARKS: round(marked - likely, 3)} if sum(judged) else told), marked


def judged(action: str, problem: str, similar: Sequence[Similar]) -> tuple[int, int]:
    """How often people marked decisions for this action (none: to explain) and class right, and how often wrong."""
    marks = [s.mark for s in similar if s.problem == problem and s.decided == action]
    return marks.count("right"), marks.count("wrong")


def _marked(likely: float, right: int, wrong: int) -> float:
    return (right + PRETENDED_MARKS * likely) / (right + wrong + PRETENDED_MARKS)


def completeness(evidence: Evidence) -> float:
    """Share of the planned reads that were answered; no data is an answer. Guards count in policy, by refusing."""
    planned = [item for item in evidence.items if item.kind not in GUARDS]
    if not planned:
        return 0.0
    missing = [item for item in evidence.missing() if item.kind not in GUARDS]
    return 1 - len(missing) / len(planned)


def history(action: str, problem: str, similar: Sequence[Similar], now: datetime | None = None) -> float:
    """What our own verdicts say of this action for this workload and class: the newest that says anything.

    It fades: of praise half is left after thirty days, and a failure is held against the action for half a year.
    What has no date does not fade; nothing does where `now` is not told.
    """
    newest = last_time(action, problem, similar)
    if newest is None:
        return 0.0
    age = max(timedelta(0), now - newest.closed_at) if now and newest.closed_at else timedelta(0)
    if newest.verdict == "RECOVERED":
        return HELPED * float(0.5 ** (age / HALF_LIFE))
    return FAILED if age <= HELD_AGAINST else 0.0


def last_time(action: str, problem: str, similar: Sequence[Similar]) -> Similar | None:
    """The incident of this workload and class whose verdict on this action counts, if there is one.

    Without a date it counts as the newest, and of two at one instant the failure does.
    """
    told = [
        s
        for s in similar
        if s.same_workload and s.action == action and s.problem == problem and s.verdict in HELPED_OR_NOT
    ]
    return max(told, key=lambda s: (s.closed_at or UNDATED, s.verdict != "RECOVERED"), default=None)


def _sureness(target: Target | None) -> float:
    if target is None:
        return 0.0
    return 0.5 if target.supposed else 1.0
