"""What a person changes of a proposal: only the arguments that its action lets people edit (product.md section 4).

An edit is bounded by the action's own arguments and by policy, and may lessen or enlarge a step, never turn it round.
It makes a proposal of its own, with its own preview and id, that is then approved or not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from graph.state import Proposal
from tools.actions import parse_call
from tools.errors import Refused
from tools.records import ActionCall, ApprovalAnswer, Argument

Args: TypeAlias = Mapping[str, Argument]


def editable(call: ActionCall, enabled: Collection[str]) -> dict[str, Argument]:
    """What a person may edit of this call, with its present values; empty for what nobody may. Raises Refused."""
    action, _ = parse_call(call, enabled)
    return {name: call.args[name] for name in action.editable if name in call.args}


def edited(proposal: Proposal, wanted: Args, who: str, enabled: Collection[str]) -> Proposal:
    """The proposal with what a person set. Raises Refused, in words, for what may not be set so."""
    may = editable(proposal.call, enabled)
    if unknown := sorted(set(wanted) - set(may)):
        known = ", ".join(sorted(may)) or "nothing"
        raise Refused(f"{', '.join(unknown)} of {proposal.call.name} may not be edited; {known} may be")
    changed = {name: value for name, value in wanted.items() if value != may[name]}
    if not changed:
        raise Refused("it is as proposed already: approve it, or say what should be another")
    call = ActionCall(name=proposal.call.name, args={**proposal.call.args, **changed})
    parse_call(call, enabled)
    for name, value in changed.items():
        _refuse_turned(proposal.call.args, name, value)
    told = ", ".join(f"{name} to {value} instead of {may[name]}" for name, value in changed.items())
    reason = f"{proposal.reason} {who} set {told}."
    return proposal.model_copy(update={"call": call, "edited": changed, "reason": reason, "preview": None})


def with_edit(
    candidates: Sequence[Proposal], answer: ApprovalAnswer | None, enabled: Collection[str]
) -> list[Proposal]:
    """The one candidate that a person edited, as they want it; all of them, unedited, where it fits none any more."""
    edit = answer.edit if answer and answer.decision == "renewed" else None
    fitting = next((c for c in candidates if edit and c.call.name == edit.name), None)
    if edit is None or answer is None or fitting is None:
        return list(candidates)
    try:
        return [edited(fitting, edit.args, answer.actor or "A person", enabled)]
    except Refused as error:
        told = f"{fitting.reason} What {answer.actor or 'a person'} set is left out: {error}."
        return [c.model_copy(update={"reason": told}) if c is fitting else c for c in candidates]


def same_but_for_edit(candidate: Proposal, proposal: Proposal, ignored: Collection[str]) -> bool:
    """The evidence still proposes this, but for what a person set."""
    left_out = {**dict.fromkeys(ignored), **dict.fromkeys(proposal.edited)}
    return candidate.call.name == proposal.call.name and (
        {**candidate.call.args, **left_out} == {**proposal.call.args, **left_out}
    )


def _refuse_turned(args: Args, name: str, value: Argument) -> None:
    start, proposed = args.get(f"from_{name}"), args[name]
    if not (isinstance(start, int) and isinstance(proposed, int) and isinstance(value, int)):
        return
    up = proposed > start
    if up != (value > start) or value == start:
        way = "more" if up else "fewer"
        raise Refused(f"{name} has to stay {way} than {start}: that is what the evidence speaks for")
