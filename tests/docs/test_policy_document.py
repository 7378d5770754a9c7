"""The table of rules in docs/policy.md is the rules, and every test that the document names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from server.policy_rules import table
from tests.graph.test_policy import SCENARIOS

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_the_rules() -> None:
    """`sre-agent policy rules` prints what must stand there, below its heading."""
    told = DOCUMENT.partition("\n## Rules\n")[2]
    assert told[told.index("| Rule |") :].partition("\n\n")[0].rstrip() == table(), (
        "paste what `sre-agent policy rules` prints"
    )


def test_every_test_that_is_named_exists_with_its_scenario() -> None:
    """By file, function and, in brackets, the scenario."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)(?:\[(\w+)\])?`", DOCUMENT)
    assert {scenario for _, _, scenario in named if scenario} == set(SCENARIOS)
    for path in {path for path, _, _ in named}:
        body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert {name for of, name, _ in named if of == path} <= functions, path
