"""docs/decisions-quality.md: made from the evaluation, with first scores that are never made again."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from server.cli import main
from server.first_scores import FILE, FirstScore, read_first_scores, with_new
from server.publishing import batches
from server.quality_page import BEGIN, COUNTS, END, published
from server.report import Scored, summary
from server.scoring import Given, Score
from tests.server.stored import CORPUS
from tests.server.whole_corpus import BLIND, whole_corpus
from tools.bundle import BundleError

PAGE = CORPUS.parents[1] / "docs" / "decisions-quality.md"
ROW = re.compile(
    r"^\| `(?P<name>[^`]+)`(?P<which>, first score|, today|)[^|]*\| (?P<counts>[\d| ]+) \|$", re.MULTILINE
)
TODAY = date(2026, 12, 1)
pytestmark = pytest.mark.timeout(300)


def case(name: str, outcome: Any = "accepted") -> Scored:
    """A case that was run."""
    return Scored(name, None, Score(outcome, outcome == "accepted"), Given("notify", confidence=0.9))


def shown(which: str) -> dict[str, dict[str, int]]:
    """The counts that the page shows, by folder: of its first scores, or of today's."""
    text = PAGE.read_text(encoding="utf-8").partition("\n\n| Cases | expect")[0]
    rows = [row for row in ROW.finditer(text) if row["which"] == which]
    return {row["name"]: dict(zip(COUNTS, map(int, row["counts"].split(" | ")), strict=True)) for row in rows}


def first_scores() -> tuple[FirstScore, ...]:
    """What is kept of the blind batches."""
    kept = read_first_scores(BLIND)
    assert kept is not None
    return kept


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Scored]]:
    """All stored incidents by folder, as they are decided now."""
    corpus = whole_corpus(tmp_path_factory)
    blind = {f"tests/blind/{name}": cases for name, cases in batches(corpus.blind).items()}
    return {"tests/incidents": corpus.own, **blind}


def test_every_blind_batch_has_a_first_score_that_the_page_shows() -> None:
    """The bad ones too. A batch without one: `sre-agent evaluate tests/incidents tests/blind --publish` this page,
    before anything is mended for it.
    """
    there = {path.name for path in BLIND.iterdir() if path.is_dir()}
    assert {first.batch for first in first_scores()} == there
    for first in first_scores():
        assert shown(", first score")[f"tests/blind/{first.batch}"] == {
            name: getattr(first, name) for name in COUNTS
        }


def test_no_first_score_is_gone_or_better_than_it_was() -> None:
    """They are never made again: what is here must stay as it is, and new ones are added to it."""
    was = {"batch-1": (40, 40, 32, 0, 0), "batch-2": (20, 19, 17, 0, 0)}
    kept = {first.batch: tuple(getattr(first, name) for name in COUNTS) for first in first_scores()}
    assert {name: kept.get(name) for name in was} == was


def test_the_page_shows_nothing_better_than_it_is(today: dict[str, list[Scored]]) -> None:
    """Of each folder, as it is decided now; and every case of a blind batch is counted."""
    page = shown(", today") | shown("")
    assert page.keys() == today.keys()
    for name, cases in today.items():
        told, row = summary(cases), page[name]
        assert row["n"] == told["n"] or name == "tests/incidents", name
        for good in ("n", "accepted", "best"):
            assert row[good] <= told[good], f"{name}: {row[good]} {good} on the page, {told[good]} now"
        for bad in ("harmful", "misleading"):
            assert row[bad] >= told[bad], f"{name}: {row[bad]} {bad} on the page, {told[bad]} now"


def test_only_batches_without_a_first_score_get_one() -> None:
    """Whatever the others score now."""
    kept = (FirstScore(batch="batch-1", date=TODAY, n=2, accepted=1, best=0, harmful=1, misleading=0),)
    found = {"batch-1": [case("batch-1/a")], "batch-2": [case("batch-2/a"), case("batch-2/b", "neutral")]}
    old, new = with_new(kept, found, TODAY)
    assert old == kept[0]
    assert (new.batch, new.n, new.accepted, new.best) == ("batch-2", 2, 1, 1)
    assert (new.not_accepted, new.not_best) == (("b",), ("b",))


def test_batches_are_counted_in_their_order() -> None:
    """The tenth after the ninth."""
    names = ["batch-10/a", "batch-2/a", "batch-2/b", "own/a"]
    assert list(batches([case(name) for name in names])) == ["batch-2", "batch-10", "own"]


def test_only_what_is_between_the_marks_is_made_anew() -> None:
    """What people wrote around it stays; a page without a place for it is refused."""
    page = f"before\n{BEGIN}\nstale\n{END}\nafter\n"
    made = published(page, [])
    assert made.startswith(f"before\n{BEGIN}\n| Cases |")
    assert made.endswith(f"{END}\nafter\n")
    assert "stale" not in made
    assert published(made, []) == made
    with pytest.raises(ValueError, match="no place for the tables"):
        published("before\n", [])


@pytest.mark.parametrize("text", ["[", "{}", '[{"batch": "x"}]', "3"])
def test_first_scores_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    """Rather than made again."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(BundleError):
        read_first_scores(tmp_path)


def test_publishing_keeps_a_first_score_once(tmp_path: Path) -> None:
    """A batch that is new gets its own; published again, whatever it scores, it is as it was."""
    shutil.copytree(CORPUS / "pulse", tmp_path / "blind" / "batch-1" / "a")
    (tmp_path / "blind" / FILE).write_text("[]")
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    ran = CliRunner().invoke(main, ["evaluate", str(tmp_path / "blind"), "--publish", str(page)])
    assert ran.exit_code == 0, ran.output
    (first,) = read_first_scores(tmp_path / "blind") or ()
    assert (first.batch, first.n, first.best) == ("batch-1", 1, 1)
    assert f"batch-1`, first score, {first.date} | 1 | 1 | 1 | 0 | 0 |" in page.read_text()
    kept = (tmp_path / "blind" / FILE).read_bytes()
    (tmp_path / "blind" / "batch-1" / "a" / "expected.yaml").write_text("expected: needs_approval\n")
    assert (
        CliRunner().invoke(main, ["evaluate", str(tmp_path / "blind"), "--publish", str(page)]).exit_code == 0
    )
    assert (tmp_path / "blind" / FILE).read_bytes() == kept
    assert "batch-1`, today | 1 | 0 |" in page.read_text()
