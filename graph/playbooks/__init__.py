"""Problem classes: one file each, found by their `PLAYBOOK`.

A playbook proves its class from facts of the API alone and lists what could be done, best first. Log text
may add context; it never proves (kubernetes.md R8.2). Modules here do not import each other.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from graph.state import Finding, Proposal
from tools.records import Evidence, Target


@dataclass(frozen=True)
class Playbook:
    """How one problem class is proved and what may be done about it."""

    problem: str
    rank: int
    """Lower is asked first: the class that explains the others comes first."""
    proves: Callable[[Evidence], Finding | None]
    candidates: Callable[[Finding, Evidence, Target], list[Proposal]]


@cache
def playbooks() -> tuple[Playbook, ...]:
    """All of them, in the order in which they are asked."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found: list[Playbook] = [module.PLAYBOOK for module in modules if hasattr(module, "PLAYBOOK")]
    return tuple(sorted(found, key=lambda playbook: playbook.rank))
