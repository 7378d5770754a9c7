"""The same incident decided again: by other limits, or with a model. Nothing that was decided before is touched.

A stored incident is played again from its files; an incident of a record is decided from the evidence that it kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from graph.policy import PolicySettings
from server.advising import adviser_of
from server.notebook.moment import at_decision, mode_of
from server.notebook.opening import Opened
from server.notebook.stopping import Stop, told
from server.notebook.tables import Table, arguments, listed
from server.settings import Settings
from server.stage import Stage
from tools.adviser import NONE, Adviser, Answer, Question, Reason, Reply
from tools.adviser_records import RecordedAdviser
from tools.bundle import Bundle
from tools.clock import SystemClock
from tools.incidents import SqlIncidents
from tools.llm_usage import Usage
from tools.past_runs import PastRun

MODELS = ("off", "groq", "recorded", "declines")
NO_KEY = "There is no model to ask: set GROQ_API_KEY, or choose another MODEL in the first cell."
COMPARED = ("route", "action", "confidence", "decider", "blocked_by", "reasons")


class Declining:
    """A model that would do none of it, whatever it is shown: how much may a model change?"""

    vendor = "example"
    up = True

    def __init__(self) -> None:
        self.usage = Usage()

    def ask(self, question: Question) -> Reply:
        reason = Reason(text="This example would leave it to a person.", evidence=question.evidence[:1])
        answer = Answer(choice=NONE, doubts="serious", reasons=(reason,))
        return Reply(answer=answer, model="declines", calls=1)

    def check(self) -> str:
        return "declines"

    def close(self) -> None:
        """Holds nothing."""


def model_named(name: str, record: Opened) -> Adviser | None:
    """`off`, `groq` (the one that is configured), `recorded` (llm.jsonl of a stored incident) or `declines`.

    Raises Stop when there is no such model.
    """
    if name not in MODELS:
        raise Stop(f"MODEL {name!r} is none of {', '.join(MODELS)}.")
    with told():
        if name == "recorded":
            return RecordedAdviser(record.bundle.llm if record.bundle else ())
        if name != "groq":
            return Declining() if name == "declines" else None
        model = adviser_of(Settings.from_process(), SystemClock())
    if model is None:
        raise Stop(NO_KEY)
    return model


def limits_of(record: Opened, run: PastRun, changed: Mapping[str, Any] | None = None) -> PolicySettings:
    """Those in force, in the mode that the decision names; `changed` replaces some. Raises Stop for an unknown one."""
    with told():
        base = record.bundle.meta.policy if record.bundle else Settings.from_process().policy().model_dump()
    decision = SqlIncidents(record.database, SystemClock()).decision(run.id) or {}
    given = {**(base or {}), "mode": mode_of(decision), "read_patience_seconds": 0.0, **(changed or {})}
    try:
        return PolicySettings.model_validate(given)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        known = ", ".join(PolicySettings.model_fields)
        raise Stop("\n".join((*lines, f"CHANGED may name: {known}."))) from None


def decide_again(
    record: Opened, run: PastRun, changed: Mapping[str, Any] | None = None, model: str = "off"
) -> dict[str, Any]:
    """The decision record that comes of it. Raises Stop."""
    limits, adviser = limits_of(record, run, changed), model_named(model, record)
    with told():
        if record.bundle:
            decided = _played(record.bundle, run, record, limits, adviser)
        else:
            with at_decision(record.file, run, limits, adviser) as moment:
                decided = moment.decide()
    if adviser is not None:
        adviser.close()
    return decided


def compared(run: PastRun, record: Opened, **others: Mapping[str, Any]) -> Table:
    """The decision as it was made beside the others, field by field."""
    made = SqlIncidents(record.database, SystemClock()).decision(run.id) or {}
    columns = {"as it was decided": made, **{name.replace("_", " "): each for name, each in others.items()}}
    rows = [[name, *(_shown(each.get(name)) for each in columns.values())] for name in COMPARED]
    return Table("One incident, several deciders", ("", *columns), rows)


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Both say the same of what is done, why, and how sure it is."""
    return all(_shown(one.get(name)) == _shown(other.get(name)) for name in COMPARED)


def _played(
    bundle: Bundle, run: PastRun, record: Opened, limits: PolicySettings, adviser: Adviser | None
) -> dict[str, Any]:
    told_limits = limits.model_dump(mode="json", exclude={"mode"})
    changed = replace(bundle, meta=bundle.meta.model_copy(update={"policy": told_limits}))
    with Stage() as stage:
        decisions = stage.decide(changed, mode=limits.mode, adviser=adviser).decisions
    made = SqlIncidents(record.database, SystemClock()).decision(run.id) or {}
    return next((d for d in decisions if d["target"] == made.get("target")), decisions[0])


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return listed(filter(None, (value.get("name"), arguments(value.get("args") or {}))))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return listed(value)
    return "" if value is None else str(value)
