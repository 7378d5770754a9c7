"""Every level that stands or could, with what speaks for and against it: for the page and the command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from graph.agreement import Agreement, agreements
from graph.autonomy import (
    BY_PEOPLE,
    LOOK_BACK,
    Tally,
    agreement_counts_from,
    counts_from,
    level_of,
    step_up,
    wanting,
)
from graph.policy import PolicySettings
from graph.policy_autonomy import ceiling_of
from tools.agreement_cases import Case
from tools.autonomy import Autonomy, Standing
from tools.ledger import ActionLedger, LedgerEntry
from tools.records import LEVELS, Level, Record

Pair = tuple[str, str]


class Earned(Record):
    """A step up that outcomes and people speak for; only a person takes it."""

    level: Level
    why: str


class LevelRow(Record):
    """One action for one problem class."""

    action: str
    problem: str
    level: Level
    """In force, under the mode."""
    ceiling: Level = "auto"
    """What POLICY_FILE lets it have at the most."""
    actor: str = ""
    """Who set it, or `agent`, which took it back; empty: nobody did."""
    reason: str = ""
    at: datetime | None = None
    tally: Tally = Tally()
    earned: Earned | None = None
    wanting: str = ""
    """What a step up still takes."""


def level_rows(
    autonomy: Autonomy,
    ledger: ActionLedger,
    cases: Sequence[Case],
    policy: PolicySettings,
    now: datetime,
) -> list[LevelRow]:
    """All that were set, done or judged lately, by action and problem. Raises StoreError."""
    standing = {(each.action, each.problem): each for each in autonomy.all()}
    entries = [e for e in ledger.since(now - LOOK_BACK) if not e.undo_of and e.problem not in BY_PEOPLE]
    pairs = {
        *standing,
        *((e.call.name, e.problem) for e in entries),
        *((case.action, case.problem) for case in cases if case.action),
    }
    return [_row(pair, standing.get(pair), entries, cases, policy, now) for pair in sorted(pairs)]


def _row(
    pair: Pair,
    standing: Standing | None,
    entries: Iterable[LedgerEntry],
    cases: Iterable[Case],
    policy: PolicySettings,
    now: datetime,
) -> LevelRow:
    since = counts_from(standing, now)
    verdicts = [e.verdict for e in entries if (e.call.name, e.problem) == pair and e.claimed_at >= since]
    agreed = agreement_of(pair, cases, standing, now)
    tally = Tally(
        helped=verdicts.count("RECOVERED"),
        failed=verdicts.count("NOT_RECOVERED"),
        harmful=verdicts.count("REGRESSED"),
        agreed=agreed.agreed,
        disagreed=agreed.disagreed,
        not_needed=agreed.not_needed,
    )
    ceiling = ceiling_of(policy.autonomy, *pair)
    up = step_up(level_of(standing), tally)
    return LevelRow(
        action=pair[0],
        problem=pair[1],
        level=min(level_of(standing), ceiling, key=LEVELS.index),
        ceiling=ceiling,
        actor=standing.actor if standing else "",
        reason=standing.reason if standing else "",
        at=standing.at if standing else None,
        tally=tally,
        earned=Earned(level=up[0], why=up[1]) if up else None,
        wanting=wanting(level_of(standing), tally),
    )


def raised(level: Level, tally: Tally) -> tuple[Level | None, str]:
    """The step up from this level that the numbers support and why; None with what is missing."""
    up = step_up(level, tally)
    return up if up else (None, wanting(level, tally))


def agreement_of(pair: Pair, cases: Iterable[Case], standing: Standing | None, now: datetime) -> Agreement:
    """Since its level was set, at the longest in the last 90 days."""
    since = agreement_counts_from(standing, now)
    ours = [case for case in cases if (case.action, case.problem) == pair and case.at >= since]
    return agreements(ours).get(pair, Agreement())
