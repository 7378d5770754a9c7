"""Editing within bounds: a fresh proposal with its own preview and id, or 422 with the reason; never a decision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, harness
from tests.server.app_stand import HTML, Stand, stand
from tests.server.ways import approve, decision, fire, limited, pending, replicas, told, writes
from tools.actions.scale_deployment import ACTION

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent that asks whether three busy pods should be four."""
    with harness(tmp_path, MODE="approve") as running:
        running.sandbox.apply(limited())
        running.advance(300, step=60)
        running.sandbox.load("shop", "web", cores=1.45)
        running.advance(60, step=20)
        fire(running, "HighCPUUsage", namespace="shop", deployment="web")
        yield running


def edit(agent: Harness, args: object, status: int, **more: Any) -> dict[str, Any]:
    """Edit the one that waits; the answer's body."""
    answer = agent.client.post(f"/approve/{pending(agent)['id']}/edit", json={"args": args, **more})
    assert answer.status_code == status, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def test_an_edit_makes_a_proposal_of_its_own_that_is_then_approved(agent: Harness) -> None:
    """The old one is renewed and leads to the fresh one, whose preview shows the new number; then as ever."""
    old = pending(agent)
    place = edit(agent, {"replicas": 5}, 202, reason="a sale begins")["incident"]
    agent.drive()
    fresh = pending(agent)
    assert fresh["id"] != old["id"]
    assert "+  replicas: 5" in fresh["proposal"]["preview"]["diff"]
    assert fresh["proposal"]["edited"] == {"replicas": 5}
    assert "local set replicas to 5 instead of 4" in fresh["proposal"]["reason"]
    before = agent.client.get(f"/approve/{old['id']}", headers={"Accept": "application/json"}).get_json()
    assert (before["state"], before["links"]["fresh"]) == ("renewed", f"/approve/{fresh['id']}")
    assert agent.client.post(f"/approve/{old['id']}").status_code == 409
    assert writes(agent) == []
    approve(agent)
    assert replicas(agent) == 5
    agent.advance(300, step=20)
    incident_id = place.rpartition("/")[2]
    assert told(agent, incident_id) == ("high_cpu", "ask", "recovered", "RECOVERED")
    lines = [line.text for line in agent.agent.services.incidents.timeline(incident_id)]
    wanted = "local wants scale_deployment with replicas 5 instead, and it is proposed anew: a sale begins"
    assert wanted in lines


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"replicas": 6}, "not one step of at most a half"),
        ({"replicas": 2}, "has to stay more than 3"),
        ({"replicas": 3}, "not one step of at most a half"),
        ({"replicas": 4}, "as proposed already"),
        ({"replicas": "5"}, "valid integer"),
        ({"replicas": True}, "valid integer"),
        ({"from_replicas": 4}, "may not be edited; replicas may be"),
        ({"replicas": 5, "uid": "u2"}, "uid of scale_deployment may not be edited"),
        ({}, "must be an object"),
        ([5], "must be an object"),
        ({"replicas": 5.5}, "must be an object"),
    ],
)
def test_arguments_that_cannot_be_are_422_with_the_reason(asking: Harness, args: object, why: str) -> None:
    """The approval stays as it was, and so does its run."""
    before = pending(asking)
    assert why in edit(asking, args, 422)["detail"]
    assert pending(asking) == before


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """As `agent`, for tests that leave it as it is."""
    with harness(tmp_path_factory.mktemp("asking"), MODE="approve") as running:
        running.sandbox.apply(limited())
        running.advance(300, step=60)
        running.sandbox.load("shop", "web", cores=1.45)
        running.advance(60, step=20)
        fire(running, "HighCPUUsage", namespace="shop", deployment="web")
        yield running


def test_policy_bounds_an_edit_too(agent: Harness) -> None:
    """A quota has room for one more pod and not for two: 422 names the rule; what was proposed stays possible."""
    quota = {"hard": {"pods": "4"}}
    metadata = {"name": "all", "namespace": "shop"}
    agent.sandbox.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": quota})
    agent.advance(10)
    assert "quota" in edit(agent, {"replicas": 5}, 422)["detail"]
    approve(agent)
    assert replicas(agent) == 4


def test_an_edit_meets_the_same_world_as_an_approval(agent: Harness) -> None:
    """While paused 409; when somebody has scaled it meanwhile 412, and the run looks afresh."""
    agent.client.post("/pause", json={"reason": "migration"})
    assert edit(agent, {"replicas": 5}, 409)["type"].endswith("/paused")
    agent.client.post("/resume")
    agent.sandbox.apply(limited(replicas=8))
    agent.advance(20)
    assert edit(agent, {"replicas": 5}, 412)["type"].endswith("/target-changed")
    assert writes(agent) == []


def test_an_edit_asks_in_mode_auto_too(tmp_path: Path) -> None:
    """What asked for a person may be over when it is proposed anew: who edits has not seen the preview yet."""
    with harness(tmp_path, MODE="auto", REQUIRE_APPROVAL_FOR="scale") as running:
        running.sandbox.apply(limited())
        running.advance(300, step=60)
        running.sandbox.load("shop", "web", cores=1.45)
        running.advance(60, step=20)
        incident_id = fire(running, "HighCPUUsage", namespace="shop", deployment="web")
        edit(running, {"replicas": 5}, 202)
        running.drive()
        assert (
            "edited: a person changed it, and approves what is shown"
            in decision(running, incident_id)["blocked_by"]
        )
        assert running.incident(incident_id).status == "awaiting_approval"


def test_the_page_offers_only_what_may_be_edited(agent: Harness, tmp_path: Path) -> None:
    """A field for the number of replicas; a form's text is read as the number that it is."""
    browser, place = agent.agent.app.test_client(), f"/approve/{pending(agent)['id']}"
    page = browser.get(place, headers=HTML).get_data(as_text=True)
    assert f'action="{place}/edit"' in page
    assert 'name="replicas" value="4" type="number"' in page
    assert 'name="from_replicas"' not in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    sent = {**HTML, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    fields = {"csrf_token": token, "replicas": "five"}
    assert browser.post(f"{place}/edit", data=fields, headers=sent).status_code == 422
    assert browser.post(f"{place}/edit", data={**fields, "replicas": "5"}, headers=sent).status_code == 303
    agent.drive()
    assert pending(agent)["proposal"]["call"]["args"]["replicas"] == 5


@pytest.fixture
def rollback(tmp_path: Path) -> Iterator[Stand]:
    """A pending approval of an action of which nothing may be edited."""
    with stand(tmp_path) as made:
        made.approval()
        yield made


def test_most_actions_have_nothing_to_edit(rollback: Stand) -> None:
    """No form on the page; a request is refused and decides nothing."""
    page = rollback.client().get("/approve/a1", headers=HTML).get_data(as_text=True)
    assert "/approve/a1/edit" not in page
    answer = rollback.client().post("/approve/a1/edit", json={"args": {"to_revision": 7}})
    assert answer.status_code == 422
    assert rollback.approvals.get("a1").state == "pending"


def test_an_action_cannot_declare_its_target_to_be_editable() -> None:
    """Nor an argument that it does not have: such an action does not load."""
    for names in (("uid",), ("replica",)):
        with pytest.raises(TypeError, match="none of theirs"):
            replace(ACTION, editable=names)
