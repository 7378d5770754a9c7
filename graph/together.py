"""Other incidents of the same cause and the same hour: where nothing was tried, they are no past that teaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graph.services import Services
from graph.state import Decision, IncidentState, Status
from graph.urgency import without_orders
from tools import shared_causes
from tools.excerpts import message
from tools.naming import naming
from tools.outbox import Gist
from tools.records import Alert, Record, Similar
from tools.shared_letters import ORDER, WINDOW


class Together(Record):
    """Who else has been told of for the cause of an incident."""

    count: int = 0
    ids: frozenset[str] = frozenset()
    """Those of them that the memory brought up."""
    cause: str = ""

    def line(self) -> str:
        """For people; empty where there is none."""
        if not self.count:
            return ""
        others = f"{self.count} other incident{'s' if self.count > 1 else ''}"
        return f"At the same time, by the same cause ({shared_causes.words(self.cause)}): {others}."

    def before(self, similar: Sequence[Similar]) -> list[Similar]:
        """What is left of the memory without those of these that say nothing.

        What was tried or said of one minutes ago, and what was on the same workload, is the most that whoever
        decides can learn.
        """
        return [each for each in similar if each.incident_id not in self.ids or _teaches(each)]


def together(services: Services, state: IncidentState, now: datetime) -> Together:
    """Raises StoreError."""
    cause, since = state["finding"].cause, now - WINDOW
    if not cause:
        return Together()
    count = services.outbox.incidents_of(cause, since, other_than=state["incident_id"])
    ids = [each.incident_id for each in state.get("similar", [])]
    known = services.outbox.among(ids, cause, since) if count and ids else ()
    return Together(count=count, ids=frozenset(known), cause=cause)


def _teaches(each: Similar) -> bool:
    return bool(each.action or each.verdict or each.note or each.same_workload)


def place(decision: Decision, alerts: Sequence[Alert]) -> str:
    """`shop/web`; without an object the first alert's name and, where it tells one, its namespace."""
    target = decision.target
    if target:
        return f"{target['namespace']}/{target['name']}".strip("/")
    if not alerts:
        return "unknown target"
    space = naming(alerts[0].labels).namespace
    return f"{message(alerts[0].name, 100)}{f' in {message(space, 63)}' if space else ''}"


def joining(state: IncidentState, outcome: Status, line: str) -> dict[str, Any]:
    """What lets a message go out with others of its cause: only what is explained, and is no test, is ever held."""
    finding, how_soon = without_orders(state["finding"]), line.partition(":")[0]
    if outcome != "notified" or not finding.cause or how_soon not in ORDER:
        return {}
    where = place(state["decision"], state.get("alerts", []))
    return {
        "how_soon": how_soon,
        "gist": Gist(where=where, what=finding.summary, next_step=finding.next_step),
    }
