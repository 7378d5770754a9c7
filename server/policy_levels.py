"""`sre-agent policy levels`: how far each action may go by itself, read from the record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from server.agreement_report import cases_that_count
from server.autonomy_levels import LevelRow, level_rows
from server.settings import Settings
from tools.autonomy import SqlAutonomy
from tools.clock import SystemClock
from tools.database import Database
from tools.ledger import SqlLedger


def levels_of(settings: Settings) -> list[LevelRow]:
    """As `/autonomy` has them. Raises StoreError."""
    clock = SystemClock()
    now = clock.now()
    with closing(Database.open(settings.database_url)) as database:
        said = cases_that_count(database, now)
        return level_rows(SqlAutonomy(database), SqlLedger(database, clock), said, settings.policy(), now)


def as_text(rows: Sequence[LevelRow]) -> str:
    """A paragraph each."""
    if not rows:
        return "Nothing was done, judged or set yet: every action may go as far as the mode lets it."
    return "\n".join(line for row in rows for line in _lines(row))


def _lines(row: LevelRow) -> list[str]:
    tally = row.tally
    told = f"helped {tally.helped}, failed {tally.failed}, harmful {tally.harmful}"
    lines = [
        f"{row.action} for {row.problem}: {row.level}",
        f"  last 30 days: {told}; last 90: people agreed {tally.agreed}, disagreed {tally.disagreed},"
        f" did without {tally.not_needed}",
    ]
    if row.at:
        lines.append(f"  set by {row.actor} at {row.at:%Y-%m-%d %H:%M} UTC: {row.reason}")
    if row.ceiling != "auto":
        lines.append(f"  at most {row.ceiling} by POLICY_FILE")
    if row.earned:
        lines.append(f"  earned {row.earned.level}: {row.earned.why}")
    if row.wanting:
        lines.append(f"  missing {row.wanting}")
    return lines
