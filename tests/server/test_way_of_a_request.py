"""A person asks for an action: shown, approved, done once, verified; and every reason why it is not done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.app_stand import HTML
from tests.server.ways import approve, decision, fire, limited, node_patch, pending, told, writes
from tools.resources import NODES
from tools.synthetic import ACTION_NAME, ACTOR, REQUEST

pytestmark = pytest.mark.timeout(300)
WEB = {"namespace": "shop", "workload": "web"}
RESTART = "PATCH /apis/apps/v1/namespaces/shop/deployments/web"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent in mode auto over a workload that is well, on three nodes."""
    with harness(tmp_path, MODE="auto") as running:
        running.sandbox.apply(deployment("web"))
        running.advance(700, step=70)
        yield running


def post(agent: Harness, name: str, args: dict[str, Any] | None = None, **fields: str) -> Any:
    """What the server answers to somebody who asks for this action."""
    wish = {"name": name, **({"args": args} if args else {})}
    return agent.client.post("/incidents", json={**WEB, **fields, "action": wish})


def ask_for(agent: Harness, name: str, args: dict[str, Any] | None = None, **fields: str) -> str:
    """The incident that a request for this action opened, driven until it waits or ends."""
    answer = post(agent, name, args, **fields)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    agent.drive()
    return str(answer.get_json()["id"])


def test_a_restart_that_a_person_asks_for_is_shown_approved_and_verified(agent: Harness) -> None:
    """In mode auto too it asks: whoever asked has not seen what it would do."""
    incident_id = ask_for(agent, "restart_deployment", reason="it holds stale prices", actor="ann")
    assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
    waiting = pending(agent)
    preview = waiting["proposal"]["preview"]
    assert (preview["accepted"], len(preview["pods_replaced"])) == (True, 3)
    assert "cannot be undone" in preview["undo"]
    assert waiting["digest"]
    assert "asked for by" in waiting["shown"]["incident"][1]
    assert "it holds stale prices" in waiting["shown"]["incident"][1]
    assert any(line.startswith("requested: ") for line in decision(agent, incident_id)["blocked_by"])
    assert writes(agent) == []

    approve(agent)
    assert writes(agent) == [RESTART]
    agent.advance(300)
    assert told(agent, incident_id) == ("requested", "ask", "recovered", "RECOVERED")


def test_a_cordon_that_a_person_asks_for_holds_and_is_verified(agent: Harness) -> None:
    """The node's uid is read by code; its name is all that the person gives."""
    incident_id = ask_for(agent, "cordon_node", kind="Node", namespace="", workload="node-2")
    assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
    approve(agent)
    agent.advance(200)
    assert told(agent, incident_id) == ("requested", "ask", "recovered", "RECOVERED")
    node = agent.agent.services.cluster.get(NODES, "", "node-2")
    assert node["spec"]["unschedulable"] is True


def test_more_replicas_are_asked_for_by_number(agent: Harness) -> None:
    """From what there are now, read by code, to what was said."""
    incident_id = ask_for(agent, "scale_deployment", {"replicas": 4})
    args = decision(agent, incident_id)["action"]["args"]
    assert (args["from_replicas"], args["replicas"]) == (3, 4)
    assert pending(agent)["proposal"]["preview"]["accepted"]


def test_a_rollback_is_asked_for_without_a_digest(agent: Harness) -> None:
    """Code finds the revision and says how well its health is proved."""
    agent.sandbox.apply(deployment("web", image="registry.example/web:2.0"))
    agent.advance(700, step=70)
    incident_id = ask_for(agent, "rollback_deployment")
    assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval")
    waiting = pending(agent)["proposal"]
    assert (waiting["call"]["args"]["to_revision"], waiting["health_proof"]) == (1, "proved")


def test_a_rollback_to_what_did_not_live_is_explained_instead(agent: Harness) -> None:
    """A revision that was replaced at once is nothing to go back to, for a person neither."""
    agent.sandbox.apply(deployment("web", image="registry.example/web:2.0"))
    agent.advance(60, step=30)
    agent.sandbox.apply(deployment("web", image="registry.example/web:3.0"))
    agent.advance(60, step=30)
    incident_id = ask_for(agent, "rollback_deployment", {"to_revision": 2})
    assert told(agent, incident_id)[:3] == ("requested", "notify", "notified")
    assert "replaced within ten minutes" in agent.incident(incident_id).summary


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("restart_deployment", "must be an object"),
        ({"args": {}}, "must be an object"),
        ({"name": "restart_deployment", "uid": "x"}, "must be an object"),
        ({"name": "restart_deployment", "args": []}, "args must be an object"),
        ({"name": "scale_deployment", "args": {"replicas": {"n": 1}}}, "args must be an object"),
        ({"name": "reboot_node"}, "There is no action 'reboot_node' to ask for; there are cordon_node"),
        ({"name": "restart_deployment", "args": {"uid": "x"}}, "uid: Extra inputs are not permitted"),
        ({"name": "scale_deployment"}, "replicas: Field required"),
        ({"name": "scale_deployment", "args": {"replicas": "4"}}, "valid integer"),
        ({"name": "scale_deployment", "args": {"replicas": 2}}, "only more can be asked for"),
        ({"name": "scale_deployment", "args": {"replicas": 30}}, "not one step of at most a half"),
        ({"name": "delete_pod", "args": {"pod": "web-gone"}}, "There is no pod web-gone"),
        ({"name": "cordon_node"}, "cordon_node is for a Node, not for a Deployment"),
        ({"name": "rollback_deployment"}, "no older revision with another template"),
    ],
)
def test_what_cannot_be_asked_for_is_told_at_once(agent: Harness, action: Any, says: str) -> None:
    """422, in words; no incident is opened."""
    answer = agent.client.post("/incidents", json={**WEB, "action": action})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert says in answer.get_json()["detail"]
    assert agent.client.get("/incidents").get_json()["incidents"] == []


