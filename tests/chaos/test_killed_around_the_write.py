"""Between the person's yes and the record's last word: killed there, or left without an answer, one write."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.chaos.faults import Scene
from tests.chaos.proxy import Request, drop
from tests.chaos.standing import Standing, recovered_rollback, standing

pytestmark = pytest.mark.timeout(600)
RELEASE = Scene("bad_release", "shop")


def test_a_kill_before_the_write_leaves_one_write(tmp_path: Path) -> None:
    """Killed after the approval and before anything was claimed, then claimed and not sent: written once."""
    with standing(tmp_path, RELEASE) as stand:
        stand.agent.start()
        incident_id = stand.alert(RELEASE)
        stand.approve(incident_id)
        stand.killer.in_request(incident_id, "execute", method="GET")
        assert stand.record.entries("shop") == []

        stand.killer.in_request(
            incident_id, "execute", method="GET", when=lambda: stand.record.entries("shop")
        )
        (claimed,) = stand.record.entries("shop")
        assert claimed.receipt is None
        assert stand.cluster.patches("shop") == []

        stand.until_ended(incident_id)
        assert stand.record.ending("shop") == recovered_rollback()
        assert len(stand.cluster.patches("shop")) == 1


def test_a_write_of_the_dead_process_may_still_arrive(tmp_path: Path) -> None:
    """The network delivers the write after its sender was killed: found by its stamp, and refused if repeated."""
    with standing(tmp_path, RELEASE) as stand:
        stand.agent.start()
        incident_id = stand.alert(RELEASE)
        stand.killer.trap(drop(), incident_id, "execute", method="PATCH", write=True)
        # nothing else may touch the object between the write that was dropped and its late arrival
        stand.cluster.sandbox.pause_controllers()
        stand.approve(incident_id)
        stand.cluster.proxy.wait_for_fault(90)
        stand.killer.kill(incident_id, "execute")
        assert stand.cluster.patches("shop") == []
        (late,) = [r for r in stand.cluster.proxy.requests if r.write and r.status is None]

        assert _deliver(stand, late) == 200
        stand.cluster.sandbox.resume_controllers()
        stand.until_ended(incident_id)
        assert stand.record.ending("shop") == recovered_rollback("found_done")
        assert _deliver(stand, late) in (409, 422)
        assert len(stand.cluster.patches("shop")) == 1


def test_a_run_asks_once_whatever_changed_while_it_was_dead(tmp_path: Path) -> None:
    """Killed after the approval was stored; meanwhile other pods fail: still one approval and one message."""
    with standing(tmp_path, RELEASE) as stand:
        stand.agent.start()
        incident_id = stand.alert(RELEASE)
        stand.killer.stepping(
            incident_id, "request_approval", when=lambda: stand.record.approvals.for_incident(incident_id)
        )
        first = stand.cluster.pods("shop", "web")[0]["metadata"]["name"]
        stand.cluster.sandbox.delete("Pod", "shop", first)

        stand.agent.start()
        stand.approve(incident_id)
        stand.until_ended(incident_id)
        assert stand.record.ending("shop") == recovered_rollback()
        assert stand.record.approvals.pending() == []


def _deliver(stand: Standing, late: Request) -> int:
    """Send it to the API server as the network would; returns the status of the answer."""
    url = stand.cluster.sandbox.url + late.path
    headers = {k: v for k, v in late.headers.items() if k.lower() in ("content-type", "authorization")}
    request = urllib.request.Request(url, late.body, headers, method=late.method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
