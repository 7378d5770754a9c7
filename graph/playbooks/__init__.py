"""Problem classes: one file each, found by their `PLAYBOOK`.

A playbook proves its class from facts of the API alone and lists what could be done, best first. Log text
may add context; it never proves (kubernetes.md R8.2). Modules here do not import each other.

Where nothing is proved, one whose class an alert's name or labels tell may explain it: what it is, what was read about
it and the next step. An explanation has no candidates, so that no name of an alert leads to an action.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from graph.state import Finding, Proposal
from tools.records import Alert, Evidence, Target
from tools.surroundings import Look


def _proves_nothing(evidence: Evidence) -> Finding | None:
    return None


def _no_candidates(finding: Finding, evidence: Evidence, target: Target) -> list[Proposal]:
    return []


def _tells_nothing(alert: Alert) -> bool:
    return False


def _explains_nothing(evidence: Evidence, alerts: Sequence[Alert]) -> Finding | None:
    return None


@dataclass(frozen=True)
class Playbook:
    """How one problem class is proved and what may be done about it."""

    problem: str
    rank: int
    """Lower is asked first: the class that explains the others comes first."""
    proves: Callable[[Evidence], Finding | None] = _proves_nothing
    candidates: Callable[[Finding, Evidence, Target], list[Proposal]] = _no_candidates
    tells: Callable[[Alert], bool] = _tells_nothing
    """Whether an alert speaks of this class, by its name and labels."""
    explains: Callable[[Evidence, Sequence[Alert]], Finding | None] = _explains_nothing
    """Asked only where no playbook proves anything, about the alerts that speak of this class. It proves nothing."""
    alert_measures: bool = False
    """Alerts of this class hold a number that the API does not: what they say stands among its facts."""
    looks: tuple[Look, ...] = ()
    """What is read for it where an alert names no object."""

    @property
    def only_explains(self) -> bool:
        """It has no proof by what the API says."""
        return self.proves is _proves_nothing


_LEFT_OUT: ContextVar[str] = ContextVar("left_out", default="")


def playbooks() -> tuple[Playbook, ...]:
    """All of them, in the order in which they are asked."""
    left_out = _LEFT_OUT.get()
    return tuple(p for p in _all() if p.problem != left_out) if left_out else _all()


@contextmanager
def without(problem: str) -> Iterator[None]:
    """Within it the playbook of this class is not asked: for notebooks, which try what it is worth."""
    token = _LEFT_OUT.set(problem)
    try:
        yield
    finally:
        _LEFT_OUT.reset(token)


@cache
def _all() -> tuple[Playbook, ...]:
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found: list[Playbook] = [module.PLAYBOOK for module in modules if hasattr(module, "PLAYBOOK")]
    return tuple(sorted(found, key=lambda playbook: playbook.rank))
