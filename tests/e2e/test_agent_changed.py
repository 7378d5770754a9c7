"""Between the question and the answer the world moves on: the old proposal is never carried out."""

from __future__ import annotations

import pytest

from tests.controlplane.workloads import Workload
from tests.e2e.agent import PlaneAgent, pod_alert, takes_away
from tests.e2e.releases import BAD, GOOD, WORSE, images, release_stuck, serve_well

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_after_somebody_elses_release_the_answer_is_412_and_a_fresh_proposal(
    agent: PlaneAgent, web: Workload
) -> None:
    """What was approved is not what is there any more; the fresh proposal takes back what is."""
    serve_well(web)
    incident_id = agent.alert(pod_alert(release_stuck(web, BAD), "KubePodNotReady"))
    first = agent.asked(incident_id)
    release_stuck(web, WORSE)

    refused = agent.approve(first["id"])
    assert (refused.status, refused.refused) == (412, "target-changed")
    assert "template has changed" in refused.body["detail"]
    assert images(web) == {GOOD, WORSE}

    fresh = agent.asked(incident_id, other_than=first["id"])
    assert takes_away(fresh, WORSE)
    again = agent.approve(first["id"])
    assert (again.status, again.body["fresh"]) == (412, f"/approve/{fresh['id']}")
    assert agent.approve(fresh["id"]).status == 200
    agent.until_status(incident_id, "recovered")
    assert images(web) == {GOOD}
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 1


def test_an_alert_that_resolves_withdraws_its_approval(agent: PlaneAgent, web: Workload) -> None:
    """Nobody can approve it any more, and nothing is written."""
    serve_well(web)
    stuck = release_stuck(web)
    incident_id = agent.alert(pod_alert(stuck, "KubePodNotReady"))
    approval = agent.asked(incident_id)

    assert agent.alert(pod_alert(stuck, "KubePodNotReady", status="resolved")) == incident_id
    ended = agent.until_status(incident_id, "withdrawn")

    assert [each["state"] for each in ended["approvals"]] == ["withdrawn"]
    refused = agent.approve(approval["id"])
    assert (refused.status, refused.refused) == (409, "withdrawn")
    audited = agent.audited()
    assert audited.differences() == []
    assert audited.writes == []
    assert images(web) == {GOOD, BAD}
