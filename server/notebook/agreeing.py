"""Where the agent and people agree: as counts, as a table and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.agreement import BOUND, Agreement, agreements, upper_bound
from server.agreement_report import cases_that_count
from server.notebook.opening import Opened
from server.notebook.plot import BLUE, GREY, ORANGE, Plot, explained_below
from server.notebook.tables import Table
from tools.agreement_cases import Case
from tools.past_runs import past_runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "What it would have done, and what people did"
NOBODY = "Nobody has said or done anything yet about what it decided: mark decisions right or wrong on their pages."
MOST = 25
"""Lines of the plot; the table has all."""


@dataclass(frozen=True)
class Agreed:
    """One action, or nothing, for one problem class."""

    action: str
    problem: str
    counted: Agreement

    @property
    def share(self) -> float:
        """Of the cases that say something; 0 without any."""
        return self.counted.agreed / self.counted.cases if self.counted.cases else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share."""
        return self.counted.bound, upper_bound(self.counted.agreed, self.counted.cases)


def agreed(records: Sequence[Opened]) -> list[Agreed]:
    """By action and problem class in how many cases people did what the agent would have done, most cases first.

    As `sre-agent agreement` would have told it at each record's newest decision. Raises StoreError.
    """
    found = agreements(case for record in records for case in _known(record))
    rows = [Agreed(action or "(nothing)", problem, each) for (action, problem), each in found.items()]
    return sorted(rows, key=lambda each: (-each.counted.cases, each.action, each.problem))


def agreement_table(found: Sequence[Agreed]) -> Table:
    """Every pair, those too of which nobody has said anything."""
    heads = ("action", "problem", "cases", "agreed", "share", "interval (95 %)", "nobody spoke")
    return Table(TITLE, heads, [_row(each) for each in found], NOBODY)


def agreement_plot(found: Sequence[Agreed]) -> Plot | Table:
    """The share of each pair with its interval, beside what a step of autonomy takes."""
    spoken = [each for each in found if each.counted.cases]
    if not spoken:
        return Table(TITLE, (), [], NOBODY)
    shown = spoken[:MOST]
    told = f"{TITLE}: {len(shown)} of {len(spoken)} lines, those with most cases"
    return Plot(told, lambda figure: _draw(figure, shown), (8.0, 2.0 + 0.5 * len(shown)))


def _draw(figure: Figure, shown: Sequence[Agreed]) -> None:
    axes = figure.subplots()
    for line, each in enumerate(shown):
        low, high = each.bounds
        axes.plot([low, high], [line, line], color=BLUE, linewidth=2)
        axes.plot([low], [line], color=BLUE, marker="|", markersize=12, markeredgewidth=2)
        axes.plot([each.share], [line], color=BLUE, marker="o", markersize=7)
        axes.text(1.04, line, f"{each.counted.agreed} of {each.counted.cases}", va="center")
    _steps(axes)
    explained_below(figure)
    axes.set_yticks(range(len(shown)), [f"{each.action}\n{each.problem}" for each in shown])
    axes.set(xlim=(-0.02, 1.02), ylim=(len(shown) - 0.4, -0.6), title=TITLE)
    axes.set_xlabel("share of cases in which people agreed (dot), 95 % Wilson interval (line)")


def _steps(axes: Axes) -> None:
    for (level, bound), style, colour in zip(BOUND.items(), (":", "--"), (GREY, ORANGE), strict=True):
        told = f"bound for {level}: {bound:g}"
        axes.axvline(bound, color=colour, linestyle=style, linewidth=1.2, zorder=0, label=told)


def _known(record: Opened) -> list[Case]:
    decided = [run.decided_at for run in past_runs(record.database) if run.decided_at]
    return cases_that_count(record.database, max(decided)) if decided else []


def _row(each: Agreed) -> tuple[object, ...]:
    counted, (low, high) = each.counted, each.bounds
    told = (f"{each.share:.2f}", f"{low:.2f} to {high:.2f}") if counted.cases else ("", "")
    return (each.action, each.problem, counted.cases, counted.agreed, *told, counted.undecided)
