"""A round through all namespaces, some at each look of /health: where the agent may write, where it may too much.

Which namespaces were opted in is known to the API server alone, and may change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from server.own_namespaces import meant
from server.settings import Settings
from tools.access import Reviewed, listed_surplus, reviewed
from tools.cluster import ClusterReader
from tools.own_rights import OwnRights
from tools.rbac import Rights
from tools.resources import NAMESPACES

AT_ONCE = 20
"""Namespaces a look: so many requests at most."""
EVERY = timedelta(minutes=10)
SHOWN = 8
"""Names in one line."""


class RightsRound:
    """Safe for one thread, which is that of the probes."""

    def __init__(self, cluster: Reviewed, reader: ClusterReader, settings: Settings, rights: Rights) -> None:
        self._cluster = cluster
        self._reader = reader
        self._settings = settings
        self._declared = (*rights.reader, *rights.executor)
        self._writes = [rule for rule in rights.executor if not rule.cluster]
        self._begun: datetime | None = None
        self._waiting: list[str] = []
        self._may: dict[str, bool] = {}
        self._told: tuple[str, ...] = ()
        self._refused: tuple[str, ...] = ()

    def look(self, now: datetime) -> tuple[str, ...]:
        """What this round has found too much so far. Raises ToolError, and then asks about the same ones again."""
        if not self._waiting and (self._begun is None or now - self._begun >= EVERY):
            self._begin(now)
        reviews = reviewed(self._cluster, self._waiting[:AT_ONCE])
        found = listed_surplus(self._declared, reviews)
        self._may |= {each.namespace: self._may_act(each) for each in reviews}
        self._told = tuple(sorted({*self._told, *found.told}))
        self._refused = tuple(dict.fromkeys((*self._refused, *found.refused)))
        del self._waiting[:AT_ONCE]
        return self._refused

    def words(self) -> str:
        """For /health: where it may write, and what it may do beyond what is declared that keeps it from nothing."""
        there = sorted(name for name, may in self._may.items() if may)
        words = f"may act in {_few(there)}" if there else "may act in no namespace"
        if len(there) == len(self._may) > 1:
            words = "may act in every namespace"
        return words + (f"; not declared: {_few(self._told)}" if self._told else "")

    def _begin(self, now: datetime) -> None:
        names = [item["metadata"]["name"] for item in self._reader.list(NAMESPACES)]
        self._waiting = meant(self._settings, names)
        self._may = {name: self._may.get(name, False) for name in self._waiting}
        self._told = self._refused = ()
        self._begun = now

    def _may_act(self, listed: OwnRights) -> bool:
        """Where the list is not whole, one right stands for all: it would take a dozen requests to ask for each."""
        if listed.lacks(self._writes) and listed.incomplete:
            return self._cluster.allowed("patch", "apps", "deployments", listed.namespace)
        return not listed.lacks(self._writes)


def _few(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
