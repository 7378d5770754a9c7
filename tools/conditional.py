"""One write on one object, exactly once: read fresh, compare, write under conditions (R4.1, R4.2, R4.6).

The same path for the dry run and for the write. What was read is what the write is conditional on, so that whatever
happens to the object in between is a conflict, after which everything is read and compared again. A write whose
answer was lost is looked up; what cannot be told is a receipt `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.errors import Conflict, Refused, ToolError, UnknownOutcome
from tools.objects import metadata
from tools.records import Receipt
from tools.resources import JsonObject

ATTEMPTS = 3


@dataclass(frozen=True)
class Once:
    """What one action does to its object, in the order in which it is asked."""

    title: str
    """The object, for a person: `Deployment shop/web`."""
    read: Callable[[], JsonObject]
    """The object as it is now. Raises ToolError."""
    done: Callable[[JsonObject], bool]
    """Whether this very write has taken effect already."""
    require: Callable[[JsonObject], None]
    """Raises Conflict unless it is as proposed, Refused when it must not be done."""
    send: Callable[[JsonObject], JsonObject]
    """The write, conditional on what was read; the object as it has become."""
    told: Callable[[Receipt, JsonObject], Receipt]
    """The receipt with what the object has become."""
    found: str = "the object already carries the stamp of this action"
    """Said when `done` holds."""


def write_once(step: Once, receipt: Receipt, *, dry_run: bool) -> Receipt:
    """Do it once, whatever else happens to the object meanwhile.

    Raises Conflict (another object, another state, or never a quiet moment), Refused, NotFound, Forbidden, Invalid,
    TransientError: in all these cases nothing was changed. A lost answer is a receipt, `unknown`.
    """
    conflict: Conflict | None = None
    for _ in range(ATTEMPTS):
        live = step.read()
        if step.done(live):
            # What was read before is no state before the write: it had happened already.
            return _as_found(step, receipt.model_copy(update={"before": None}), live)
        step.require(live)
        if "deletionTimestamp" in metadata(live):
            raise Refused(f"{step.title} is being deleted: somebody has asked for it")
        try:
            written = step.send(live)
        except Conflict as err:
            conflict = err
            continue
        except UnknownOutcome as err:
            return _looked_up(step, receipt, err)
        text = "dry run accepted" if dry_run else ""
        return step.told(receipt.model_copy(update={"message": text}), written)
    raise Conflict(f"{step.title} kept changing: {conflict}") from conflict


def unchanged_since_read(live: JsonObject) -> list[JsonObject]:
    """JSON Patch operations that let a patch apply only to the very object that was read."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata(live).get("uid")},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata(live).get("resourceVersion")},
    ]


def set_annotation(path: str, holder: JsonObject, annotation: str, value: str) -> list[JsonObject]:
    """Operations that set an annotation on the metadata at `path`, whether it has annotations or not."""
    return set_annotations(path, holder, {annotation: value})


def set_annotations(path: str, holder: JsonObject, wanted: Mapping[str, str]) -> list[JsonObject]:
    """As `set_annotation`, for several."""
    if not holder.get("annotations"):
        return [{"op": "add", "path": f"{path}/annotations", "value": dict(wanted)}]
    return [
        {"op": "add", "path": f"{path}/annotations/{escaped(key)}", "value": value}
        for key, value in wanted.items()
    ]


def escaped(key: str) -> str:
    """A key as a JSON Pointer spells it."""
    return key.replace("~", "~0").replace("/", "~1")


def _looked_up(step: Once, receipt: Receipt, err: UnknownOutcome) -> Receipt:
    """After a lost answer: its effect says that it was done; no effect says nothing, it may still be on its way."""
    try:
        live = step.read()
    except ToolError as failed:
        return receipt.model_copy(update={"outcome": "unknown", "message": f"{err}; then {failed}"})
    if step.done(live):
        return _as_found(step, receipt, live)
    return receipt.model_copy(update={"outcome": "unknown", "message": str(err)})


def _as_found(step: Once, receipt: Receipt, live: JsonObject) -> Receipt:
    return step.told(receipt.model_copy(update={"outcome": "found_done", "message": step.found}), live)
