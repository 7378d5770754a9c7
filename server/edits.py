"""`POST /approve/<id>/edit`: a person changes what an action lets them change; a fresh proposal follows.

What cannot be is refused while the person is still there: 422 with the reason, by the action's own arguments and by
policy. The run then proposes it anew, with its own preview and id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import request

from graph import editing
from graph.state import Proposal
from server.problems import Problem
from tools.approvals import Approval
from tools.errors import Refused
from tools.records import Argument

FIELD = "args"
EXAMPLE = 'Send {"args": {"replicas": 5}, "reason": "…"}.'
LONGEST = 500
"""Characters of one argument."""


def editable(approval: Approval, enabled: Collection[str]) -> dict[str, Argument]:
    """What the page offers to edit; empty for a proposal of an earlier release that does not fit its action."""
    try:
        return editing.editable(Proposal.model_validate(approval.proposal).call, enabled)
    except (Refused, ValueError):
        return {}


def given() -> object:
    """What the request wants, before its fields are read; `wanted` says whether it can be taken."""
    if not request.is_json:
        return dict(request.form.items())
    document = request.get_json(silent=True)
    return document.get(FIELD) if isinstance(document, dict) else None


def wanted(args: object, may: Mapping[str, Argument]) -> dict[str, Argument]:
    """The arguments; a form's text becomes what its field holds now. Raises a 422 problem."""
    if isinstance(args, dict) and not request.is_json:
        return {name: _as(may[name], args[name]) for name in may if name in args}
    if not isinstance(args, dict) or not args or not all(_is_argument(value) for value in args.values()):
        raise refused(f"args must be an object of names, numbers and truth values. {EXAMPLE}")
    return args


def edited(approval: Approval, args: Mapping[str, Argument], who: str, enabled: Collection[str]) -> Approval:
    """The approval as it would stand, for proving it. Raises a 422 problem with the reason."""
    try:
        proposal = editing.edited(Proposal.model_validate(approval.proposal), args, who, enabled)
    except Refused as error:
        raise refused(f"{error}.") from error
    return approval.model_copy(update={"proposal": proposal.model_dump(mode="json")})


def refused(words: str) -> Problem:
    """The 422 of an edit."""
    return Problem(422, "bad-arguments", "These arguments are refused", words)


def _as(present: Argument, text: str) -> Argument:
    """A form sends text only."""
    if isinstance(present, bool):
        return text.strip().lower() in ("true", "on", "1")
    if not isinstance(present, int):
        return text.strip()
    try:
        return int(text)
    except ValueError as error:
        raise refused(f"{text!r} is no whole number.") from error


def _is_argument(value: object) -> bool:
    return isinstance(value, int | bool) or (isinstance(value, str) and len(value) <= LONGEST)
