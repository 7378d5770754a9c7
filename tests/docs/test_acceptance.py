"""The tables of what must hold name tests that exist, can be collected, and are not skipped."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from tests.e2e.lives import OF_WORKLOADS
from tests.e2e.lives_apart import APART
from tools.actions import REGISTRY
from tools.records import VerdictName

ROOT = Path(__file__).parents[2]
ACCEPTANCE = (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")
FAILURES = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
VERDICTS = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
TRAPS = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
ACTIONS = (ROOT / "docs" / "actions.md").read_text(encoding="utf-8")
DOCUMENTS = {
    "acceptance": ACCEPTANCE,
    "actions": ACTIONS,
    "failures": FAILURES,
    "traps": TRAPS,
    "verdicts": VERDICTS,
}
POINTS = 55
OPEN = {49, 53}
"""Points that do not hold yet: a point that comes to hold is taken out here too."""
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+(?:::\w+)?)`")


def rows(text: str) -> list[list[str]]:
    """The cells of the one table of a document, head and rule left out."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@cache
def names_in(path: str) -> frozenset[str]:
    """Test functions of a module, methods as `Class::method`, and classes of tests themselves."""
    found: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{n.name}" for n in node.body if isinstance(n, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(found)


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_test_that_is_named_exists(text: str) -> None:
    """By file and name."""
    named = NAMED.findall(text)
    assert named
    missing = [
        f"{path}::{name}" for path, name in named if not (ROOT / path).is_file() or name not in names_in(path)
    ]
    assert missing == []


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_test_that_is_named_is_collected_and_not_skipped(
    text: str, request: pytest.FixtureRequest
) -> None:
    """As far as this run has collected the whole file that it stands in."""
    config = request.config
    if config.option.keyword or config.option.markexpr or any("::" in each for each in config.args):
        return  # somebody runs a choice of tests
    collected: dict[str, set[str]] = {}
    skipped = set()
    for item in request.session.items:
        path = item.path.relative_to(ROOT).as_posix()
        name = item.name.partition("[")[0]
        collected.setdefault(path, set()).add(name)
        if item.get_closest_marker("skip"):
            skipped.add(f"{path}::{name}")
    named = [(path, name) for path, name in NAMED.findall(text) if path in collected]
    assert [f"{p}::{n}" for p, n in named if n.rpartition("::")[2] not in collected[p]] == []
    assert {f"{p}::{n.rpartition('::')[2]}" for p, n in named} & skipped == set()


def test_every_point_has_its_row_in_order() -> None:
    """Numbered from 1 to 55, each with a rule, a test or the plain word that it is open, and where it was shown."""
    assert [int(row[0]) for row in rows(ACCEPTANCE)] == list(range(1, POINTS + 1))
    for number, rule, test, where in rows(ACCEPTANCE):
        assert rule, number
        assert NAMED.search(test) or test.startswith("open"), number
        assert where or test.startswith("open"), number


def test_what_is_open_says_so_and_nothing_else_does() -> None:
    """No point is quietly left out, and none is open for ever because nobody looked again."""
    assert {int(number) for number, _, test, _ in rows(ACCEPTANCE) if test.startswith("open")} == OPEN


@pytest.mark.parametrize("text", [FAILURES, TRAPS], ids=["failures", "traps"])
def test_every_trap_and_failure_has_its_tests(text: str) -> None:
    """Or says that it is open."""
    for trap, here, test in rows(text):
        assert here, trap
        assert NAMED.search(test) or test.startswith("open"), trap


def test_every_verdict_is_reached() -> None:
    """By a whole incident on the sandbox, and on the real control plane or the word that it is not shown there."""
    assert {row[0] for row in rows(VERDICTS)} == set(get_args(VerdictName))
    for verdict, sandbox, real in rows(VERDICTS):
        assert NAMED.search(sandbox), verdict
        assert NAMED.search(real) or real == "not shown there", verdict


def test_every_action_has_its_lives() -> None:
    """On the sandbox, and on the real control plane with the verdict there or the word that it is not shown there."""
    assert sorted(row[0].strip("`") for row in rows(ACTIONS)) == sorted(REGISTRY)
    lived = " ".join((*OF_WORKLOADS, *APART))
    for action, sandbox, real in rows(ACTIONS):
        assert NAMED.search(sandbox), action
        ended = real.partition(":")[0].partition(",")[0].partition(";")[0]
        assert ended in (*get_args(VerdictName), "not shown there"), action
        assert (action.strip("`") in lived) == (ended != "not shown there"), action
