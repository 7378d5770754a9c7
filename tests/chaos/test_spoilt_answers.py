"""An API server that fails, refuses, is slow, is away or loses its answers: one write, one report, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.faults import Scene
from tests.chaos.proxy import Fault, Request, delay, drop, refuse
from tests.chaos.standing import Standing, approved_restart, recovered_restart, recovered_rollback, standing

pytestmark = pytest.mark.timeout(600)
READS: dict[str, Fault] = {
    "read-429": refuse(429, retry_after=1),
    "read-500": refuse(500),
    "read-503": refuse(503),
    "read-dropped": drop(),
    "read-slow": delay(0.3),
}
WRITES: dict[str, Fault] = {
    "write-429": refuse(429, retry_after=1),
    "write-500": refuse(500),
    "write-503": refuse(503),
    "write-dropped": drop(),
    "write-lost": drop(after_commit=True),
    "write-slow": delay(0.5),
}


def test_spoilt_answers_cost_time_and_nothing_else(tmp_path: Path) -> None:
    """Each fault befalls the run of one workload, all at once: each is written to once, and recovers."""
    scenes = {name: Scene("bad_release", name) for name in (*READS, *WRITES)}
    with standing(tmp_path, *scenes.values()) as stand:
        stand.agent.start()
        for name, fault in READS.items():
            stand.cluster.proxy.spoil(fault, method="GET", path=f"/namespaces/{name}/", when=_always, times=3)
        for name, fault in WRITES.items():
            stand.cluster.proxy.spoil(fault, method="PATCH", path=f"/namespaces/{name}/")
        incidents = {name: stand.alert(scene) for name, scene in scenes.items()}
        for incident_id in incidents.values():
            stand.approve(incident_id)
        stand.until_ended(*incidents.values())

        for name in scenes:
            found = "found_done" if name == "write-lost" else "done"
            assert stand.record.ending(name) == recovered_rollback(found), name
            assert len(stand.cluster.patches(name)) == 1, name
        assert stand.record.audit.broken_at() is None


def test_an_api_server_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """Started and alerted while nobody answers: accepted, shown as down, and driven once the server is back.

    What has failed so many requests within the minute is not written to without a person, who may be asked meanwhile.
    """
    scene = Scene("transient", "orders")
    with standing(tmp_path, scene) as stand:
        stand.cluster.proxy.spoil(drop(), when=_always, times=100_000)
        stand.agent.start()
        incident_id = stand.alert(scene)
        stand.agent.until(lambda: stand.agent.get("/health").body["down"] == ["k8s"], "seen to be down")
        stand.agent.until(lambda: _failures(stand, incident_id), "tried in vain")
        assert stand.record.incidents.get(incident_id).status == "investigating"

        stand.cluster.proxy.release()
        stand.agent.until(lambda: stand.record.ended(incident_id) or stand.asks(incident_id), "gone on with")
        asked = stand.asks(incident_id)
        if asked:
            stand.approve(incident_id)
        stand.until_ended(incident_id)
        assert stand.record.ending("orders") == (approved_restart() if asked else recovered_restart())
        assert len(stand.cluster.patches("orders")) == 1


def _always(request: Request) -> bool:
    return True


def _failures(stand: Standing, incident_id: str) -> bool:
    return any(line.kind == "failed" for line in stand.record.incidents.timeline(incident_id))
