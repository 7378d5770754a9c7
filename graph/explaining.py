"""What every rule said of one proposal, and what it looked at when it said so.

The values are those that a rule really read: it is given facts and limits that note what is asked of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast

from pydantic_core import to_jsonable_python

from graph.policy import RULES, PolicyFacts, PolicySettings, Rule
from graph.policy_grant import lifted
from tools.records import Record


class Said(Record):
    """One rule's answer."""

    rule: str
    meaning: str
    effect: Literal["refuse", "ask", ""]
    """Empty: nothing stands in the way, as far as this rule goes."""
    reason: str = ""
    values: dict[str, Any] = {}
    """What it looked at, by name: `guards.replicas`, `settings.most_replicas`; JSON."""


class _Noting:
    """Stands for a record: gives what it has, and keeps what was asked for."""

    def __init__(self, record: Record, prefix: str, seen: dict[str, Any]) -> None:
        self._record, self._prefix, self._seen = record, prefix, seen

    def __getattr__(self, name: str) -> Any:
        value, place = getattr(self._record, name), f"{self._prefix}{name}"
        if isinstance(value, Record):
            return _Noting(value, f"{place}.", self._seen)
        if not callable(value):
            self._seen[place] = to_jsonable_python(value)
        return value


def explain(facts: PolicyFacts, settings: PolicySettings, rules: Iterable[Rule] = RULES) -> tuple[Said, ...]:
    """All of them, in their order."""
    return tuple(_said(rule, facts, settings) for rule in rules)


def meaning(rule: Rule) -> str:
    """The first line of its docstring, which says what it is for."""
    return (rule.__doc__ or "").strip().splitlines()[0]


def _said(rule: Rule, facts: PolicyFacts, settings: PolicySettings) -> Said:
    seen: dict[str, Any] = {}
    watched = cast(PolicyFacts, _Noting(facts, "", seen))
    limits = cast(PolicySettings, _Noting(settings, "settings.", seen))
    answer = rule(watched, limits)
    effect, reason = answer or ("", "")
    if lifted(rule.__name__, answer, facts, settings):
        effect, reason = "", f"lifted by a person's grant: {reason}"
    return Said(rule=rule.__name__, meaning=meaning(rule), effect=effect, reason=reason, values=seen)
