"""Plots of what would change: from which route to which, and in which classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, product
from typing import TYPE_CHECKING, TypeAlias

from server.notebook.changes import Pair
from server.notebook.grid_plot import Grid, grid_plot
from server.notebook.overview import NONE
from server.notebook.plot import ORANGE, PALE, Plot, explained_below
from server.notebook.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROUTES = ("act", "ask", "notify", "ignore")
"""From the freest on."""
MOST = 25
"""Classes that are drawn."""
Class: TypeAlias = tuple[str, int, int]
"""Its name, how many of its decisions would change, and how many there are."""


def route_grid(pairs: Sequence[Pair]) -> Grid:
    """How many decisions go from which route to which."""
    found = Counter((str(pair.now.get("route")), str(pair.tried.get("route"))) for pair in pairs)
    routes = sorted({route for both in found for route in both}, key=_freest_first)
    return Grid(routes, routes, [[found[now, tried] for tried in routes] for now in routes])


def routes_plot(pairs: Sequence[Pair]) -> Plot:
    """On the diagonal the route stays as it is."""
    return grid_plot(
        f"Routes of decisions, n = {len(pairs)}",
        route_grid(pairs),
        across="by what is tried",
        down="as it is now",
    )


def routes_table(pairs: Sequence[Pair]) -> Table:
    """The same as rows."""
    grid = route_grid(pairs)
    counts = zip(product(grid.rows, grid.columns), chain(*grid.counts), strict=True)
    rows = [(now, tried, n, "" if now == tried else "another") for (now, tried), n in counts if n]
    return Table("Routes", ("as it is now", "by what is tried", "decisions", ""), rows)


def by_class(pairs: Sequence[Pair]) -> list[Class]:
    """The classes as they are found now, those with most changes first."""
    every = Counter(_problem(pair) for pair in pairs)
    changed = Counter(_problem(pair) for pair in pairs if pair.changed)
    return sorted(
        ((name, changed[name], n) for name, n in every.items()),
        key=lambda each: (-each[1], -each[2], each[0]),
    )


def class_table(pairs: Sequence[Pair]) -> Table:
    """How many decisions of each class would change."""
    return Table("By problem class", ("problem", "would change", "decisions"), by_class(pairs))


def class_plot(pairs: Sequence[Pair]) -> Plot | Table:
    """The same as bars, without the classes that all stay as they are."""
    changed = [each for each in by_class(pairs) if each[1]]
    if not changed:
        return Table("By problem class", (), [], "No class has a decision that would change.")
    shown = changed[:MOST]
    title = f"Decisions that would change: {sum(each[1] for each in changed)} of {len(pairs)}"
    return Plot(title, lambda figure: _bars(figure, title, shown), (8.0, 1.9 + 0.34 * len(shown)))


def _freest_first(route: str) -> tuple[int, str]:
    return (ROUTES.index(route) if route in ROUTES else len(ROUTES), route)


def _problem(pair: Pair) -> str:
    return pair.now.get("problem") or NONE


def _bars(figure: Figure, title: str, shown: Sequence[Class]) -> None:
    axes = figure.subplots()
    lines = range(len(shown))
    changed, every = [each[1] for each in shown], [each[2] for each in shown]
    axes.barh(lines, every, color=PALE, label="decisions of the class")
    axes.barh(lines, changed, height=0.5, color=ORANGE, label="would change")
    for line, (_, some, n) in zip(lines, shown, strict=True):
        axes.text(n, line, f" {some} of {n}", va="center")
    axes.set_yticks(lines, [name for name, _, _ in shown])
    axes.set(title=title, xlabel="decisions", ylim=(len(shown) - 0.4, -0.6))
    axes.locator_params(axis="x", integer=True)
    axes.margins(x=0.12)
    explained_below(figure)
