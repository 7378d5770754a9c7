"""How much confidence was worth on stored incidents: by bins, and above and below a threshold as it moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.agreement import lower_bound, upper_bound
from server.calibration_report import trials_of
from server.evaluate import find_cases
from server.evaluation_jobs import Plan, scored
from server.notebook.stopping import Stop, told
from server.notebook.tables import Table
from server.reliability import BINS, Trial, by_bin, reliability, sides
from tools.past_runs import PastRun

ADVICE = "Set BUNDLES in the first cell to a folder of stored incidents that have an expected.yaml."
TITLES = {
    "sums": "The sum of its parts",
    "shipped": "As it is shipped",
    "held_out": "By a table that has not seen them",
}
NO_BUNDLES = "BUNDLES is not set."
NO_CONFIDENCE = "None of these incidents has a decision with a confidence."
NO_MARKS = "Nobody has marked a decision right or wrong yet: that is done on an incident's page."
WHAT = ("decisions", "right", "share right", "interval (95 %)")
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Those that the table tells of; the plot has all."""


@dataclass(frozen=True)
class Judged:
    """Decisions of which it is known whether they were right."""

    title: str
    trials: Sequence[Trial]
    nothing: str
    """What is said where there are none."""


@dataclass(frozen=True)
class Counted:
    """Decisions of which some were right."""

    n: int
    right: int

    @property
    def share(self) -> float | None:
        """None where there is none to be right."""
        return self.right / self.n if self.n else None

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the share."""
        return lower_bound(self.right, self.n), upper_bound(self.right, self.n)

    @property
    def cells(self) -> tuple[object, ...]:
        """n, right, share and interval, for a table."""
        low, high = self.bounds
        between = f"{low:.2f} to {high:.2f}" if self.n else ""
        return (self.n, self.right, "" if self.share is None else f"{self.share:.2f}", between)


@dataclass(frozen=True)
class Bin(Counted):
    """Decisions of about the same confidence."""

    number: int
    mean: float
    """Of their confidences."""

    @property
    def name(self) -> str:
        """Its ends."""
        return f"{self.number / BINS:.1f} to {(self.number + 1) / BINS:.1f}"


@dataclass(frozen=True)
class Cut:
    """A threshold, with what is at or above it and what is below."""

    threshold: float
    above: Counted
    below: Counted


def judged(bundles: str) -> dict[str, Judged]:
    """What `sre-agent evaluate DIR --calibrate DIR` judges on the stored incidents below this folder, by the names of
    its report: `sums`, `shipped`, `held_out`. Empty ones where no folder is named. Raises Stop.
    """
    if not bundles:
        return {name: Judged(title, (), NO_BUNDLES) for name, title in TITLES.items()}
    with told(ADVICE):
        found = list(scored(find_cases([Path(bundles).expanduser()]), Plan(), jobs=1))
    if failed := [f"{case.id}: {case.error}" for case in found if case.error]:
        raise Stop("\n".join(("These could not be decided, so that nothing is judged:", *failed, ADVICE)))
    trials = trials_of(found, found)
    return {name: Judged(title, trials[name], NO_CONFIDENCE) for name, title in TITLES.items()}


def marked(runs: Iterable[PastRun]) -> Judged:
    """The decisions of a record that a person has marked, by the newest mark."""
    known = [run for run in runs if run.marks and run.confidence is not None]
    trials = [Trial(run.confidence or 0.0, run.marks[-1] == "right") for run in known]
    return Judged("Decisions that people marked", trials, NO_MARKS)


def bins(trials: Sequence[Trial]) -> list[Bin]:
    """Those that hold any, the least sure first."""
    return [
        Bin(
            len(each),
            sum(trial.accepted for trial in each),
            number,
            sum(trial.confidence for trial in each) / len(each),
        )
        for number, each in by_bin(trials).items()
    ]


def cut(trials: Sequence[Trial], threshold: float) -> Cut:
    """Both sides of it."""
    above, below = sides(trials, threshold)
    return Cut(threshold, _counted(above), _counted(below))


def cuts(trials: Sequence[Trial]) -> list[Cut]:
    """At each confidence that occurs, at 0 and at 1, rising: what holds at one holds since the one before."""
    return [cut(trials, threshold) for threshold in sorted({0.0, 1.0, *(each.confidence for each in trials)})]


def headed(judged: Judged) -> str:
    """Its title, with how far confidence and what was right are apart."""
    return f"{judged.title}: off by {reliability(judged.trials)[1]:.3f} (ECE), n = {len(judged.trials)}"


def by_confidence(judged: Judged) -> Table:
    """Each bin with its mean confidence and the share that was right: equal ones are what is wanted."""
    if not judged.trials:
        return nothing_of(judged)
    rows = [(one.name, f"{one.mean:.2f}", *one.cells) for one in bins(judged.trials)]
    return Table(headed(judged), ("confidence", "mean", *WHAT), rows)


def by_threshold(judged: Judged) -> Table:
    """How many decisions are on either side of some thresholds, and how many of them were right."""
    if not judged.trials:
        return nothing_of(judged)
    heads = ("threshold", *(f"{side}: {what}" for side in ("at or above", "below") for what in WHAT))
    rows = [_sides(judged.trials, threshold) for threshold in THRESHOLDS]
    return Table(f"{judged.title}: on either side of a threshold", heads, rows)


def nothing_of(judged: Judged) -> Table:
    """Says so."""
    return Table(judged.title, (), [], judged.nothing)


def _sides(trials: Sequence[Trial], threshold: float) -> tuple[object, ...]:
    both = cut(trials, threshold)
    return (f"{threshold:g}", *both.above.cells, *both.below.cells)


def _counted(trials: Sequence[Trial]) -> Counted:
    return Counted(len(trials), sum(trial.accepted for trial in trials))