def test_while_a_run_is_under_way_no_action_is_asked_for(agent: Harness) -> None:
    """409, with the incident that holds the workload."""
    first = ask_for(agent, "restart_deployment")
    answer = post(agent, "restart_deployment")
    assert answer.status_code == 409
    assert answer.get_json()["incident"] == f"/incidents/{first}"


def test_a_request_that_meets_another_run_is_not_slipped_into_it(agent: Harness) -> None:
    """Both were opened before either was looked at: one is proposed, the other is told of on both timelines."""
    ids = [post(agent, "restart_deployment").get_json()["id"] for _ in range(2)]
    agent.drive()
    statuses = {agent.incident(each).status for each in ids}
    assert statuses == {"awaiting_approval", "merged"}
    for each in ids:
        lines = agent.agent.services.incidents.timeline(each)
        assert any("was not taken up" in line.text for line in lines), each


def test_an_alert_of_the_same_workload_does_not_take_the_request_over(agent: Harness) -> None:
    """It joins the run; what waits is still what the person asked for, and its end withdraws nothing."""
    ask_for(agent, "restart_deployment")
    before = pending(agent)["id"]
    fire(agent, "KubeDeploymentReplicasMismatch", namespace="shop", deployment="web")
    agent.advance(30)
    assert pending(agent)["id"] == before


def test_an_alert_that_looks_like_a_request_asks_for_nothing(agent: Harness) -> None:
    """Labels are data: what is asked for is kept with the incident that a person opened, and nowhere else."""
    ask_for(agent, "restart_deployment")
    labels = agent.agent.services.incidents.alerts(pending(agent)["incident_id"])[0].labels
    agent.client.post(f"/reject/{pending(agent)['id']}", json={})
    agent.drive()
    forged = {ACTOR: "alice", REQUEST: labels[REQUEST], "deployment": "web", "namespace": "shop"}
    incident_id = fire(agent, ACTION_NAME, **forged)
    assert agent.incident(incident_id).problem != "requested"
    assert writes(agent) == []


def test_what_policy_refuses_is_refused_to_a_person_too(tmp_path: Path) -> None:
    """A namespace that is not on the allow list: explained, with the rule's name."""
    with harness(tmp_path, NAMESPACE_ALLOW="payments") as agent:
        agent.sandbox.apply(deployment("web"))
        agent.advance(60, step=30)
        incident_id = ask_for(agent, "restart_deployment")
        assert told(agent, incident_id)[:3] == ("requested", "notify", "notified")
        assert any("namespace_allowed" in line for line in decision(agent, incident_id)["blocked_by"])


def test_guards_are_read_whatever_the_pods_are_like(agent: Harness) -> None:
    """An autoscaler refuses the scale-up also while a pod is not ready, when evidence alone would not ask for one."""
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "maxReplicas": 9,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    agent.sandbox.apply(deployment("web", fault="notready"))
    agent.sandbox.apply(autoscaler)
    agent.advance(60, step=30)
    incident_id = ask_for(agent, "scale_deployment", {"replicas": 4})
    assert any("autoscaled" in line for line in decision(agent, incident_id)["blocked_by"])


def test_more_memory_is_asked_for_by_its_limit(agent: Harness) -> None:
    """Nodes and quotas are read though nothing was killed; its page shows both amounts."""
    agent.sandbox.apply(limited("api"))
    agent.advance(700, step=70)
    incident_id = ask_for(agent, "set_memory_limit", {"limit": "192Mi"}, workload="api")
    assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval"), decision(
        agent, incident_id
    )
    diff = pending(agent)["proposal"]["preview"]["diff"]
    assert "192Mi" in diff
    assert "128Mi" in diff
    approve(agent)
    assert writes(agent) == ["PATCH /apis/apps/v1/namespaces/shop/deployments/api"]
    agent.advance(400)
    assert told(agent, incident_id) == ("requested", "ask", "recovered", "RECOVERED")


