"""Autonomy is earned by outcomes and by agreement with people, given by a person, and taken back by itself.

One harmful outcome or two failed ones of an action for a problem class take one step back, `auto` to `approve` to
`shadow`, and only a person goes up again (product.md section 11). What it would have earned is said, never taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from graph.agreement import missing, share_in_words, supported
from graph.lowered import message
from graph.policy_facts import REQUESTED, AutonomyCeiling, PolicySettings
from graph.services import Services
from tools.autonomy import Standing
from tools.ledger import LedgerEntry
from tools.records import LEVELS, Level, Record

MOST_FAILED = 2
LOOK_BACK = timedelta(days=30)
"""Older outcomes say little about the releases and the cluster of today."""
AGREEMENT_BACK = timedelta(days=90)
"""What people did and said is rarer, and ages more slowly."""
NEEDED = 5
"""Outcomes that helped before a step up to `auto` is proposed; agreement: `graph.agreement`."""
BY_PEOPLE = frozenset({REQUESTED, "undo_requested"})
"""Problem classes of what a person asked for: nobody's autonomy."""


class Tally(Record):
    """What came of one action for one problem class since its level was set, in the last 30 days."""

    helped: int = 0
    failed: int = 0
    harmful: int = 0
    agreed: int = 0
    """Incidents in which people said or did what the agent would have done, in the last 90 days."""
    disagreed: int = 0
    """In which they said no, or did something else."""
    not_needed: int = 0
    """In which nobody did it, and the alerts ended."""

    @property
    def cases(self) -> int:
        """All that say something."""
        return self.agreed + self.disagreed + self.not_needed


def level_of(standing: Standing | None) -> Level:
    """What nobody has narrowed may do all that the mode lets it."""
    return standing.level if standing else LEVELS[-1]


def counts_from(standing: Standing | None, now: datetime) -> datetime:
    """Since when outcomes count: a level that was set anew starts anew."""
    oldest = now - LOOK_BACK
    return max(standing.at, oldest) if standing else oldest


def step_back(level: Level, verdicts: Iterable[str]) -> tuple[Level, str] | None:
    """The level that these outcomes leave, and why; None where it stays."""
    told = list(verdicts)
    harmful, failed = told.count("REGRESSED"), told.count("NOT_RECOVERED")
    if level == LEVELS[0] or not (harmful or failed >= MOST_FAILED):
        return None
    why = "it made things worse" if harmful else f"it did not help {failed} times"
    return LEVELS[LEVELS.index(level) - 1], why


def step_up(level: Level, tally: Tally) -> tuple[Level, str] | None:
    """The level that it has earned, and by what; None where it has not, or there is no higher one.

    In shadow nothing is done, so that only what people say of its decisions can speak for it.
    """
    if level == LEVELS[-1] or tally.failed or tally.harmful:
        return None
    higher = LEVELS[LEVELS.index(level) + 1]
    if not supported(higher, tally.agreed, tally.cases):
        return None
    if level == "approve" and tally.helped < NEEDED:
        return None
    helped = f"it helped {tally.helped} times and failed never, " if level == "approve" else ""
    return higher, helped + share_in_words(tally.agreed, tally.cases)


def wanting(level: Level, tally: Tally) -> str:
    """What a step up from this level still takes, for people; empty where it takes nothing, or there is none."""
    if level == LEVELS[-1] or step_up(level, tally):
        return ""
    higher = LEVELS[LEVELS.index(level) + 1]
    if tally.failed or tally.harmful:
        return f"it failed or did harm {tally.failed + tally.harmful} times in 30 days"
    cases = missing(higher, tally.agreed, tally.cases)
    outcomes = NEEDED - tally.helped if level == "approve" else 0
    wanted = [f"{cases} more cases in which people agree"] if cases else []
    wanted += [f"{outcomes} more outcomes that helped"] if outcomes > 0 else []
    return f"for {higher}: {' and '.join(wanted)}"


def agreement_counts_from(standing: Standing | None, now: datetime) -> datetime:
    """Since when cases count: a level that was set anew starts anew."""
    oldest = now - AGREEMENT_BACK
    return max(standing.at, oldest) if standing else oldest


def take_back(services: Services, key: str) -> None:
    """After a verdict: lower the level where this outcome calls for it, and tell people. Called again for the same one,
    it does nothing.

    Raises StoreError.
    """
    entry = services.ledger.get(key)
    if services.autonomy is None or entry is None or not _speaks_against(entry):
        return
    standing = services.autonomy.of(entry.call.name, entry.problem)
    if standing and standing.cause == key:
        return
    now = services.clock.now()
    step = step_back(level_of(standing), _verdicts(services, entry, counts_from(standing, now)))
    if step is None:
        return
    level, why = step
    lowered = Standing(
        action=entry.call.name,
        problem=entry.problem,
        level=level,
        actor="agent",
        reason=why,
        at=now,
        cause=key,
    )
    # Before it stands: a process that dies in between judges again, and finds the message queued.
    services.outbox.queue(message(lowered, entry.incident_id, now))
    services.autonomy.put(lowered, incident_id=entry.incident_id)
    words = f"{entry.call.name} for {entry.problem} is taken back to {level}: {why}"
    services.incidents.note(entry.incident_id, "autonomy", words)


def _speaks_against(entry: LedgerEntry) -> bool:
    ours = not entry.undo_of and entry.problem not in BY_PEOPLE
    return ours and entry.verdict in ("REGRESSED", "NOT_RECOVERED")


def limits_with_levels(services: Services) -> PolicySettings:
    """The limits in force with the levels that stand as ceilings: all that a decision made elsewhere needs of them."""
    standing = services.autonomy.all() if services.autonomy else []
    ceilings = [AutonomyCeiling(action=s.action, problem=s.problem, level=s.level) for s in standing]
    return services.policy.model_copy(update={"autonomy": (*services.policy.autonomy, *ceilings)})


def _verdicts(services: Services, entry: LedgerEntry, since: datetime) -> Sequence[str]:
    """Of this action for this class since then; this one counts whenever it was begun."""
    others = services.ledger.since(since, problem=entry.problem)
    counted = [e for e in others if e.call.name == entry.call.name and not e.undo_of and e.key != entry.key]
    return [entry.verdict, *(other.verdict for other in counted)]
