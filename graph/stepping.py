"""An action of many writes: one step between two looks, each claimed, sent once, and stoppable before the next.

`verify` looks and never writes; where the action is not over it goes to `advance`, which sends at most one step and
goes back to wait. So no step holds a thread, a pause takes effect before the next one, and a process that dies goes on
where it was: what was claimed is looked up first, what is left is read from the cluster.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from graph import messages, writes
from graph.holding import standing
from graph.overriding import holds_left, overridden
from graph.services import Services
from graph.state import IncidentState, Steps
from tools.actions import parse_call
from tools.errors import Conflict, Forbidden, Invalid, NotFound, Refused, ToolError
from tools.ledger import LedgerEntry
from tools.records import ActionCall, Receipt, Verdict
from tools.stepwise import Step, Stepwise

STOPPED = "stopped"
HINDERED = "hindered"


def goes_on(services: Services, state: IncidentState) -> bool:
    """Whether the action that was begun has more to do."""
    action, _ = parse_call(state["receipt"].call, services.policy.enabled_actions)
    return action.stepwise is not None and not _steps(state).ended


def advance(services: Services, state: IncidentState) -> Steps:
    """Send the next step, or say what is waited for, or that it ends. Raises StoreError."""
    receipt, now = state["receipt"], services.clock.now()
    action, args = parse_call(receipt.call, services.policy.enabled_actions)
    how = action.stepwise
    assert how is not None
    steps = _steps(state)
    try:
        _settle_claims(services, state)
        if services.controls.pause_now().paused:
            return steps.model_copy(update={"ended": STOPPED, "why": "actions were paused"})
        if now - receipt.sent_at >= timedelta(seconds=how.total_seconds):
            return steps.model_copy(update={"ended": HINDERED, "why": f"its time is over; {steps.why}"})
        if held := _held(services, state, now):
            return _waited(steps, Step(kind="wait", why=f"a global hold: {held}"), how, now)
        step = how.go_on(services.cluster, args, _last(services, state), now)
        if step.kind == "send":
            assert step.call is not None
            _send(services, state, receipt, step.call)
            return Steps(sent=steps.sent + 1)
    except (Refused, Conflict, NotFound) as error:
        step = Step(kind="wait", why=str(error))
    except (Forbidden, Invalid) as error:
        step = Step(kind="stop", why=str(error))
    except ToolError as error:
        step = Step(kind="wait", why=f"the API server does not answer: {error}")
    return _waited(steps, step, how, now)


def verdict(state: IncidentState, now: datetime) -> Verdict | None:
    """Of an action that ended before it was over: what a person has to know. None: it ended as it should."""
    steps = _steps(state)
    told = f"{steps.sent} steps were done, then it was ended: {steps.why}"
    if steps.ended == STOPPED:
        return Verdict(name="INCONCLUSIVE", reason=told, at=now)
    if steps.ended == HINDERED:
        return Verdict(name="NOT_RECOVERED", reason=told, at=now)
    return None


def _steps(state: IncidentState) -> Steps:
    return state.get("steps") or Steps()


def _send(services: Services, state: IncidentState, receipt: Receipt, call: ActionCall) -> None:
    entry = LedgerEntry(
        key=hashlib.sha256(f"{receipt.key}\n{sorted(call.args.items())}".encode()).hexdigest()[:32],
        incident_id=state["incident_id"],
        episode_id=state["episode_id"],
        call=call,
        target=receipt.target,
        problem=state["decision"].problem,
        automatic=state["decision"].route == "act",
        claimed_at=services.clock.now(),
    )
    _finish(services, entry)


def _finish(services: Services, entry: LedgerEntry) -> None:
    writes.send(services, entry, one_of_many=True)
    services.ledger.set_verdict(entry.key, writes.STEP_SENT)
    services.incidents.note(entry.incident_id, "step", messages.call_line(entry.call))


def _settle_claims(services: Services, state: IncidentState) -> None:
    """What an earlier process claimed and did not record: done, and then recorded without another write, or forgotten.

    A request that is still on its way then is one with the one that is sent instead: both name the same uid.
    """
    for entry in services.ledger.for_incident(state["incident_id"]):
        if entry.key == state["receipt"].key or entry.receipt is not None:
            continue
        if writes.was_sent(services, entry):
            _finish(services, entry)
        else:
            services.ledger.release(entry.key)


def _held(services: Services, state: IncidentState, now: datetime) -> str:
    """What holds everything still, unless the person who approved has said that it may be done in spite of that."""
    return "; ".join(map(str, holds_left(standing(services, now), overridden(state.get("answer")))))


def _last(services: Services, state: IncidentState) -> ActionCall | None:
    entries = services.ledger.for_incident(state["incident_id"])
    sent = [entry for entry in entries if entry.receipt and entry.key != state["receipt"].key]
    return sent[-1].call if sent else None


def _waited(steps: Steps, step: Step, how: Stepwise, now: datetime) -> Steps:
    """Whatever the hindrances were: so long without a step is too long."""
    if step.kind in ("over", "stop"):
        ended = "over" if step.kind == "over" else HINDERED
        return steps.model_copy(update={"ended": ended, "why": step.why})
    since = steps.held_since or now
    held = now - since >= timedelta(seconds=how.patience_seconds)
    return steps.model_copy(update={"held_since": since, "why": step.why, "ended": HINDERED if held else ""})
