"""Jobs that failed and runs that pile up, from alert to verdict: what is asked for, kept, and left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, harness
from tests.server.ways import approve, decision, fire, patch, pending, told
from tests.tools.sandbox.test_cron_jobs import cron_job
from tools.resources import CRONJOBS, JOBS, JsonObject

pytestmark = pytest.mark.timeout(300)
SAID = ("reading rates", "fatal: exchange rate of 2026-01-05 is missing")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent in mode auto, and a CronJob that runs every ten minutes."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(cron_job())
        yield running


def job_failed(agent: Harness, name: str) -> str:
    """The alert of kube-prometheus about that Job."""
    labels = {"condition": "true", "reason": "BackoffLimitExceeded", "job": "kube-state-metrics"}
    return fire(agent, "KubeJobFailed", namespace="shop", job_name=name, **labels)


def one_failure(agent: Harness) -> JsonObject:
    """One run fails, with something to say; it alone is there."""
    fault = agent.sandbox.fault("shop", "nightly", "crashloop", exit_code=3, log_lines=SAID)
    agent.advance(11 * 60, step=60)
    agent.sandbox.clear_faults()
    assert fault.kind == "crashloop"
    (job,) = agent.sandbox.list("Job", "shop")
    return job


def jobs(agent: Harness) -> list[str]:
    return [str(job["metadata"]["name"]) for job in agent.sandbox.list("Job", "shop")]


def deletions(agent: Harness) -> list[Any]:
    """Bodies of the DELETEs that were more than dry runs."""
    return [r.body for r in agent.sandbox.requests if r.method == "DELETE" and r.writes]


def test_a_failed_run_that_a_later_one_made_up_for_is_cleared_away(agent: Harness) -> None:
    """In mode auto too a person decides; what its pod said can be read after it is gone."""
    failed = one_failure(agent)
    name = failed["metadata"]["name"]
    agent.advance(10 * 60, step=60)
    incident_id = job_failed(agent, name)
    assert told(agent, incident_id)[:3] == ("job_failed", "ask", "awaiting_approval")
    waiting = pending(agent)
    shown = waiting["proposal"]["preview"]
    assert shown["accepted"] is True
    assert "cannot be undone" in shown["undo"]
    assert any("removes evidence" in note for note in shown["notes"])
    assert deletions(agent) == []
    approve(agent)
    (sent,) = deletions(agent)
    assert (sent["propagationPolicy"], sent["preconditions"]) == (
        "Background",
        {"uid": failed["metadata"]["uid"]},
    )
    agent.advance(300)

    assert told(agent, incident_id) == ("job_failed", "ask", "recovered", "RECOVERED")
    assert name not in jobs(agent)
    owner = {"kind": "CronJob", "namespace": "shop", "name": "nightly"}
    assert decision(agent, incident_id)["target"] == owner
    kept = agent.client.get(f"/incidents/{incident_id}").get_json()["evidence"]["items"]
    assert any(SAID[-1] in item["excerpt"] for item in kept if item["kind"] == "logs")


def test_a_failed_run_that_nothing_made_up_for_is_explained_with_its_log(agent: Harness) -> None:
    """The look-alike: deleting it would hide that the work was never done."""
    failed = one_failure(agent)
    incident_id = job_failed(agent, failed["metadata"]["name"])
    assert told(agent, incident_id)[:3] == ("job_failed", "notify", "notified")
    reasons = decision(agent, incident_id)["reasons"]
    assert any("task: exit code 3" in line for line in reasons)
    assert jobs(agent) == [failed["metadata"]["name"]]


def test_a_failed_run_whose_pods_are_gone_has_nothing_left_to_lose(agent: Harness) -> None:
    """Somebody, or the garbage collector of pods, was faster."""
    failed = one_failure(agent)
    agent.advance(10 * 60, step=60)
    for pod in agent.pods("shop"):
        if pod["metadata"]["name"].startswith(failed["metadata"]["name"]):
            agent.sandbox.delete("Pod", "shop", pod["metadata"]["name"])
    agent.advance(10)
    incident_id = job_failed(agent, failed["metadata"]["name"])
    assert told(agent, incident_id)[:3] == ("job_failed", "ask", "awaiting_approval")


def test_a_job_that_is_gone_before_the_answer_is_not_deleted_twice(agent: Harness) -> None:
    """A person was faster: 412."""
    failed = one_failure(agent)
    agent.advance(10 * 60, step=60)
    job_failed(agent, failed["metadata"]["name"])
    waiting = pending(agent)
    agent.sandbox.delete("Job", "shop", failed["metadata"]["name"])
    answer = agent.client.post(f"/approve/{waiting['id']}", json={})
    assert answer.status_code == 412, answer.get_data(as_text=True)
    assert deletions(agent) == []


def test_a_job_whose_owner_said_no_is_left_alone(agent: Harness) -> None:
    """The annotation counts on a CronJob as on a Deployment."""
    failed = one_failure(agent)
    agent.advance(10 * 60, step=60)
    patch(agent, CRONJOBS, "shop", "nightly", {"metadata": {"annotations": {"sre-agent/disable": "true"}}})
    incident_id = job_failed(agent, failed["metadata"]["name"])
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any("workload_disabled" in line for line in decision(agent, incident_id)["blocked_by"])


def test_whoever_asks_has_a_failed_run_deleted_once_its_log_is_kept(agent: Harness) -> None:
    """Though nothing made up for it, which is told beside it; its own name is all that is given."""
    failed = one_failure(agent)["metadata"]["name"]
    wish = {"namespace": "shop", "kind": "Job", "workload": failed, "action": {"name": "delete_job"}}
    wrong = {**wish, "action": {"name": "delete_job", "args": {"job": "another"}}}
    answer = agent.client.post("/incidents", json=wrong)
    assert (answer.status_code, "name another" in answer.get_json()["detail"]) == (422, True)
    answer = agent.client.post("/incidents", json=wish)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    agent.drive()
    incident_id = answer.get_json()["id"]
    assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
    kept = agent.client.get(f"/incidents/{incident_id}").get_json()["evidence"]["items"]
    assert any(SAID[-1] in item["excerpt"] for item in kept if item["kind"] == "logs")
    assert deletions(agent) == []
    approve(agent)
    agent.advance(300)
    assert told(agent, incident_id)[:3] == ("requested", "ask", "recovered")
    assert failed not in jobs(agent)


def test_a_run_asked_for_by_its_cron_job_is_not_deleted_unread(agent: Harness) -> None:
    """Of a CronJob the newest run that failed is looked at, and so kept; another one's log would be lost."""
    failed = one_failure(agent)["metadata"]["name"]
    agent.advance(10 * 60, step=60)
    (other,) = (name for name in jobs(agent) if name != failed)
    action = {"name": "delete_job", "args": {"job": other}}
    wish = {"namespace": "shop", "kind": "CronJob", "workload": "nightly", "action": action}
    answer = agent.client.post("/incidents", json=wish)
    agent.drive()
    incident_id = answer.get_json()["id"]
    assert told(agent, incident_id)[:3] == ("requested", "notify", "notified")
    assert "is not kept" in agent.incident(incident_id).summary


