"""How much confidence was worth on stored incidents, and where the agent and people agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graph.agreement import Agreement, agreements
from server.agreement_report import cases_that_count
from server.calibration_report import calibration_report
from server.evaluate import find_cases
from server.evaluation_jobs import Plan, scored
from server.notebook.opening import Opened
from server.notebook.stopping import Stop, told
from server.notebook.tables import Table
from tools.agreement_cases import Case
from tools.past_runs import past_runs

BAR = 40
"""Characters of a full bar."""
ADVICE = "Set BUNDLES in the first cell to a folder of stored incidents that have an expected.yaml."


def judged(bundles: str) -> dict[str, Any]:
    """What `sre-agent evaluate DIR --calibrate DIR` reports of the stored incidents below this folder. Raises Stop."""
    with told(ADVICE):
        found = list(scored(find_cases([Path(bundles).expanduser()]), Plan(), jobs=1))
    if failed := [f"{case.id}: {case.error}" for case in found if case.error]:
        raise Stop("\n".join(("These could not be decided, so that nothing is judged:", *failed, ADVICE)))
    return calibration_report(found, found)


def plotted(title: str, judgement: Mapping[str, Any]) -> Table:
    """Each bin with its mean confidence and the share that was right, as bars: equal ones are what is wanted."""
    rows = [
        (one["bin"], one["n"], _bar(one["mean_confidence"]), _bar(one["accuracy"]))
        for one in judgement["bins"]
        if one["n"]
    ]
    return Table(f"{title}: off by {judgement['ece']:.3f} (ECE)", ("bin", "n", "confidence", "right"), rows)


def agreed(records: Sequence[Opened]) -> Table:
    """By action and problem class: in how many cases people did what the agent would have done.

    As `sre-agent agreement` would have told it at each record's newest decision.
    """
    found = agreements(case for record in records for case in _known(record))
    rows = [_agreement(*entry) for entry in _most_first(found.items())]
    heads = ("action", "problem", "cases", "agreed", "at least")
    return Table(
        "What it would have done, and what people did", heads, rows, "Nobody has said or done anything yet."
    )


def _known(record: Opened) -> list[Case]:
    decided = [run.decided_at for run in past_runs(record.database) if run.decided_at]
    return cases_that_count(record.database, max(decided)) if decided else []


def _most_first(
    found: Iterable[tuple[tuple[str, str], Agreement]],
) -> list[tuple[tuple[str, str], Agreement]]:
    return sorted(found, key=lambda entry: (-entry[1].cases, entry[0]))


def _agreement(pair: tuple[str, str], counted: Agreement) -> tuple[object, ...]:
    share = counted.agreed / counted.cases if counted.cases else 0.0
    return (pair[0] or "none", pair[1], counted.cases, _bar(share), f"{counted.bound:.0%}")


def _bar(share: float) -> str:
    return f"{'█' * round(share * BAR):<{BAR}} {share:.2f}"
