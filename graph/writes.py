"""One write, exactly once: claimed before it is sent, stamped on the object, looked up when its answer is lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.services import Services
from graph.state import IncidentState
from tools.actions import parse_call
from tools.actions.announce import announce
from tools.claim_room import Room
from tools.errors import (
    DryRunUnsupported,
    NotFound,
    PermanentError,
    ToolError,
    TransientError,
    UnknownOutcome,
)
from tools.ledger import LedgerEntry
from tools.records import Receipt

STEP_SENT = "STEP_SENT"
"""Stands for the verdict of a step: the action of which it is one gets a verdict as a whole."""


def was_sent(services: Services, entry: LedgerEntry) -> bool:
    """The object carries this entry's stamp, or shows its effect: a write whose answer was lost did happen.

    One that leaves nothing to look up counts as sent. Raises TransientError when the object cannot be read, since then
    nobody knows.
    """
    action, args = parse_call(entry.call, services.policy.enabled_actions)
    if action.once:
        return True
    look = action.observe(services.cluster, args, None, services.clock.now())
    if look.error:
        raise TransientError(f"cannot tell whether {entry.call.name} was done: {look.error}")
    return look.stamp == entry.key if look.done is None else look.done


def send(
    services: Services, entry: LedgerEntry, *, one_of_many: bool = False, untried: bool = False
) -> Receipt:
    """Dry run, claim, write, receipt. Raises PermanentError when nothing was written (Crowded when others took the
    room for it), UnknownOutcome when
    nobody knows yet: calling again with the same entry looks the stamp up before it sends anything. What can be looked
    up by nothing is sent once: a receipt `unknown`, now or when it is called again.

    `untried`: it is known that the API server cannot try it, and a person said yes to that.
    `one_of_many`: a step of an action that is under way; the run's status stays as it is.
    """
    known = services.ledger.get(entry.key)
    if known and known.receipt:
        _tell(services, known, known.receipt)  # the process may have died before it had told
        return known.receipt
    action, args = parse_call(entry.call, services.policy.enabled_actions)
    if known is None:
        try:
            action.execute(services.cluster, args, key=entry.key, at=entry.claimed_at, dry_run=True)
        except DryRunUnsupported:
            if not untried:
                raise
        has_room = one_of_many or (bool(entry.undo_of) and entry.automatic)
        known = services.ledger.claim(entry, None if has_room else _room(services, entry))
    if known and action.once:
        return _finished(services, known, _untold(known))
    claimed = known or entry
    if not one_of_many:
        services.incidents.set_status(entry.incident_id, "executing", entry.call.name)
    try:
        receipt = action.execute(
            services.cluster, args, key=claimed.key, at=claimed.claimed_at, dry_run=False
        )
    except PermanentError:
        services.ledger.release(claimed.key)
        raise
    except TransientError:
        if action.once:  # nothing was sent, and a claim that is left would say that it may have been
            services.ledger.release(claimed.key)
        raise
    if receipt.outcome == "unknown" and not action.once:
        raise UnknownOutcome(f"{entry.call.name} was sent and its answer is lost: {receipt.message}")
    return _finished(services, claimed, receipt.model_copy(update={"inverse": claimed.inverse}))


def _finished(services: Services, entry: LedgerEntry, receipt: Receipt) -> Receipt:
    services.ledger.finish(entry.key, receipt)
    _tell(services, entry, receipt)
    return receipt


def _untold(entry: LedgerEntry) -> Receipt:
    """Of what was claimed and got no receipt: it may have been sent, and nothing tells."""
    return Receipt(
        key=entry.key,
        call=entry.call,
        target=entry.target,
        sent_at=entry.claimed_at,
        outcome="unknown",
        message=f"{entry.call.name} was claimed and what became of it was not recorded: it may have been done",
    )


def _room(services: Services, entry: LedgerEntry) -> Room:
    """An undo by itself and the steps of an action under way need none: the write that they belong to has taken it.

    An undo on request is a write of its own, later, beside whatever else has begun since.
    """
    limits = services.policy
    return Room(
        automatic=entry.automatic,
        in_flight=limits.writes_in_flight,
        cluster_hour=limits.cluster_writes_per_hour,
        cluster_day=limits.cluster_writes_per_day,
        namespace_hour=limits.namespace_writes_per_hour,
        namespace_day=limits.namespace_writes_per_day,
    )


def undo_key(ledger_key: str) -> str:
    """Key of the one undo that a write can have, whoever asks for it."""
    return f"undo-{ledger_key}"[:32]


def undo_entry(services: Services, state: IncidentState, receipt: Receipt) -> LedgerEntry:
    """The claim for the recorded inverse of `receipt`, exempt from attempt limits by `undo_of`."""
    assert receipt.inverse is not None
    return LedgerEntry(
        key=undo_key(receipt.key),
        incident_id=state["incident_id"],
        episode_id=state["episode_id"],
        call=receipt.inverse,
        target=receipt.target,
        problem=state["decision"].problem,
        automatic=True,
        undo_of=receipt.key,
        claimed_at=services.clock.now(),
    )


def may_write_since(state: IncidentState) -> datetime:
    """When the go-ahead was given: the approval's instant, or the end of settling."""
    answer = state.get("answer")
    if state["decision"].route == "ask" and answer and answer.at:
        return answer.at
    return datetime.fromisoformat(state["settle_until"])


def wait_for_server(services: Services, since: datetime, error: ToolError) -> None:
    """Raise `error` again while patience lasts, so that the runner comes back later; then return."""
    patience = timedelta(seconds=services.policy.read_patience_seconds)
    if services.clock.now() - since < patience:
        raise error


def _tell(services: Services, entry: LedgerEntry, receipt: Receipt) -> None:
    """Record what was sent and leave an Event on the object; a refused Event changes nothing."""
    services.incidents.set_action_taken(entry.incident_id, entry.call.name)
    try:
        reason = "SreAgent" + "".join(word.title() for word in entry.call.name.split("_"))
        text = f"{entry.call.name} for incident {entry.incident_id}"
        announce(services.cluster, entry.target, reason, text, receipt.sent_at)
    except ToolError as error:
        kind = "gone" if isinstance(error, NotFound) else "event"
        services.incidents.note(entry.incident_id, kind, f"no Event was left on the object: {error}")
