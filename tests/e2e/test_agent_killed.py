"""SIGKILL between the API server's commit and its answer: the write is not made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.proxy import FaultProxy, hold
from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload, revision
from tests.e2e.agent import SHORT, PlaneAgent, pod_alert
from tests.e2e.audit_log import Audited, Right
from tests.e2e.releases import GOOD, images, release_stuck, serve_well
from tests.e2e.wheel import Installed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_write_whose_answer_the_killed_agent_never_got_is_made_once(
    plane: ControlPlane,
    installed: Installed,
    rights: set[Right],
    web: Workload,
    tmp_path: Path,
    figures: Callable[[str], None],
) -> None:
    """Started again it finds its stamp, verifies what it had done, and the audit log holds one write."""
    serve_well(web)
    stuck = release_stuck(web)
    with (
        FaultProxy(plane.url, ca=plane.ca) as proxy,
        PlaneAgent(tmp_path / "agent", plane, installed, server=proxy.url, **SHORT) as agent,
    ):
        agent.start()
        incident_id = agent.alert(pod_alert(stuck, "KubePodNotReady"))
        approval = agent.asked(incident_id)
        proxy.spoil(hold(), method="PATCH", path=f"/deployments/{web.name}")
        assert agent.approve(approval["id"]).status == 200
        proxy.wait_for_fault(90)
        agent.kill()
        proxy.release()
        agent.eventually(lambda: Audited(agent.calls(), ()).writes, "the audit event of the held write")
        (entry,) = agent.ledger()
        assert entry.receipt is None
        assert web.read()["metadata"]["annotations"]["sre-agent/last-action"] == entry.key

        agent.start()
        ended = agent.until_status(incident_id, "recovered")

        audited = agent.audited()
        assert audited.differences() == []
        assert ended["receipts"][0]["receipt"]["outcome"] == "found_done"
        figures(f"1 kill after the commit, {len(audited.writes)} write of {len(agent.ledger())} claim")
    assert len(audited.writes) == 1
    assert images(web) == {GOOD}
    assert [revision(each) for each in web.revisions()] == [2, 3]
