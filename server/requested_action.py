"""The action that a request for an incident names: read, and refused in words while the person is still there.

People give names and numbers; the target's uid and what else binds the write is read from the cluster here and again
in the run. What cannot be read now is left to the run, which waits for the API server.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from server.problems import Problem
from tools import argv, requested_calls, targets
from tools.cluster import ClusterReader
from tools.errors import Forbidden, PermanentError, Refused, TransientError
from tools.records import Alert, Argument
from tools.requested_actions import RequestedActions
from tools.requested_calls import read_words

FIELD = "action"
ARGS = "args"
"""In a form, beside the name of an action: its arguments as `replicas=4`."""
EXAMPLE = '"action": {"name": "restart_deployment", "args": {}}'
LONGEST = 500
"""Characters of one argument."""
LONGEST_LIST = 4000


def apart() -> tuple[str, ...]:
    """Fields of this request that name an action and are read by `read_wish`."""
    return (FIELD,) if request.is_json else (FIELD, ARGS)


@dataclass(frozen=True)
class Wish:
    """An action as a person names it."""

    name: str
    args: dict[str, Argument]


def read_wish() -> Wish | None:
    """The request's action; None: it names none. Raises a 422 problem for what is no action."""
    given = _given()
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or set(given) - {"name", "args"}:
        raise _problem(f"The action must be an object like {EXAMPLE}.")
    args = given.get("args", {})
    if not isinstance(args, dict) or not all(_is_argument(value) for value in args.values()):
        words = "args must be an object of names, numbers, truth values and lists of words"
        raise _problem(f"{words}. Send {EXAMPLE}.")
    return Wish(given["name"], {name: _plain(value) for name, value in args.items()})


@dataclass(frozen=True)
class Wishes:
    """Says no while the person is still there."""

    reader: ClusterReader
    requests: RequestedActions
    enabled: Collection[str]

    def of_part(self, wish: Wish, kind: str, name: str) -> Wish:
        """The wish with the name of what the person named, where the action is about a part of its target.

        Raises a 422 problem where its arguments name another one.
        """
        field = requested_calls.argument_of(wish.name, kind)
        if not field:
            return wish
        if wish.args.get(field, name) != name:
            raise _problem(f"The request is about {kind} {name}, and its arguments name {wish.args[field]}.")
        return replace(wish, args={**wish.args, field: name})

    def check(self, wish: Wish, alert: Alert, at: datetime) -> None:
        """Raises a 422 problem for what cannot be done to the alert's object, a 409 problem where a run is under
        way on it. An object that cannot be read now is no problem yet: the run says so.
        """
        try:
            found = targets.resolve(self.reader, [alert])
            if found.target is None:
                raise Refused(found.reason)
            requested_calls.call_for(self.reader, wish.name, wish.args, found.target, at, self.enabled)
        except (Forbidden, TransientError):
            return
        except PermanentError as error:
            raise _problem(str(error)) from error
        self._refuse_second(found.target.uid)

    def _refuse_second(self, uid: str) -> None:
        holder = self.requests.under_way(uid)
        if holder:
            place = f"/incidents/{holder}"
            words = f"{place} is under way on this object: see it to its end, or answer its approval, then ask again."
            raise Problem(409, "under-way", "A run is under way there", words, incident=place)


def _given() -> object:
    if not request.is_json:
        return _of_form(request.form.get(FIELD, "").strip(), request.form.get(ARGS, ""))
    try:
        document = request.get_json()
    except BadRequest:
        return None  # `read_fields` says so
    return document.get(FIELD) if isinstance(document, dict) else None


def _of_form(text: str, words: str) -> object:
    """A name with its arguments beside it, as a person fills it in; or the object as JSON, as chat offers it."""
    if not text:
        if words.strip():
            raise _problem("Arguments without an action: choose what is to be done.")
        return None
    try:
        return json.loads(text) if text.startswith("{") else {"name": text, "args": read_words(text, words)}
    except (ValueError, Refused) as error:
        raise _problem(str(error)) from error


def _plain(value: Any) -> Argument:
    """A list of words is kept as its one JSON text."""
    return argv.as_text(value) if isinstance(value, list) else value


def _is_argument(value: object) -> bool:
    if isinstance(value, list):
        words = all(isinstance(word, str) for word in value)
        return words and sum(len(word) for word in value) <= LONGEST_LIST
    return isinstance(value, int | bool) or (isinstance(value, str) and len(value) <= LONGEST)


def _problem(words: str) -> Problem:
    return Problem(422, "bad-action", "An action that cannot be asked for", words)