def piled_up(agent: Harness) -> str:
    """Four runs that never end; the alert that one of them takes long."""
    agent.sandbox.fault("shop", "nightly", "imagepull")
    agent.advance(41 * 60, step=60)
    oldest = jobs(agent)[0]
    return fire(agent, "KubeJobNotCompleted", namespace="shop", job_name=oldest)


def test_runs_that_pile_up_are_stopped_and_begin_again_on_request(agent: Harness) -> None:
    """Suspended after approval; none begins; resumed after approval once none runs any more."""
    incident_id = piled_up(agent)
    assert told(agent, incident_id)[:3] == ("runs_pile_up", "ask", "awaiting_approval")
    shown = pending(agent)["proposal"]["preview"]
    assert "+  suspend: true" in shown["diff"]
    assert "a run that was missed meanwhile is started at once" in shown["undo"]
    approve(agent)
    agent.advance(300)
    assert told(agent, incident_id) == ("runs_pile_up", "ask", "recovered", "RECOVERED")
    agent.advance(20 * 60, step=60)
    assert len(jobs(agent)) == 4

    agent.sandbox.clear_faults()
    agent.advance(16 * 60, step=60)
    again = fire(agent, "KubernetesCronjobSuspended", namespace="shop", cronjob="nightly")
    assert told(agent, again)[:3] == ("cronjob_suspended", "ask", "awaiting_approval")
    assert "started at once" in pending(agent)["proposal"]["preview"]["notes"][0]
    approve(agent)
    agent.advance(300)
    assert told(agent, again) == ("cronjob_suspended", "ask", "recovered", "RECOVERED")
    found = agent.sandbox.get("CronJob", "shop", "nightly")
    assert found is not None
    assert found["spec"]["suspend"] is False


def test_a_suspension_by_somebody_else_is_theirs(agent: Harness) -> None:
    """Explained: nothing is proposed."""
    patch(agent, CRONJOBS, "shop", "nightly", {"spec": {"suspend": True}})
    agent.advance(60)
    incident_id = fire(agent, "KubernetesCronjobSuspended", namespace="shop", cronjob="nightly")
    assert told(agent, incident_id)[1:3] == ("notify", "notified")


def test_a_job_that_nobody_made_is_explained(agent: Harness) -> None:
    """Nothing makes another one, so that there is no later run to rely on."""
    template = {
        "metadata": {"labels": {"sim/fault": "crashloop"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "task", "image": "registry.example/t:1"}]},
    }
    named = {"name": "import", "namespace": "shop"}
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": named}
    agent.sandbox.apply({**made, "spec": {"backoffLimit": 0, "template": template}})
    agent.advance(60)
    incident_id = job_failed(agent, "import")
    assert told(agent, incident_id)[:3] == ("job_failed", "notify", "notified")
    assert agent.agent.services.cluster.get(JOBS, "shop", "import")


def test_whoever_asks_has_a_cron_job_suspended_and_resumed(agent: Harness) -> None:
    """By its name alone; each is shown first, and approved."""
    for name, suspended in (("suspend_cronjob", True), ("resume_cronjob", False)):
        wish = {"namespace": "shop", "kind": "CronJob", "workload": "nightly", "action": {"name": name}}
        answer = agent.client.post("/incidents", json=wish)
        assert answer.status_code == 202, answer.get_data(as_text=True)
        agent.drive()
        incident_id = answer.get_json()["id"]
        assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
        approve(agent)
        agent.advance(300)
        assert told(agent, incident_id) == ("requested", "ask", "recovered", "RECOVERED")
        found = agent.sandbox.get("CronJob", "shop", "nightly")
        assert found is not None
        assert found["spec"]["suspend"] is suspended
