"""The report of agreement: per action and problem class what people did, what that supports, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from graph.agreement import BOUND, LEAST, MOST_OF_ONE, Agreement, agreements, percent
from graph.autonomy import AGREEMENT_BACK, BY_PEOPLE, LOOK_BACK, NEEDED
from graph.policy import PolicySettings
from server.autonomy_levels import LevelRow, level_rows, raised
from server.settings import Settings
from tools.actions import REGISTRY
from tools.agreement_cases import Case, cases
from tools.autonomy import Autonomy, SqlAutonomy
from tools.clock import SystemClock
from tools.database import Database
from tools.ledger import ActionLedger, SqlLedger
from tools.records import LEVELS, Level, Record

RULE = (
    f"An incident is one case, at most {MOST_OF_ONE} of one workload. "
    f"A step to approve takes {LEAST['approve']} cases and a lower bound of agreement (Wilson, 95 %) of "
    f"{percent(BOUND['approve'])} %; one to auto {LEAST['auto']} cases, {percent(BOUND['auto'])} %, "
    f"{NEEDED} outcomes that helped and none that did not. Only a person takes it."
)


class AgreementRow(Record):
    """One action, or nothing, for one problem class."""

    action: str
    """Empty: it would have done nothing."""
    problem: str
    agreement: Agreement
    cases: int
    lower_bound: float
    level: Level = "auto"
    """How far it may go now: the narrowest of mode, level and ceiling."""
    proposed: Level | None = None
    """The step that the numbers support."""
    why: str = ""
    """What speaks for it, or what is missing."""


def agreement_rows(
    autonomy: Autonomy,
    ledger: ActionLedger,
    known: Sequence[Case],
    policy: PolicySettings,
    now: datetime,
) -> list[AgreementRow]:
    """By action and problem class; what it would have done before what it would have left alone. Raises StoreError."""
    levels = {(row.action, row.problem): row for row in level_rows(autonomy, ledger, known, policy, now)}
    counted = agreements(known)
    with_action = [_row(pair, each, levels.get(pair), policy) for pair, each in counted.items() if pair[0]]
    return with_action + [_row(pair, each, None, policy) for pair, each in counted.items() if not pair[0]]


def _row(
    pair: tuple[str, str], counted: Agreement, stands: LevelRow | None, policy: PolicySettings
) -> AgreementRow:
    row = AgreementRow(
        action=pair[0],
        problem=pair[1],
        agreement=counted,
        cases=counted.cases,
        lower_bound=round(counted.bound, 3),
    )
    if stands is None:
        return row
    level: Level = min(policy.mode, stands.level, key=LEVELS.index)
    action = REGISTRY.get(pair[0])
    if level == "approve" and (action is None or action.risk != "medium"):
        why = "always asks a person: its risk is high"
        return row.model_copy(update={"level": level, "why": why})
    step, why = raised(level, stands.tally)
    return row.model_copy(update={"level": level, "proposed": step, "why": why})


def as_json(rows: Sequence[AgreementRow]) -> dict[str, Any]:
    """For `GET /agreement` and `--json`."""
    return {
        "days": AGREEMENT_BACK.days,
        "days_of_outcomes": LOOK_BACK.days,
        "rule": RULE,
        "rows": [row.model_dump(mode="json") for row in rows],
    }


def as_text(rows: Sequence[AgreementRow]) -> str:
    """A table for a terminal, with the rule below it."""
    if not rows:
        return f"Nothing was decided in the last {AGREEMENT_BACK.days} days.\n{RULE}"
    head = ("action", "problem", "agreed", "bound", "now", "proposed")
    table = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    notes = [f"{row.action} for {row.problem}: {row.why}" for row in rows if row.why]
    return "\n".join([*lines, "", *notes, RULE])


def _cells(row: AgreementRow) -> tuple[str, ...]:
    some = f"{row.agreement.agreed} of {row.cases}"
    level = row.level if row.action else ""
    return (
        row.action or "(nothing)",
        row.problem,
        some,
        f"{percent(row.lower_bound)} %",
        level,
        row.proposed or "",
    )


def cases_that_count(database: Database, now: datetime) -> list[Case]:
    """Those of the report's window, without what people asked for themselves. Raises StoreError."""
    return cases(database, now - AGREEMENT_BACK, without=BY_PEOPLE)


def read(settings: Settings) -> list[AgreementRow]:
    """From the record, beside a running agent. Raises StoreError."""
    clock = SystemClock()
    now = clock.now()
    with closing(Database.open(settings.database_url)) as database:
        known = cases_that_count(database, now)
        return agreement_rows(
            SqlAutonomy(database), SqlLedger(database, clock), known, settings.policy(), now
        )
