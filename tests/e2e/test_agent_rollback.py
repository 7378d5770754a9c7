"""The installed agent takes bad releases back on the real control plane, or says why it must not."""

from __future__ import annotations

import pytest

from tests.controlplane.workloads import Workload, is_ready
from tests.e2e.agent import PlaneAgent, pod_alert, takes_away
from tests.e2e.releases import BAD, GOOD, images, pods_of, release_crashing, release_stuck, serve_well

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_release_that_never_becomes_ready_is_rolled_back_and_recovers(
    agent: PlaneAgent, web: Workload
) -> None:
    """The older pods still serve, which proves them; a person approves the shown change, and it helps."""
    serve_well(web)
    serving = {pod["metadata"]["uid"] for pod in web.pods()}
    stuck = release_stuck(web)

    incident_id = agent.alert(pod_alert(stuck, "KubePodNotReady"))
    approval = agent.asked(incident_id)

    proposal = approval["proposal"]
    assert (proposal["call"]["name"], proposal["problem"]) == ("rollback_deployment", "bad_release")
    assert (proposal["health_proof"], proposal["call"]["args"]["to_revision"]) == ("proved", 1)
    assert proposal["preview"]["dry_run"] == "accepted"
    assert takes_away(approval, BAD)
    assert images(web) == {GOOD, BAD}

    assert agent.approve(approval["id"]).status == 200
    ended = agent.until_status(incident_id, "recovered")

    assert (ended["verdict"], ended["action_taken"]) == ("RECOVERED", "rollback_deployment")
    assert {pod["metadata"]["uid"] for pod in web.pods()} == serving
    assert all(map(is_ready, pods_of(web, GOOD)))
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 1


def test_going_back_to_what_nothing_vouches_for_is_not_even_asked(agent: PlaneAgent, web: Workload) -> None:
    """Every older pod is gone and the older revision was current for less than ten minutes: explained instead."""
    serve_well(web)
    crashing = release_crashing(web)

    incident_id = agent.alert(pod_alert(crashing))
    ended = agent.until_status(incident_id, "notified")

    assert (ended["problem"], ended["route"], ended["action"]) == ("bad_release", "notify", "")
    assert "no older revision can be gone back to with reason" in agent.told(incident_id)
    assert "ImportError: no module named shop" in ended["logs"]
    audited = agent.audited()
    assert audited.differences() == []
    assert (audited.writes, audited.rehearsals) == ([], [])
