"""From what a person asked for to the call: checked by the registry, computed from the live object, never taken."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from tools.actions import REGISTRY, Action, parse_call
from tools.cluster import ClusterReader
from tools.errors import Refused
from tools.records import ActionCall, Argument, Record, Target
from tools.requestable import Requestable


def check(
    name: str, args: Mapping[str, Argument], kind: str, enabled: Collection[str] = ()
) -> tuple[Action[Any], Record]:
    """The action, and what the person said of it. Nothing is read.

    Raises Refused, in words for the person: no such action, one that is off, one that nobody can ask for, arguments
    that it does not take, a target of another kind.
    """
    action, how = _action(name, enabled)
    if kind not in how.kinds:
        raise Refused(f"{name} is for a {' or a '.join(how.kinds)}, not for a {kind}.")
    try:
        return action, how.given.model_validate(dict(args), strict=True)
    except ValidationError as err:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors())
        takes = ", ".join(how.given.model_fields) or "no arguments: what it needs is read from the object"
        raise Refused(f"{name} cannot be asked for so: {problems}. It takes {takes}.") from err


def call_for(
    cluster: ClusterReader,
    name: str,
    args: Mapping[str, Argument],
    target: Target,
    at: datetime,
    enabled: Collection[str] = (),
) -> ActionCall:
    """The whole call, from the target as it is now. Raises Refused as `check` does, and ToolError."""
    action, given = check(name, args, target.kind, enabled)
    assert action.on_request is not None
    call = ActionCall(name=name, args=action.on_request.propose(cluster, target, given, at))
    parse_call(call, enabled)
    return call


def argument_of(name: str, kind: str) -> str:
    """Which argument of this action the name of such an object is; empty: none, it names the target itself."""
    action = REGISTRY.get(name)
    return action.on_request.named.get(kind, "") if action and action.on_request else ""


class Askable(Record):
    """An action for a form: what it does, to what, and what a person says beside the name."""

    name: str
    summary: str
    kinds: tuple[str, ...]
    """That a person may name, the telling one first."""
    takes: tuple[str, ...]
    """Arguments; one that the name of what is meant gives is left out."""


def askable(enabled: Collection[str] = ()) -> list[Askable]:
    """All that a person may ask for, by name."""
    return [_askable(REGISTRY[name]) for name in known(enabled)]


def _askable(action: Action[Any]) -> Askable:
    how = action.on_request
    assert how is not None
    return Askable(
        name=action.name,
        summary=action.summary,
        kinds=tuple(how.named) or tuple(how.kinds),
        takes=tuple(field for field in how.given.model_fields if field not in how.named.values()),
    )


def read_words(name: str, words: str) -> dict[str, Argument]:
    """`replicas=4`, `container=web limit=192Mi` as arguments: numbers where the action takes numbers.

    Raises Refused for words that are no such pairs. What the action takes is not looked at here.
    """
    action = REGISTRY.get(name)
    fields = action.on_request.given.model_fields if action and action.on_request else {}
    found: dict[str, Argument] = {}
    for word in words.replace(",", " ").split():
        key, given, text = word.partition("=")
        if not (key and given and text):
            raise Refused(f"{word!r} is no argument: write it like replicas=4")
        counts = key in fields and fields[key].annotation in (int, int | None)
        found[key] = int(text) if counts and text.isdecimal() else text
    return found


def known(enabled: Collection[str] = ()) -> list[str]:
    """Names of the actions that a person may ask for."""
    return sorted(n for n, a in REGISTRY.items() if a.on_request and (a.risk != "off" or n in enabled))


def _action(name: str, enabled: Collection[str]) -> tuple[Action[Any], Requestable]:
    action = REGISTRY.get(name)
    if action is None or action.on_request is None:
        raise Refused(f"There is no action {name!r} to ask for; there are {', '.join(known(enabled))}.")
    if action.risk == "off" and name not in enabled:
        raise Refused(f"Action {name} is off. Name it in ENABLE_ACTIONS to allow it.")
    return action, action.on_request
