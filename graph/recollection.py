"""What was done before, for this workload, this class and this proof, and whether it helped.

Our own ledger answers for the workload and the class; the memory finds the same mechanism elsewhere by the words of
its proof. Whatever the memory finds, only the ledger says what was done and how it ended.
"""

from __future__ import annotations

from collections.abc import Iterable

from graph.state import Finding
from tools.errors import ToolError
from tools.incidents import Incidents
from tools.memory import Recalled, words
from tools.records import Similar, Target
from tools.remembering import Recollection

LIMIT = 8
NEAR = 0.5
"""A match counts whose score is at least this share of the best one's: scores mean nothing by themselves."""


def recollect(
    incidents: Incidents, memory: Recollection | None, finding: Finding, target: Target | None
) -> tuple[list[Similar], str]:
    """Mechanism first, then workload, then wording; and why the memory could not be read, or an empty string."""
    own = incidents.similar(target, finding.problem)
    try:
        recalled = _near(_recall(memory, finding, target))
        ids = [one.incident_id for one in recalled]
        known = {one.incident_id: one for one in incidents.known(ids, target)} if ids else {}
    except ToolError as error:
        return _in_order(own, [], finding.problem), str(error)
    return _in_order(
        own, [_told(one, known) for one in recalled if one.incident_id in known], finding.problem
    ), ""


def _recall(memory: Recollection | None, finding: Finding, target: Target | None) -> list[Recalled]:
    if memory is None:
        return []
    names = (target.name, target.namespace) if target else ()
    text = words(finding.problem, [finding.summary, *finding.facts], without=names)
    return memory.recall(finding.problem, text)


def _near(recalled: list[Recalled]) -> list[Recalled]:
    best = max((one.score for one in recalled), default=0.0)
    return [one for one in recalled if one.score >= best * NEAR]


def _told(recalled: Recalled, known: dict[str, Similar]) -> Similar:
    """As the ledger has it. A summary speaks for many incidents, so that no single verdict may stand beside it."""
    ours = known[recalled.incident_id]
    if recalled.kind == "incident":
        return ours.model_copy(update={"note": recalled.note or ours.note})
    return ours.model_copy(update={"note": recalled.note, "action": "", "verdict": "", "mark": ""})


def _in_order(own: list[Similar], recalled: list[Similar], problem: str) -> list[Similar]:
    mechanism = [one for one in recalled if one.problem == problem]
    ordered = [
        *_by("this workload and problem", (s for s in own if s.same_workload and s.problem == problem)),
        *_by("the same proof", mechanism),
        *_by("this workload", (s for s in own if s.same_workload)),
        *_by("the same problem", own),
        *_by("like words", recalled),
    ]
    first: dict[str, Similar] = {}
    for one in ordered:
        first.setdefault(one.incident_id, one)
    return list(first.values())[:LIMIT]


def _by(matched: str, similar: Iterable[Similar]) -> list[Similar]:
    return [one.model_copy(update={"matched": matched}) for one in similar]
