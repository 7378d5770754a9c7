"""The rules of policy as a table: what each may answer and what it is for. Read off the rules themselves."""

from __future__ import annotations

import ast
import inspect
import textwrap

from graph.explaining import meaning
from graph.policy import RULES, Rule

PROOF = "tests/graph/test_policy.py::test_rule_alone_decides_its_scenario"
"""For every rule a scenario in which it alone decides; another test takes the rule away and sees this one fail."""


def table() -> str:
    """In Markdown, as docs/policy.md has it."""
    head = "| Rule | Effect | Meaning | Test |\n| --- | --- | --- | --- |"
    return "\n".join((head, *(_row(rule) for rule in RULES)))


def effects(rule: Rule) -> tuple[str, ...]:
    """What it may answer: `refuse`, `ask`, or both."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(rule)))
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return tuple(effect for effect in ("refuse", "ask") if effect in words)


def _row(rule: Rule) -> str:
    told = meaning(rule).replace("|", "\\|")
    return f"| `{rule.__name__}` | {' or '.join(effects(rule))} | {told} | `{PROOF}[{rule.__name__}]` |"
