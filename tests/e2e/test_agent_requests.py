"""What people ask of the installed agent, on the real control plane: more memory, and a restart that Git takes away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controlplane.workloads import Workload
from tests.e2e.agent import PlaneAgent
from tests.e2e.releases import serve_well

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


def approved(agent: PlaneAgent, web: Workload, name: str, **args: Any) -> str:
    """A person asks for it, sees it, and says yes; the incident's id."""
    action = {"name": name, "args": args}
    body = {"namespace": web.namespace, "workload": web.name, "action": action, "reason": "it has to be"}
    answer = agent.post("/incidents", body)
    assert answer.status == 202, answer
    incident_id = str(answer.body["id"])
    approval = agent.asked(incident_id)
    assert approval["proposal"]["preview"]["dry_run"] == "accepted"
    assert agent.approve(approval["id"]).status == 200
    return incident_id


def test_more_memory_is_asked_for_by_its_limit(agent: PlaneAgent, web: Workload) -> None:
    """Found, bounded, written once and verified; the request goes with the limit."""
    serve_well(web)
    incident_id = approved(agent, web, "set_memory_limit", limit="96Mi")
    ended = agent.until_status(incident_id, "recovered")
    assert ended["verdict"] == "RECOVERED"
    (container,) = web.read()["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "96Mi"
    assert container["resources"]["requests"] == {"cpu": "50m", "memory": "48Mi"}
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 1


def test_a_restart_that_something_takes_away_is_drift(agent: PlaneAgent, web: Workload) -> None:
    """The template is as Git holds it again, and the pods are replaced a second time: nothing is claimed for it."""
    serve_well(web)
    incident_id = approved(agent, web, "restart_deployment")
    agent.eventually(lambda: _restarted(web), "restarted")
    annotations = {RESTARTED_AT: None}
    web.plane.api.patch(web.path, {"spec": {"template": {"metadata": {"annotations": annotations}}}}, "merge")
    ended = agent.until_status(incident_id, "escalated")
    assert ended["verdict"] == "SUPERSEDED"
    assert "drift" in agent.told(incident_id)
    assert not _restarted(web)
    audited = agent.audited()
    assert audited.differences() == []
    assert len(audited.writes) == 1


def _restarted(web: Workload) -> bool:
    metadata = web.read()["spec"]["template"]["metadata"]
    return RESTARTED_AT in (metadata.get("annotations") or {})
