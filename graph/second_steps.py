"""The steps that follow a write, taken one at a look (`graph.planned_steps`): each with its own entry in the ledger.

A pod is evicted once the StatefulSet has left the revision that the pod is of, while all pods of the present one are
ready and this one is still not. Authorised by the approval that showed it; never in spite of a pause, nor of a global
hold that came after it.
"""

from __future__ import annotations

import hashlib

from graph import writes
from graph.holding import standing
from graph.overriding import holds_left, overridden
from graph.proposals import is_untried
from graph.services import Services
from graph.state import IncidentState, Proposal
from tools.errors import Conflict, PermanentError, ToolError, TransientError, UnknownOutcome
from tools.ledger import LedgerEntry
from tools.records import ActionCall


def take(services: Services, state: IncidentState) -> None:
    """Send the next step that is still needed, if there is one and its time has come. Never raises ToolError."""
    if _stopped(services, state):
        return
    for call in _steps(state):
        known = services.ledger.get(_key(state, call))
        if known and known.receipt and _is_noted(services, state["incident_id"], _told(call)):
            continue  # done, and told to the end: a process may die before that
        if _take_one(services, state, known or _entry(services, state, call), new=known is None):
            return


def _stopped(services: Services, state: IncidentState) -> bool:
    """Paused, or held by what whoever approved it did not know of. A switch that cannot be read may be thrown."""
    try:
        if services.controls.pause_now().paused:
            return True
    except ToolError:
        return True
    return bool(holds_left(standing(services, services.clock.now()), overridden(state.get("answer"))))


def close(services: Services, state: IncidentState, verdict: str) -> None:
    """The steps are judged with the write that they follow."""
    for call in _steps(state):
        services.ledger.set_verdict(_key(state, call), verdict)


def _take_one(services: Services, state: IncidentState, entry: LedgerEntry, *, new: bool) -> bool:
    """Whether to wait for the next look before another step is thought of."""
    try:
        if new and writes.was_sent(services, entry):
            return False  # it went by itself
        writes.send(services, entry, one_of_many=True, untried=_is_untried(state))
    except Conflict:
        return False  # ready again, or another one of that name
    except (TransientError, UnknownOutcome) as error:
        if new and isinstance(error, TransientError):
            services.ledger.release(entry.key)
        return True
    except PermanentError as error:
        _note_once(services, state["incident_id"], f"{entry.call.args['name']} was not evicted: {error}")
        return True
    proposal = state["proposal"]
    assert proposal is not None
    services.incidents.set_action_taken(state["incident_id"], proposal.call.name)
    _note_once(services, state["incident_id"], _told(entry.call))
    return True


def _is_untried(state: IncidentState) -> bool:
    proposal = state["proposal"]
    return proposal is not None and is_untried(proposal)


def _note_once(services: Services, incident_id: str, text: str) -> None:
    if not _is_noted(services, incident_id, text):
        services.incidents.note(incident_id, "second_step", text)


def _is_noted(services: Services, incident_id: str, text: str) -> bool:
    return any(entry.text == text for entry in services.incidents.timeline(incident_id))


def _told(call: ActionCall) -> str:
    return f"{call.args['name']} was evicted: it held up the rollout"


def _steps(state: IncidentState) -> tuple[ActionCall, ...]:
    proposal: Proposal | None = state.get("proposal")
    return proposal.then if proposal else ()


def _key(state: IncidentState, call: ActionCall) -> str:
    text = "\n".join((state["incident_id"], call.name, str(call.args["uid"])))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _entry(services: Services, state: IncidentState, call: ActionCall) -> LedgerEntry:
    proposal = state["proposal"]
    assert proposal is not None
    return LedgerEntry(
        key=_key(state, call),
        incident_id=state["incident_id"],
        episode_id=state["episode_id"],
        call=call,
        target=proposal.target,
        problem=proposal.problem,
        automatic=False,
        claimed_at=services.clock.now(),
    )
