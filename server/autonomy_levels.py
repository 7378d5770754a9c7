"""Every level that stands or could, with what speaks for and against it: for the page and the command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from graph.autonomy import BY_PEOPLE, LOOK_BACK, Tally, counts_from, level_of, step_up
from graph.policy import PolicySettings
from graph.policy_autonomy import ceiling_of
from tools.autonomy import Autonomy, Standing
from tools.ledger import ActionLedger, LedgerEntry
from tools.opinions import Opinion
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


def level_rows(
    autonomy: Autonomy,
    ledger: ActionLedger,
    opinions: Sequence[Opinion],
    policy: PolicySettings,
    now: datetime,
) -> list[LevelRow]:
    """All that were set, done or judged lately, by action and problem. Raises StoreError."""
    standing = {(each.action, each.problem): each for each in autonomy.all()}
    entries = [e for e in ledger.since(now - LOOK_BACK) if not e.undo_of and e.problem not in BY_PEOPLE]
    judged = [o for o in opinions if o.problem not in BY_PEOPLE]
    pairs = {
        *standing,
        *((e.call.name, e.problem) for e in entries),
        *((o.action, o.problem) for o in judged),
    }
    return [_row(pair, standing.get(pair), entries, judged, policy, now) for pair in sorted(pairs)]


def _row(
    pair: Pair,
    standing: Standing | None,
    entries: Iterable[LedgerEntry],
    opinions: Iterable[Opinion],
    policy: PolicySettings,
    now: datetime,
) -> LevelRow:
    since = counts_from(standing, now)
    verdicts = [e.verdict for e in entries if (e.call.name, e.problem) == pair and e.claimed_at >= since]
    said = [o.agreed for o in opinions if (o.action, o.problem) == pair and o.at >= since]
    tally = Tally(
        helped=verdicts.count("RECOVERED"),
        failed=verdicts.count("NOT_RECOVERED"),
        harmful=verdicts.count("REGRESSED"),
        agreed=said.count(True),
        disagreed=said.count(False),
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
    )
