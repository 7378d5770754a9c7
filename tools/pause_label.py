"""The kill switch in the cluster: a label on the agent's own namespace, for whoever has kubectl and no token.

    kubectl label namespace sre-agent sre-agent/paused=true      # no new action from the next write on
    kubectl label namespace sre-agent sre-agent/paused-          # and again

It is read right before every write; pages and /health show what the last look saw. It survives restarts, since it is
kept in the cluster and nowhere else.
"""

from __future__ import annotations

from datetime import datetime

from tools.cluster import ClusterReader
from tools.controls import Controls, PauseState
from tools.records import RbacRule
from tools.resources import NAMESPACES

PAUSED_LABEL = "sre-agent/paused"
RULES: tuple[RbacRule, ...] = (RbacRule(group="", resource="namespaces", verbs=("get",), cluster=True),)


class LabelledControls:
    """The switch in the record, and the label beside it: either of them pauses."""

    def __init__(self, controls: Controls, cluster: ClusterReader, namespace: str) -> None:
        self._controls = controls
        self._cluster = cluster
        self._namespace = namespace
        self._seen = ""

    def pause_state(self) -> PauseState:
        """The record's own, else the label as it was last seen: nothing is asked here."""
        state = self._controls.pause_state()
        return state if state.paused or not self._seen else self._by_label()

    def pause_now(self) -> PauseState:
        state = self._controls.pause_state()
        self.look()
        return state if state.paused or not self._seen else self._by_label()

    def look(self) -> str:
        """Read the label; what it says, for /health. Raises ToolError: then nobody knows.

        Whatever it says but `false` pauses: a switch that is thrown with another word was meant to be thrown.
        """
        found = self._cluster.get(NAMESPACES, "", self._namespace)
        told = str(((found.get("metadata") or {}).get("labels") or {}).get(PAUSED_LABEL, ""))
        self._seen = "" if told.lower() in ("", "false") else told
        return f"{PAUSED_LABEL}={told}" if told else "not paused"

    def pause(self, *, actor: str, reason: str, at: datetime) -> None:
        self._controls.pause(actor=actor, reason=reason, at=at)

    def resume(self, *, actor: str, reason: str, at: datetime) -> None:
        self._controls.resume(actor=actor, reason=reason, at=at)

    def _by_label(self) -> PauseState:
        ends = f"kubectl label namespace {self._namespace} {PAUSED_LABEL}- ends it"
        actor = f"label {PAUSED_LABEL} of namespace {self._namespace}"
        return PauseState(paused=True, actor=actor, reason=ends)
