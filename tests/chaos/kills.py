"""SIGKILL where it hurts: inside a chosen node of a chosen run, or at any instant."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.chaos.agent_process import PATIENCE, AgentProcess
from tests.chaos.cluster import ChaosCluster
from tests.chaos.proxy import Fault, Request, hold
from tests.chaos.record import Record

SLICE = 0.0002
"""Seconds that a process runs between two looks at its thread."""


class Killer:
    """Kills one agent, and counts which node each kill hit."""

    def __init__(self, agent: AgentProcess, cluster: ChaosCluster, record: Record) -> None:
        self.agent = agent
        self.cluster = cluster
        self.record = record
        self.tally: Counter[str] = Counter()

    def in_request(self, incident_id: str, node: str, **which: Any) -> None:
        """Kill while a request that this node has made for this run is held: the server has answered, the agent
        does not know. The agent is started first if it does not run; `which` as in `hold`.
        """
        self.hold(incident_id, node, **which)
        self.kill(incident_id, node)
        self.cluster.proxy.release()

    def hold(
        self,
        incident_id: str,
        node: str,
        *,
        method: str | None = None,
        path: str = "",
        write: bool = False,
        when: Callable[[], object] = lambda: True,
    ) -> None:
        """Run until the answer to such a request is held; `release` of the proxy lets the run go on."""
        self.trap(hold(), incident_id, node, method=method, path=path, write=write, when=when)
        self.run()
        self.cluster.proxy.wait_for_fault(PATIENCE)

    def trap(
        self,
        fault: Fault,
        incident_id: str,
        node: str,
        *,
        method: str | None = None,
        path: str = "",
        write: bool = False,
        when: Callable[[], object] = lambda: True,
    ) -> None:
        """Let the next request that this node makes for this run suffer `fault`; `write`: only real writes."""

        def ours(request: Request) -> bool:
            if request.write < write or place not in request.path:
                return False
            return self.record.node(incident_id) == node and bool(when())

        place = f"/namespaces/{self.record.incidents.get(incident_id).namespace}"
        self.cluster.proxy.spoil(fault, method=method, path=path, when=ours)

    def hold_any(self, path: str) -> None:
        """Let the answer to the next request on this path be held: for a run that has no id yet."""
        self.cluster.proxy.spoil(hold(), path=path, when=lambda request: True)

    def fall(self, incident_id: str, node: str) -> None:
        """Kill once an answer is held."""
        self.cluster.proxy.wait_for_fault(PATIENCE)
        self.kill(incident_id, node)
        self.cluster.proxy.release()

    def when_parked(self, incident_id: str, node: str) -> None:
        """Kill once the run waits in this node."""
        self.run()
        self.agent.until(lambda: self.record.node(incident_id) == node, f"in {node}")
        self.kill(incident_id, node)

    def stepping(self, incident_id: str, node: str, *, when: Callable[[], object] = lambda: True) -> None:
        """Let a run that goes on now advance by slices until this node is next or running, then kill.

        Raises AssertionError when the run ends first.
        """
        deadline = time.monotonic() + PATIENCE
        self.agent.yield_to_others()
        self.agent.freeze()
        while (at := self.record.node(incident_id)) != node or not when():
            over = at == "" and self.record.ended(incident_id)
            assert not over, f"{incident_id} ended and was never seen in {node}"
            assert time.monotonic() < deadline, f"{incident_id} stays in {at or 'no node'}, never in {node}"
            self.agent.thaw()
            time.sleep(SLICE)
            self.agent.freeze()
        self.kill(incident_id, node)

    def kill(self, incident_id: str, node: str) -> None:
        """SIGKILL; the tally holds what the thread says afterwards."""
        self.agent.kill()
        at = self.record.node(incident_id)
        assert at == node, f"meant to be killed in {node}, was in {at or 'no node'}"
        self.tally[node] += 1

    def run(self) -> None:
        """Start the agent unless it runs."""
        if self.agent.starts == 0 or self.agent.ended is not None:
            self.agent.start()
