"""`sre-agent policy explain`: which rules spoke about a stored incident, with what values, and which did not.

The decision is made again on a copy of the record that is wound back to it, by the limits that were kept with what it
was made from, else by those of the present configuration. Nothing is read of a cluster, and nothing is written.
"""

from __future__ import annotations

from typing import Any

from graph.explaining import Said, explain
from graph.policy import PolicyFacts, PolicySettings
from server.notebook.moment import at_decision, chosen_run, mode_of
from server.notebook.opening import Opened, opened
from server.notebook.stopping import Stop
from server.settings import Settings
from tools.clock import SystemClock
from tools.errors import NotFound
from tools.incidents import SqlIncidents
from tools.past_runs import PastRun
from tools.readings import SqlReadings
from tools.records import Record

KEPT = "the limits that were in force then"
PRESENT = "the present limits, for those of then were not kept"
WIDTH = 100


class Explained(Record):
    """What `--json` prints."""

    incident_id: str
    target: dict[str, str] | None
    problem: str
    route: str
    action: str
    """Empty: nothing was proposed, so that no rule was asked."""
    confidence: float
    limits: str
    """Which ones the rules were asked with."""
    spoke: tuple[Said, ...] = ()
    silent: tuple[Said, ...] = ()
    recorded: tuple[str, ...] = ()
    """`blocked_by` of the decision on record."""
    differs: tuple[str, ...] = ()
    """Rules that the record names and this does not, or the other way round."""


def explain_incident(settings: Settings, incident_id: str) -> Explained:
    """Of the record of this process' configuration. Raises Stop: no such incident, or nothing to decide from."""
    record = opened()
    try:
        return _explained(record, settings, incident_id)
    finally:
        record.close()


def as_text(told: Explained) -> str:
    """For people: what stood in the way first, then what did not."""
    target = "/".join(filter(None, (told.target or {}).values())) or "no target"
    lines = [f"Incident {told.incident_id}: {target}, {told.problem}, {told.route}"]
    if not told.action:
        return "\n".join((*lines, "Nothing was proposed, so no rule was asked."))
    lines += [f"Proposed: {told.action}, confidence {told.confidence:.2f}. Asked with {told.limits}.", ""]
    lines += (
        ["In the way:", *(_paragraph(said) for said in told.spoke)] if told.spoke else ["Nothing in the way."]
    )
    lines += ["", "Not in the way:", *(_paragraph(said) for said in told.silent)]
    if told.differs:
        lines += ["", f"The decision on record differs in: {', '.join(told.differs)}", *told.recorded]
    return "\n".join(lines)


def _explained(record: Opened, settings: Settings, incident_id: str) -> Explained:
    run = chosen_run(record.database, incident_id)
    incidents = SqlIncidents(record.database, SystemClock())
    decision = incidents.decision(run.id)
    if decision is None:
        raise Stop(f"Incident {run.id} was not decided yet.")
    limits, which = _limits(record, settings, run, decision)
    action = (decision.get("action") or {}).get("name", "")
    facts = _facts(record, run, limits, action, decision["confidence"]) if action else None
    said = explain(facts, limits) if facts else ()
    recorded = tuple(decision.get("blocked_by", ()))
    return Explained(
        incident_id=run.id,
        target=decision["target"],
        problem=decision["problem"],
        route=decision["route"],
        action=action,
        confidence=decision["confidence"],
        limits=which,
        spoke=tuple(each for each in said if each.effect),
        silent=tuple(each for each in said if not each.effect),
        recorded=recorded,
        differs=_differences(said, recorded),
    )


def _limits(
    record: Opened, settings: Settings, run: PastRun, decision: dict[str, Any]
) -> tuple[PolicySettings, str]:
    try:
        kept = SqlReadings(record.database).of(run.id).bundle
    except NotFound:
        kept = None
    told = kept.meta.policy if kept and isinstance(kept.meta.policy, dict) else None
    base = told if told is not None else settings.policy().model_dump()
    known = {name: value for name, value in base.items() if name in PolicySettings.model_fields}
    own = {"mode": mode_of(decision), "read_patience_seconds": 0.0}
    return PolicySettings.model_validate({**known, **own}), PRESENT if told is None else KEPT


def _facts(
    record: Opened, run: PastRun, limits: PolicySettings, action: str, certainty: float
) -> PolicyFacts:
    """Of the candidate that was decided on, with the confidence that it was given, a model's part included."""
    with at_decision(record.file, run, limits) as moment:
        weighed = next((each for each in moment.weigh() if each.proposal.call.name == action), None)
    if weighed is None:
        raise Stop(
            f"What the record kept of incident {run.id} does not lead to {action} any more: "
            "it was decided by another release, or from what only the cluster told."
        )
    return weighed.facts.model_copy(update={"confidence": certainty})


def _differences(said: tuple[Said, ...], recorded: tuple[str, ...]) -> tuple[str, ...]:
    """By name; what no rule of policy said, such as a model's doubts, is no difference."""
    rules = {each.rule for each in said}
    now = {each.rule for each in said if each.effect}
    then = {words.partition(":")[0] for words in recorded} & rules
    return tuple(sorted(now ^ then)) if said else ()


def _paragraph(said: Said) -> str:
    values = ", ".join(f"{name}={_short(value)}" for name, value in said.values.items())
    first = f"  {said.rule}: {said.reason}" if said.effect else f"  {said.rule}: {said.meaning}"
    effect = f"    {said.effect}s. {said.meaning}\n" if said.effect else ""
    return f"{first}\n{effect}    {values or 'looked at nothing'}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}..."
