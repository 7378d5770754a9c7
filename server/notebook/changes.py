"""Which decisions of a stored history would change by other limits, with a model, or without a playbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.playbooks import playbooks, without
from server.notebook.again import COMPARED, decide_again
from server.notebook.opening import Opened
from server.notebook.stopping import NOTHING_DECIDED, Stop
from server.notebook.tables import Table, listed
from tools.past_runs import past_runs

TELLING = tuple(name for name in COMPARED if name not in ("reasons", "decider"))
"""Fields whose change is a change: what is said of it may be worded otherwise."""


@dataclass(frozen=True)
class Pair:
    """One incident, decided by what is in force and by what is tried."""

    incident: str
    now: Mapping[str, Any]
    tried: Mapping[str, Any]

    @property
    def changed(self) -> tuple[str, ...]:
        """The fields that are not the same."""
        return tuple(name for name in ("problem", *TELLING) if self.now.get(name) != self.tried.get(name))

    @property
    def why(self) -> tuple[str, ...]:
        """Rules and reasons that only one of the two has: `-` those of now, `+` those of what is tried."""
        said = [[*way.get("blocked_by", ()), *way.get("reasons", ())] for way in (self.now, self.tried)]
        gone = [f"- {line}" for line in said[0] if line not in said[1]]
        return (*gone, *(f"+ {line}" for line in said[1] if line not in said[0]))


def decided_twice(
    records: Sequence[Opened],
    changed: Mapping[str, Any] | None = None,
    model: str = "off",
    left_out: str = "",
) -> list[Pair]:
    """Every incident of these records that was decided. `left_out`: a problem class that is not asked.

    Raises Stop for limits, a model or a class that do not exist, and when nothing was decided.
    """
    known = sorted(playbook.problem for playbook in playbooks())
    if left_out and left_out not in known:
        raise Stop(f"WITHOUT {left_out!r} is no problem class. They are: {', '.join(known)}.")
    found = list(_pairs(records, changed, model, left_out))
    if not found:
        raise Stop(NOTHING_DECIDED)
    return found


def _pairs(
    records: Sequence[Opened], changed: Mapping[str, Any] | None, model: str, left_out: str
) -> Iterator[Pair]:
    for record in records:
        for run in past_runs(record.database):
            if run.decided_at is None:
                continue
            now = decide_again(record, run)
            with without(left_out):
                tried = decide_again(record, run, changed, model)
            yield Pair(f"{run.id} ({run.alert_name})", now, tried)


def changes(pairs: Sequence[Pair]) -> Table:
    """Those that would be decided otherwise, with what was and what would be."""
    rows = [
        (pair.incident, _told(pair.now), _told(pair.tried), ", ".join(pair.changed), listed(pair.why))
        for pair in pairs
        if pair.changed
    ]
    heads = ("incident", "now", "tried", "changed", "why")
    title = f"{len(rows)} of {len(pairs)} decisions would change"
    return Table(title, heads, rows, "All would be decided as they are now.")


def _told(decision: Mapping[str, Any]) -> str:
    action = (decision.get("action") or {}).get("name") or "no action"
    return f"{decision.get('problem')}: {decision.get('route')}, {action}, {decision.get('confidence'):.3f}"
