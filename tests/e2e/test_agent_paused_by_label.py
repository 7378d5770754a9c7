"""The kill switch as a label on the agent's own namespace, read with the generated rights on the real API server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.controlplane.plane import ControlPlane
from tests.controlplane.workloads import Workload
from tests.e2e.agent import ACCOUNT, SHORT, PlaneAgent, pod_alert
from tests.e2e.audit_log import Right
from tests.e2e.releases import release_stuck, serve_well
from tests.e2e.wheel import Installed
from tools.pause_label import PAUSED_LABEL

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_nothing_is_written_while_the_label_is_there(
    plane: ControlPlane,
    installed: Installed,
    rights: set[Right],
    web: Workload,
    tmp_path: Path,
    figures: Callable[[str], None],
) -> None:
    """A yes is refused while it is there, and taken once it is gone; the audit log has one write."""
    with PlaneAgent(tmp_path / "agent", plane, installed, POD_NAMESPACE=ACCOUNT, **SHORT) as agent:
        agent.start()
        serve_well(web)
        incident_id = agent.alert(pod_alert(release_stuck(web), "KubePodNotReady"))
        approval_id = agent.asked(incident_id)["id"]
        _label(plane, "true")
        try:
            refused = agent.approve(approval_id)
            agent.eventually(lambda: agent.get("/health").body["paused"], "shown as paused")
            assert (refused.status, agent.audited().writes) == (409, [])
        finally:
            _label(plane, None)
        agent.eventually(lambda: not agent.get("/health").body["paused"], "not paused any more")
        assert agent.approve(approval_id).status == 200
        agent.until_status(incident_id, "recovered")
        audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 1
    figures(f"{len(audited.calls)} requests, 409 while labelled, then 1 write")


def _label(plane: ControlPlane, value: str | None) -> None:
    body = {"metadata": {"labels": {PAUSED_LABEL: value}}}
    plane.api.patch(f"/api/v1/namespaces/{ACCOUNT}", body)
