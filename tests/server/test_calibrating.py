"""Fitting a calibration, and judging it on decisions that it has not seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.calibration import Table, probability
from server.calibrating import Outcome, fitted, fold, held_out
from server.calibration_report import module_text
from server.cli import main
from tests.server.stored import CORPUS


def outcome(case: str, at: float, right: bool = True, proposed: bool = True) -> Outcome:
    """A decision of this sum."""
    return Outcome(case, at, proposed, right)


def test_a_table_says_how_often_such_decisions_were_right() -> None:
    """Half of the weak ones, nearly all of the strong ones; what is explained is learnt by itself."""
    weak = [outcome(f"w{n}", 0.5, right=n % 2 == 0) for n in range(40)]
    strong = [outcome(f"s{n}", 0.9) for n in range(40)]
    told_wrongly = [outcome(f"e{n}", 0.9, right=False, proposed=False) for n in range(40)]
    table = fitted([*weak, *strong, *told_wrongly])
    assert probability(0.5, True, table) == pytest.approx(0.5, abs=0.03)
    assert probability(0.9, True, table) > 0.98
    assert probability(0.9, False, table) < 0.1


def test_few_lucky_cases_do_not_make_sure() -> None:
    """The same luck forty times over does."""
    assert probability(0.5, True, fitted([outcome("a", 0.5)])) < 0.8
    assert probability(0.5, True, fitted([outcome(f"a{n}", 0.5) for n in range(40)])) > 0.95


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.floats(0, 1).map(lambda n: round(n, 3)), st.booleans()), max_size=60))
def test_what_is_fitted_always_rises(told: list[tuple[float, bool]]) -> None:
    """Whatever it is fitted on: steps in their order, between 0 and 1."""
    found = fitted([outcome(str(n), at, right) for n, (at, right) in enumerate(told)]).proposals
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert [likely for _, likely in found] == sorted(likely for _, likely in found)
    assert all(0 <= likely <= 1 for _, likely in found)


def test_no_case_is_scored_by_a_table_that_has_seen_it() -> None:
    """Whether it was right changes what is said of others, never what is said of itself."""
    cases = [outcome(f"c{n}", 0.9) for n in range(20)]
    lied = [outcome("c7", 0.9, right=False) if case.case == "c7" else case for case in cases]
    before, after = held_out(cases, cases), held_out(lied, lied)
    changed = {case.case for case, one, other in zip(cases, before, after, strict=True) if one != other}
    assert changed == {case.case for case in cases if fold(case.case) != fold("c7")}


def test_what_was_not_learnt_from_is_scored_by_all_that_was() -> None:
    """Its fold is nobody's."""
    learnt = [outcome(f"c{n}", 0.9) for n in range(20)]
    (likely,) = held_out(learnt, [outcome("new", 0.9, right=False)])
    assert likely == probability(0.9, True, fitted(learnt))


def test_the_module_holds_the_table() -> None:
    """As it was fitted."""
    table = Table(proposals=((0.5, 0.75), (1.0, 0.99)), explanations=((0.0, 0.8),))
    names: dict[str, Table] = {}
    exec(module_text(table, 3), names)
    assert names["TABLE"] == table


def test_the_command_fits_scores_and_keeps(tmp_path: Path) -> None:
    """What is scored is not what was fitted on; cases in both are told apart."""
    for name, folder in (("shop-web", "a"), ("orders-worker", "a"), ("stock-levels", "b")):
        shutil.copytree(CORPUS / name, tmp_path / folder / name)
    both = [str(tmp_path / "b"), str(tmp_path / "a" / "shop-web"), "--calibrate", str(tmp_path / "a")]
    ran = CliRunner().invoke(main, ["evaluate", *both, "--write", str(tmp_path / "table.py"), "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert (told["fitted_on"], told["scored_on"], told["of_them_held_out_by_folds"]) == (2, 2, 1)
    assert {"sums", "shipped", "held_out"} <= told.keys()
    assert "TABLE" in (tmp_path / "table.py").read_text()
    assert CliRunner().invoke(main, ["evaluate", *both[:1], "--write", "x"]).exit_code == 2
