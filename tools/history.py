"""`history.yaml` of a bundle: what the agent remembered when the alert came (docs/incident-bundles.md).

Pure. A key that is not known is passed over with a note, so that newer bundles stay readable; a known one that is
wrong is an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from tools.bundle import BundleError
from tools.holds import Cause
from tools.resources import JsonObject


def _workload(text: str) -> str:
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError("write namespace/Kind/name, or Kind/name where there is no namespace")
    return text


def _zoned(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("needs a time zone, e.g. 2026-01-05T12:00:00Z")
    return at.astimezone(UTC)


Workload = Annotated[str, AfterValidator(_workload)]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""Text that may be left empty."""


class _Entry(BaseModel):
    """One thing remembered, dated by `at` or by `ago`, minutes before the bundle's `now`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    ago: float = Field(0.0, ge=0)
    at: Annotated[datetime, AfterValidator(_zoned)] | None = None

    def when(self, now: datetime) -> datetime:
        """The instant that it is about."""
        return self.at or now - timedelta(minutes=self.ago)


class Mark(BaseModel):
    """What a person said of a decision."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    right: bool | None = None
    note: Text = ""
    better: Text = ""
    """The action that would have been right."""


class PastIncident(_Entry):
    """A run that has ended."""

    id: Text = ""
    workload: Workload
    alert: Text = ""
    problem: Text = ""
    status: Text = ""
    """How it ended; empty: told from the verdict."""
    route: Text = ""
    action: Text = ""
    """The action that was really taken."""
    decided: Text = ""
    """The action that was decided for, if it was not taken."""
    verdict: Text = ""
    summary: Text = ""
    mark: Mark | None = None


class PastAction(_Entry):
    """A write of ours. Without a verdict it is still being verified."""

    action: str
    workload: Workload
    problem: Text = ""
    verdict: Text = ""
    automatic: bool = False
    incident: Text = ""
    """Id of the incident it belongs to; empty: one that is not told of."""
    undo: bool = False
    """It took back an earlier write, and counts as no attempt."""


class PastRevision(_Entry):
    """A revision that was seen, healthy or ill, for so many minutes without a break, until `ago`."""

    workload: Workload
    revision: int
    minutes: float = Field(ge=0)
    healthy: bool = True


class PastHold(_Entry):
    """A cause for which the agent held still when it decided, since `ago`."""

    cause: Cause
    why: Text = ""


class History(BaseModel):
    """All of it. Silences are carried along."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    incidents: tuple[PastIncident, ...] = ()
    actions: tuple[PastAction, ...] = ()
    revisions: tuple[PastRevision, ...] = ()
    silences: tuple[dict[str, Any], ...] = ()
    paused: Text = ""
    """Why actions are paused; empty: they are not."""
    holds: tuple[PastHold, ...] = ()


def read_history(told: JsonObject) -> tuple[History, tuple[str, ...]]:
    """The history, and notes about keys that are not known. Raises BundleError."""
    given = {key: value for key, value in told.items() if value is not None}
    try:
        history = History.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BundleError(f"history.yaml: {problems}") from error
    ids = [entry.id for entry in history.incidents if entry.id]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise BundleError(f"history.yaml: incidents: {', '.join(twice)}: ids that are there twice")
    return history, tuple(f"history.yaml: {name} is not known and passed over" for name in _unknown(given))


def _unknown(told: Mapping[str, Any]) -> Iterator[str]:
    kinds: Mapping[str, type[BaseModel]] = {
        "incidents": PastIncident,
        "actions": PastAction,
        "revisions": PastRevision,
        "holds": PastHold,
    }
    yield from sorted(told.keys() - History.model_fields.keys())
    for name, kind in kinds.items():
        keys = {key for entry in told.get(name) or () for key in entry}
        yield from (f"{name}: {key}" for key in sorted(keys - kind.model_fields.keys()))
