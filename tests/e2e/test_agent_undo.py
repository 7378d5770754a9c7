"""The installed agent takes its own write back on request, on the real control plane."""

from __future__ import annotations

import pytest

from tests.controlplane.workloads import Workload
from tests.e2e.agent import PlaneAgent, pod_alert, takes_away
from tests.e2e.releases import BAD, GOOD, release_stuck, serve_well

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_rollback_is_taken_back_on_request(agent: PlaneAgent, web: Workload) -> None:
    """Previewed, approved, written once to the very template before, and judged: it is the release that was stuck."""
    serve_well(web)
    stuck = release_stuck(web)
    before = web.read()["spec"]["template"]
    incident_id = agent.alert(pod_alert(stuck, "KubePodNotReady"))
    agent.approve(agent.asked(incident_id)["id"])
    agent.until_status(incident_id, "recovered")

    answer = agent.post(f"/incidents/{incident_id}/undo", {"reason": "the release has to go out"})
    assert answer.status == 202, answer
    approval = agent.asked(answer.body["id"])
    assert takes_away(approval, GOOD)
    assert approval["proposal"]["preview"]["dry_run"] == "accepted"
    assert agent.approve(approval["id"]).status == 200
    ended = agent.until_status(answer.body["id"], "escalated")

    assert ended["verdict"] == "NOT_RECOVERED"
    assert web.read()["spec"]["template"] == before
    assert image_of(web) == BAD
    again = agent.post(f"/incidents/{incident_id}/undo", {})
    assert (again.status, again.body["type"]) == (409, "/problems/undone")
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 2


def test_someone_elses_change_is_not_undone(agent: PlaneAgent, web: Workload) -> None:
    """A third version since: refused, and nothing is even rehearsed."""
    serve_well(web)
    stuck = release_stuck(web)
    incident_id = agent.alert(pod_alert(stuck, "KubePodNotReady"))
    agent.approve(agent.asked(incident_id)["id"])
    agent.until_status(incident_id, "recovered")
    web.release("shop/web:4")
    web.wait_until_healthy()

    answer = agent.post(f"/incidents/{incident_id}/undo", {})
    assert (answer.status, answer.body["type"]) == (409, "/problems/superseded")
    assert image_of(web) == "shop/web:4"
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 1


def image_of(web: Workload) -> str:
    """What the Deployment asks for."""
    (container,) = web.read()["spec"]["template"]["spec"]["containers"]
    return str(container["image"])