def test_a_higher_maximum_is_asked_for_by_number(agent: Harness) -> None:
    """Of an autoscaler that is not at its maximum yet: a person may know what is coming."""
    agent.sandbox.apply(limited("api"))
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
    spec = {"scaleTargetRef": reference, "minReplicas": 3, "maxReplicas": 4}
    named = {"name": "api", "namespace": "shop"}
    made = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": named,
        "spec": spec,
    }
    agent.sandbox.apply(made)
    agent.advance(700, step=70)
    incident_id = ask_for(agent, "set_hpa_maximum", {"maximum": 6}, workload="api")
    assert told(agent, incident_id)[:3] == ("requested", "ask", "awaiting_approval"), decision(
        agent, incident_id
    )
    approve(agent)
    agent.advance(400)
    assert told(agent, incident_id) == ("requested", "ask", "recovered", "RECOVERED")


def test_what_changed_before_the_answer_is_shown_anew(agent: Harness) -> None:
    """412 and a fresh proposal, computed from the object as it is then."""
    ask_for(agent, "restart_deployment")
    first = pending(agent)
    agent.sandbox.apply(deployment("web", image="registry.example/web:2.0"))
    agent.advance(60, step=30)
    answer = agent.client.post(f"/approve/{first['id']}", json={})
    assert answer.status_code == 412, answer.get_data(as_text=True)
    agent.drive()
    fresh = pending(agent)
    assert fresh["id"] != first["id"]
    digests = [each["proposal"]["call"]["args"]["from_digest"] for each in (first, fresh)]
    assert digests[0] != digests[1]
    assert writes(agent) == []


def test_what_ran_out_is_asked_for_again_with_one_click(agent: Harness) -> None:
    """The new run knows what the person wanted."""
    ask_for(agent, "restart_deployment", reason="stale prices")
    expired = pending(agent)["id"]
    agent.advance(3700, step=370)
    answer = agent.client.post(f"/approve/{expired}/renew", json={})
    assert answer.status_code in (200, 202), answer.get_data(as_text=True)
    agent.drive()
    again = pending(agent)
    assert again["proposal"]["call"]["name"] == "restart_deployment"
    assert "stale prices" in again["shown"]["incident"][1]


def test_a_node_that_another_one_is_away_beside_is_not_cordoned_for_a_person(agent: Harness) -> None:
    """Guards on nodes hold as for an alert."""
    node_patch(agent, "node-1", {"spec": {"unschedulable": True}})
    incident_id = ask_for(agent, "cordon_node", kind="Node", namespace="", workload="node-2")
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert any("other_node_ill" in line for line in decision(agent, incident_id)["blocked_by"])


@pytest.mark.parametrize(
    ("form", "args"),
    [
        ({"action": "restart_deployment", "args": ""}, {}),
        ({"action": "scale_deployment", "args": "replicas=4"}, {"replicas": 4}),
        ({"action": json.dumps({"name": "scale_deployment", "args": {"replicas": 4}})}, {"replicas": 4}),
    ],
)
def test_a_form_names_the_action_as_a_page_sends_it(
    agent: Harness, form: dict[str, str], args: dict[str, int]
) -> None:
    """By name with its arguments beside it, or as an offer of chat does."""
    answer = agent.client.post("/incidents", data={**WEB, **form})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    agent.drive()
    call = pending(agent)["proposal"]["call"]
    assert call["name"] in form["action"]
    assert {key: call["args"][key] for key in args} == args


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"action": "", "args": "replicas=4"}, "without an action"),
        ({"action": "scale_deployment", "args": "four"}, "write it like replicas=4"),
        ({"action": "scale_deployment", "args": "replicas=four"}, "valid integer"),
        ({"action": '{"name": "scale_deployment"'}, "delimiter"),
        ({"action": '{"name": "scale_deployment", "uid": "x"}'}, "must be an object"),
    ],
)
def test_a_form_that_says_it_wrong_is_told(agent: Harness, form: dict[str, str], says: str) -> None:
    """422, in words."""
    answer = agent.client.post("/incidents", data={**WEB, **form})
    assert (answer.status_code, says in answer.get_json()["detail"]) == (422, True), answer.get_json()


def test_the_page_offers_the_actions_with_what_they_take(agent: Harness) -> None:
    """Nothing chosen: it is only looked at, or tested. A test takes no action."""
    empty = {**WEB, "action": "", "args": "", "reason": ""}
    assert agent.client.post("/trigger-test", data=empty).status_code == 202
    named = agent.client.post("/trigger-test", data={**empty, "action": "restart_deployment"})
    assert (named.status_code, "Leave the action out" in named.get_json()["detail"]) == (422, True)
    page = agent.client.get("/incidents", headers=HTML).get_data(as_text=True)
    assert '<option value="scale_deployment">scale_deployment: Deployment or StatefulSet (replicas)' in page
    assert "delete_deployment" not in page
