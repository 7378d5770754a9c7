"""Verdicts other than RECOVERED, reached by the installed agent on the real control plane."""

from __future__ import annotations

import pytest

from tests.controlplane.workloads import Workload
from tests.e2e.agent import PlaneAgent, pod_alert
from tests.e2e.releases import BAD, GOOD, WORSE, images, pods_of, release_stuck, serve_well

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def rolled_back(agent: PlaneAgent, web: Workload) -> str:
    """A release that hangs was approved to be taken back, and is; the incident's id."""
    serve_well(web)
    incident_id = agent.alert(pod_alert(release_stuck(web), "KubePodNotReady"))
    approval = agent.asked(incident_id)
    assert agent.approve(approval["id"]).status == 200
    agent.eventually(lambda: agent.incident(incident_id)["action_taken"] == "rollback_deployment", "written")
    agent.eventually(lambda: images(web) == {GOOD}, "taken back")
    return incident_id


def test_somebody_elses_release_meanwhile_is_superseded(agent: PlaneAgent, web: Workload) -> None:
    """No success is claimed, and theirs is left as it is."""
    incident_id = rolled_back(agent, web)
    web.release(WORSE, fault="notready")

    ended = agent.until_status(incident_id, "escalated")
    assert ended["verdict"] == "SUPERSEDED"
    agent.eventually(lambda: WORSE in images(web), "still theirs")
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 1


def test_what_made_it_worse_is_regressed_and_taken_back(agent: PlaneAgent, web: Workload) -> None:
    """All that served before crash after the write: the recorded inverse is written, once, and a person told."""
    incident_id = rolled_back(agent, web)
    for pod in pods_of(web, GOOD):
        path = f"/api/v1/namespaces/{web.namespace}/pods/{pod['metadata']['name']}"
        web.plane.api.patch(path, {"metadata": {"labels": {"sim/fault": "crashdead"}}}, "merge")

    ended = agent.until_status(incident_id, "escalated")
    assert ended["verdict"] == "REGRESSED"
    agent.eventually(lambda: BAD in images(web), "forward again")
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 2
