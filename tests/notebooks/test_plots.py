"""What the plots hold: points, counts and names; how they look is for people."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes

from graph.agreement import Agreement, lower_bound, upper_bound
from server.notebook.agreeing import MOST, Agreed, agreement_plot, agreement_table
from server.notebook.changed_plots import (
    by_class,
    class_plot,
    class_table,
    route_grid,
    routes_plot,
    routes_table,
)
from server.notebook.changes import Pair
from server.notebook.grid_plot import Grid, grid_plot
from server.notebook.over_time import CLASSES, COLUMNS, OTHERS, over_time, per_class, step_of, when
from server.notebook.plot import MISSING, Plot
from server.notebook.sureness import Judged, bins, by_confidence, by_threshold, cuts, marked
from server.notebook.sureness_plots import confidence_histogram, reliability_diagram, threshold_curves
from server.notebook.tables import Table
from server.reliability import Trial
from tests.notebooks.test_tables import BEGAN, run

SIGNATURE = b"\x89PNG"


def judged(*trials: tuple[float, bool]) -> Judged:
    """Decisions with this confidence, right or wrong."""
    return Judged("Some", [Trial(*each) for each in trials], "None here.")


SOME = judged(*repeat((0.95, True), 9), (0.95, False), *repeat((0.65, True), 2), *repeat((0.65, False), 2))


def axes_of(plot: object) -> Axes:
    """Of its figure."""
    assert isinstance(plot, Plot)
    (axes,) = plot.figure().axes
    return axes


def written(axes: Axes) -> list[str]:
    """Every text in it but those of its edges."""
    return [text.get_text() for text in axes.texts]


def named(axes: Axes) -> list[str]:
    """Of its vertical axis."""
    return [label.get_text() for label in axes.get_yticklabels()]


def explained(plot: Plot) -> list[str]:
    """Of its legend."""
    return [text.get_text() for legend in plot.figure().legends for text in legend.get_texts()]


def test_the_interval_has_an_upper_end_too() -> None:
    """As far from 1 as the lower end of what was not agreed is from 0; without cases anything may be."""
    assert (round(lower_bound(9, 10), 3), round(upper_bound(9, 10), 3)) == (0.596, 0.982)
    assert (upper_bound(5, 5), upper_bound(0, 0)) == (1.0, 1.0)


def test_a_reliability_diagram_has_a_dot_for_each_bin() -> None:
    """At its mean confidence and its share, with interval and count; what is never decided has none."""
    axes = axes_of(reliability_diagram(SOME))
    assert axes.get_title(loc="left") == "Some: off by 0.079 (ECE), n = 14"
    dots = [bar.lines[0].get_xydata().tolist() for bar in axes.containers]
    assert dots == [[[0.65, 0.5]], [[0.95, 0.9]]]
    assert written(axes) == ["2\nof 4", "9\nof 10"]
    ends = axes.containers[1].lines[2][0].get_segments()[0][:, 1]
    assert ends.tolist() == pytest.approx([lower_bound(9, 10), upper_bound(9, 10)])
    assert axes.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]], "the diagonal"


@pytest.mark.parametrize("right", [True, False])
def test_a_bin_that_is_all_right_or_all_wrong_has_its_dot(right: bool) -> None:
    """Of 11 wrong ones the interval begins a rounding error above 0."""
    axes = axes_of(reliability_diagram(judged(*repeat((0.5, right), 11))))
    assert written(axes) == [f"{11 * right}\nof 11"]


def test_its_table_has_the_same_numbers() -> None:
    """Bin by bin."""
    table = by_confidence(SOME)
    assert list(table.rows) == [
        ("0.6 to 0.7", "0.65", 4, 2, "0.50", "0.15 to 0.85"),
        ("0.9 to 1.0", "0.95", 10, 9, "0.90", "0.60 to 0.98"),
    ]
    assert [(one.number, one.n, one.right) for one in bins(SOME.trials)] == [(6, 4, 2), (9, 10, 9)]


def test_a_histogram_tells_right_and_wrong_apart() -> None:
    """One on top of the other, with their sum; a threshold between them, and what is at it counts as above."""
    plot = confidence_histogram(judged((0.8, True), (0.8, False), (0.799, True), (0.35, False), (1.0, True)))
    axes = axes_of(plot)
    right, wrong = ([bar.get_height() for bar in bars] for bars in axes.containers)
    assert [(number, height) for number, height in enumerate(right) if height] == [(15, 1), (16, 1), (19, 1)]
    assert [(number, height) for number, height in enumerate(wrong) if height] == [(7, 1), (16, 1)]
    assert written(axes) == ["1", "1", "2", "1"]
    assert axes.get_title(loc="left") == "Some: 3 at or above 0.8, 2 below"
    assert isinstance(plot, Plot)
    assert "may act alone from 0.8" in explained(plot)


def test_curves_follow_the_threshold() -> None:
    """What passes it, and how many of that and of the rest are right; where there is nothing, no line."""
    found = cuts(SOME.trials)
    assert [(each.threshold, each.above.n, each.below.n) for each in found] == [
        (0.0, 14, 0),
        (0.65, 14, 0),
        (0.95, 10, 4),
        (1.0, 0, 14),
    ]
    plot = threshold_curves(SOME)
    axes = axes_of(plot)
    passed, above, below = ([round(float(y), 3) for y in line.get_ydata()] for line in axes.lines[:3])
    assert passed == [1.0, 1.0, 0.714, 0.0]
    assert above[:3] == [0.786, 0.786, 0.9]
    assert below[2:] == [0.5, 0.786]
    assert [each != each for each in (above[3], below[0])] == [True, True], "nan"
    assert axes.get_title(loc="left") == "Some: right 9 of 10 at or above 0.8, 2 of 4 below"


def test_a_table_tells_both_sides_of_a_threshold() -> None:
    """Where nothing is below, no share is made up."""
    rows = {row[0]: row[1:] for row in by_threshold(SOME).rows}
    assert rows["0.8"] == (10, 9, "0.90", "0.60 to 0.98", 4, 2, "0.50", "0.15 to 0.85")
    assert rows["0.6"][4:] == (0, 0, "", "")


def test_without_decisions_a_sentence_stands_in_place_of_a_plot() -> None:
    """It says why, and is not a picture of nothing."""
    for draw in (reliability_diagram, confidence_histogram, threshold_curves, by_confidence, by_threshold):
        assert repr(draw(judged())) == "Some\n  None here."


def test_the_newest_mark_of_a_decision_counts() -> None:
    """What nobody marked, or what was never decided, does not; a confidence of 0 is one."""
    runs = [
        run(confidence=0.9, marks=("wrong", "right")),
        run(confidence=0.0, marks=("wrong",)),
        run(marks=("wrong",)),
        run(confidence=0.5),
    ]
    assert marked(runs).trials == [Trial(0.9, True), Trial(0.0, False)]
    assert "Nobody has marked" in repr(reliability_diagram(marked(runs[2:])))


def agreed(action: str, problem: str, **counts: int) -> Agreed:
    """One line."""
    return Agreed(action, problem, Agreement(**counts))


def test_agreement_is_drawn_with_its_interval_and_its_count() -> None:
    """Beside the bounds of a step; a pair of which nobody spoke is in the table alone."""
    found = [
        agreed("rollback_deployment", "bad_release", agreed=9, disagreed=1),
        agreed("delete_pod", "stuck_pod", undecided=2),
    ]
    plot = agreement_plot(found)
    axes = axes_of(plot)
    assert named(axes) == ["rollback_deployment\nbad_release"]
    assert written(axes) == ["9 of 10"]
    assert axes.lines[0].get_xdata() == pytest.approx([lower_bound(9, 10), upper_bound(9, 10)])
    assert list(axes.lines[2].get_xdata()) == [0.9]
    assert isinstance(plot, Plot)
    assert explained(plot) == ["bound for approve: 0.5", "bound for auto: 0.8"]
    assert list(agreement_table(found).rows) == [
        ("rollback_deployment", "bad_release", 10, 9, "0.90", "0.60 to 0.98", 0),
        ("delete_pod", "stuck_pod", 0, 0, "", "", 2),
    ]
    assert repr(agreement_plot(found[1:])).endswith("mark decisions right or wrong on their pages.")


def test_more_lines_than_can_be_read_are_left_to_the_table() -> None:
    """And that is said."""
    found = [agreed("restart_deployment", f"class_{number}", agreed=1) for number in range(MOST + 5)]
    plot = agreement_plot(found)
    assert len(named(axes_of(plot))) == MOST
    assert f"{MOST} of {MOST + 5} lines" in repr(plot)


def test_incidents_are_counted_by_class_and_time() -> None:
    """The most frequent class first; a step in which nothing began has its place."""
    runs = [
        run(problem="stuck_pod"),
        run(problem="bad_release", began_at=BEGAN + timedelta(minutes=2)),
        run(problem="bad_release", began_at=BEGAN + timedelta(minutes=2, seconds=59)),
        run(),
    ]
    assert per_class(runs, "minute") == Grid(
        ["bad_release", "(none)", "stuck_pod"],
        ["01-05 12:00", "01-05 12:01", "01-05 12:02"],
        [[0, 0, 2], [1, 0, 0], [1, 0, 0]],
    )
    axes = axes_of(over_time(runs))
    assert axes.images[0].get_array().tolist() == [[0, 0, 2], [1, 0, 0], [1, 0, 0]]
    assert (named(axes), written(axes)) == (["bad_release", "(none)", "stuck_pod"], ["2", "1", "1"])
    assert list(when(runs).rows) == [
        ("01-05 12:00", 2, "(none) 1, stuck_pod 1"),
        ("01-05 12:02", 2, "bad_release 2"),
    ]


@pytest.mark.parametrize(
    ("days", "step"), [(0, "minute"), (1 / 48, "5 minutes"), (0.9, "hour"), (20, "day"), (150, "week")]
)
def test_the_step_of_time_fits_what_the_record_spans(days: float, step: str) -> None:
    """The shortest of which a page has room for all."""
    runs = [run(), run(began_at=BEGAN + timedelta(days=days))]
    assert step_of(runs) == step
    assert len(per_class(runs, step).columns) <= COLUMNS


def test_rare_classes_are_added_up() -> None:
    """None is lost."""
    runs = [run(problem=f"class_{number}") for number in range(CLASSES + 3)]
    grid = per_class(runs, step_of(runs))
    assert (len(grid.rows), grid.rows[-1], grid.counts[-1]) == (CLASSES, OTHERS, [4])


def test_a_record_without_incidents_has_no_empty_plot() -> None:
    """A sentence."""
    assert isinstance(over_time([]), Table)
    assert repr(when([])).endswith("No incident to count.")


def pair(problem: str, now: str, tried: str) -> Pair:
    """One decision by both."""
    return Pair("a", {"problem": problem, "route": now}, {"problem": problem, "route": tried})


def test_routes_are_counted_from_what_is_to_what_is_tried() -> None:
    """Rows are now, columns are tried, in the same order."""
    pairs = [pair("stuck_pod", "act", "ask"), pair("stuck_pod", "act", "act"), pair("", "ask", "ask")]
    assert route_grid(pairs) == Grid(["act", "ask"], ["act", "ask"], [[1, 1], [0, 1]])
    axes = axes_of(routes_plot(pairs))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("by what is tried", "as it is now")
    assert list(routes_table(pairs).rows) == [
        ("act", "act", 1, ""),
        ("act", "ask", 1, "another"),
        ("ask", "ask", 1, ""),
    ]
    assert by_class(pairs) == [("stuck_pod", 1, 2), ("(none)", 0, 1)]
    assert list(class_table(pairs).rows) == by_class(pairs)
    bars = axes_of(class_plot(pairs))
    assert (named(bars), written(bars)) == (["stuck_pod"], [" 1 of 2"])
    assert bars.get_title(loc="left") == "Decisions that would change: 1 of 3"
    assert repr(class_plot(pairs[1:])).endswith("No class has a decision that would change.")


def test_routes_stand_in_the_order_of_what_is_left_to_the_agent() -> None:
    """Not by their names; one that nobody knows comes last."""
    pairs = [pair("a", "ignore", "notify"), pair("a", "ask", "else"), pair("a", "act", "act")]
    assert route_grid(pairs).rows == ["act", "ask", "notify", "ignore", "else"]


def test_a_name_with_dollars_is_no_formula() -> None:
    """Whoever wrote it: it is drawn as it stands."""
    plot = grid_plot("$\\frac$", Grid(["$x", "$^$"], ["a"], [[1], [0]]))
    assert plot.png().startswith(SIGNATURE)


def test_in_a_notebook_it_is_a_picture_with_its_words() -> None:
    """As large as it was meant, whatever the dots of the screen."""
    plot = grid_plot("Two", Grid(["x"], ["a"], [[2]]))
    data, about = plot._repr_mimebundle_()
    assert isinstance(data["image/png"], bytes)
    assert data["image/png"].startswith(SIGNATURE)
    assert (data["text/plain"], repr(plot)) == ("Two", "Two")
    assert about == {"image/png": {"width": 480, "height": round(plot.inches[1] * 96)}}


def test_without_matplotlib_the_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    data, _ = grid_plot("Two", Grid(["x"], ["a"], [[2]]))._repr_mimebundle_()
    assert data == {"text/plain": f"Two\n{MISSING}"}


def test_where_no_home_can_be_written_it_draws_in_silence(tmp_path: Path) -> None:
    """And leaves nothing behind, no list of fonts either."""
    code = (
        "from server.notebook.grid_plot import *; print(len(grid_plot('t', Grid(['x'], ['a'], [[1]])).png()))"
    )
    kept: dict[str, Any] = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**kept, "HOME": os.devnull, "TMPDIR": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) > 1000
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []
