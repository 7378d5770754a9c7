"""Counts in a grid: the darker, the more, and each with its number, so that no colour has to be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from server.notebook.plot import Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW = 4
"""So many are pale where there are never more."""
LEVEL = 6
"""Names of columns up to this number are written level, more of them aslant."""


@dataclass(frozen=True)
class Grid:
    """How many there are of each row in each column."""

    rows: Sequence[str]
    columns: Sequence[str]
    counts: Sequence[Sequence[int]]


def grid_plot(title: str, grid: Grid, across: str = "", down: str = "") -> Plot:
    """`across` and `down` say what columns and rows are. A grid without rows has no plot: ask before."""
    longest = max(map(len, grid.rows))
    width = max(5.0, 1.2 + 0.085 * longest + (1.1 if len(grid.columns) <= LEVEL else 0.5) * len(grid.columns))
    height = 1.6 + 0.34 * len(grid.rows)
    return Plot(title, lambda figure: _draw(figure, title, grid, (across, down)), (width, height))


def _draw(figure: Figure, title: str, grid: Grid, names: tuple[str, str]) -> None:
    axes = figure.subplots()
    most = max(FEW, *(max(row) for row in grid.counts))
    axes.imshow(grid.counts, cmap="Blues", vmin=0, vmax=most * 1.25, aspect="auto")
    for down, row in enumerate(grid.counts):
        for across, count in enumerate(row):
            if count:
                colour = "white" if count > most * 0.75 else "black"
                axes.text(across, down, str(count), ha="center", va="center", color=colour)
    for line in range(1, len(grid.rows)):
        axes.axhline(line - 0.5, color="white")
    for line in range(1, len(grid.columns)):
        axes.axvline(line - 0.5, color="white")
    slant: dict[str, Any] = (
        {} if len(grid.columns) <= LEVEL else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    )
    axes.set_xticks(range(len(grid.columns)), grid.columns, **slant)
    axes.set_yticks(range(len(grid.rows)), grid.rows)
    axes.set(title=title, xlabel=names[0], ylabel=names[1])
