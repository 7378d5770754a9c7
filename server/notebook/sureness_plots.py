"""Plots of confidence: against what was right, how it is spread, and what a threshold would let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from graph.policy import PolicySettings
from server.notebook.plot import BLUE, GREEN, GREY, ORANGE, PALE, Plot, explained_below
from server.notebook.sureness import Bin, Counted, Cut, Judged, bins, cut, cuts, headed, nothing_of
from server.notebook.tables import Table
from server.reliability import BINS, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THRESHOLD = PolicySettings().confidence_threshold
"""From which on it may act without a person, as it is shipped."""
NONE = float("nan")
"""Where there is nothing to draw."""
BARS = 20
"""Of the histogram, each 0.05 wide."""


def reliability_diagram(judged: Judged) -> Plot | Table:
    """Each bin's mean confidence against the share that was right, with count and 95 % Wilson interval."""
    if not judged.trials:
        return nothing_of(judged)
    head, found = headed(judged), bins(judged.trials)
    return Plot(head, lambda figure: _reliability(figure, head, found), (7.5, 5.2))


def confidence_histogram(judged: Judged, threshold: float = THRESHOLD) -> Plot | Table:
    """How many decisions have which confidence, right and wrong ones apart."""
    if not judged.trials:
        return nothing_of(judged)
    both = cut(judged.trials, threshold)
    head = f"{judged.title}: {both.above.n} at or above {threshold:g}, {both.below.n} below"
    return Plot(head, lambda figure: _histogram(figure, head, judged.trials, threshold))


def threshold_curves(judged: Judged, threshold: float = THRESHOLD) -> Plot | Table:
    """How many decisions a threshold lets through, and how many of those and of the others are right."""
    if not judged.trials:
        return nothing_of(judged)
    both = cut(judged.trials, threshold)
    sides = (
        f"{side.right} of {side.n} {where}"
        for side, where in ((both.above, f"at or above {threshold:g}"), (both.below, "below"))
    )
    head = f"{judged.title}: right {', '.join(sides)}"
    return Plot(head, lambda figure: _curves(figure, head, cuts(judged.trials), threshold), (7.5, 4.6))


def _reliability(figure: Figure, head: str, found: Sequence[Bin]) -> None:
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="as sure as it should be")
    for one in found:
        _bin(axes, one)
    axes.set_xticks([number / BINS for number in range(BINS + 1)])
    axes.set_yticks([number / BINS for number in range(0, BINS + 1, 2)])
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.18), title=head)
    axes.set(xlabel="mean confidence of the bin", ylabel="share that was right")
    explained_below(figure, 3)


def _bin(axes: Axes, one: Bin) -> None:
    share, (low, high) = one.right / one.n, one.bounds
    told = "decisions of one bin, 95 % interval" if not axes.containers else None
    # of a share of 0 or 1 the interval may begin a rounding error beyond it
    ends = ([max(0.0, share - low)], [max(0.0, high - share)])
    axes.errorbar([one.mean], [share], yerr=ends, color=BLUE, marker="o", capsize=4, label=told)
    place = ((one.number + 0.5) / BINS, 1.04)
    axes.text(*place, f"{one.right}\nof {one.n}", ha="center", fontsize=9)


def _histogram(figure: Figure, head: str, trials: Sequence[Trial], threshold: float) -> None:
    axes = figure.subplots()
    right, wrong = (_bars(trials, accepted) for accepted in (True, False))
    places = [(number + 0.5) / BARS for number in range(BARS)]
    width = 0.9 / BARS
    axes.bar(places, right, width, color=BLUE, label="right")
    axes.bar(places, wrong, width, bottom=right, color=ORANGE, hatch="///", edgecolor="white", label="wrong")
    for place, one, other in zip(places, right, wrong, strict=True):
        if one + other:
            axes.text(place, one + other, str(one + other), ha="center", va="bottom")
    _marked(axes, threshold)
    axes.set(xlim=(0, 1), title=head, xlabel="confidence", ylabel="decisions")
    axes.margins(y=0.12)
    axes.locator_params(axis="y", integer=True)
    explained_below(figure, 3)


def _bars(trials: Iterable[Trial], accepted: bool) -> list[int]:
    found = Counter(
        min(BARS - 1, int(trial.confidence * BARS)) for trial in trials if trial.accepted is accepted
    )
    return [found[number] for number in range(BARS)]


def _curves(figure: Figure, head: str, moved: Sequence[Cut], threshold: float) -> None:
    axes = figure.subplots()
    at, total = [each.threshold for each in moved], moved[0].above.n
    low, high = ([each.above.bounds[end] if each.above.n else NONE for each in moved] for end in (0, 1))
    axes.fill_between(at, low, high, step="pre", color=BLUE, alpha=0.15, linewidth=0)
    through = [each.above.n / total for each in moved]
    _stepped(axes, at, through, (GREEN, ":"), "share at or above the threshold")
    above = [_height(each.above) for each in moved]
    _stepped(axes, at, above, (BLUE, "-"), "right of those at or above it (95 % interval)")
    below = [_height(each.below) for each in moved]
    _stepped(axes, at, below, (ORANGE, "--"), "right of those below it")
    _marked(axes, threshold)
    axes.set(xlim=(0, 1), ylim=(-0.03, 1.05), title=head, xlabel="threshold", ylabel="share of decisions")
    explained_below(figure)


def _height(counted: Counted) -> float:
    return NONE if counted.share is None else counted.share


def _stepped(
    axes: Axes, at: Sequence[float], heights: Sequence[float], ink: tuple[str, str], told: str
) -> None:
    """Up to each threshold the height holds that is told there."""
    axes.plot(at, heights, color=ink[0], linestyle=ink[1], linewidth=2, drawstyle="steps-pre", label=told)


def _marked(axes: Axes, threshold: float) -> None:
    told = f"may act alone from {threshold:g}"
    axes.axvline(threshold, color=GREY, linestyle="-.", linewidth=1.2, label=told)
