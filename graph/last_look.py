"""What costs a request to other systems, and is therefore asked only right before a write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graph import policy
from graph.holding import note_nodes, standing
from graph.policy import PolicyFacts
from graph.services import Services
from tools.errors import PermanentError, ToolError
from tools.quiet import why_quiet
from tools.records import Alert


def switch_look(services: Services, facts: PolicyFacts) -> PolicyFacts:
    """The facts with the kill switch as it is now: before every write, whoever approved it.

    Raises TransientError for an API server that does not answer, and StoreError.
    """
    try:
        return facts.model_copy(update={"paused": services.controls.pause_now().paused})
    except PermanentError as error:
        return facts.model_copy(update={"pause_unread": str(error)})


def last_look(services: Services, facts: PolicyFacts, alerts: Sequence[Alert]) -> PolicyFacts:
    """The facts with what the surroundings say now, where nothing else stands in the way of an automatic write.

    Raises ToolError for an API server or a record that does not answer: then nothing is written yet.
    """
    if policy.route(policy.evaluate(facts, services.policy)) != "act":
        return facts
    return facts.model_copy(update={**_hold(services, facts), **_quiet(services, alerts)})


def _hold(services: Services, facts: PolicyFacts) -> dict[str, Any]:
    unread = note_nodes(services, facts.now)
    held = tuple(map(str, standing(services, facts.now)))
    return {"holds": held, "hold_unread": unread and f"the nodes: {unread}"}


def _quiet(services: Services, alerts: Sequence[Alert]) -> dict[str, Any]:
    """An Alertmanager that does not answer is not waited for: a person can tell."""
    if services.silences is None:
        return {}
    try:
        return {"quiet": why_quiet(services.silences, alerts)}
    except ToolError as error:
        return {"quiet_unread": str(error)}
