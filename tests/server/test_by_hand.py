"""What people do to the record by hand: open an incident, follow it, and mark its decision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.app_stand import HTML, Browser


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """An agent over a workload that has been well, and one whose image is not there."""
    with harness(tmp_path) as running:
        running.sandbox.apply([deployment("web"), deployment("thumbs", "media", fault="imagepull")])
        running.advance(120, step=30)
        yield running


def opened(agent: Harness, **body: str) -> str:
    """An incident that a person opens; its id."""
    answer = agent.client.post("/incidents", json=body)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    assert answer.headers["Location"] == f"/incidents/{answer.get_json()['id']}"
    agent.drive()
    return str(answer.get_json()["id"])


def events_of(agent: Harness, incident_id: str, **headers: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Id, kind and data of each event of the stream, to its end."""
    answer = agent.client.get(f"/incidents/{incident_id}/events", headers=headers)
    assert (answer.status_code, answer.mimetype) == (200, "text/event-stream")
    found = []
    for block in answer.get_data(as_text=True).strip().split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.split("\n"))
        if "event" in fields:
            found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return found


def test_a_person_opens_an_incident_on_the_same_path_as_an_alert(agent: Harness) -> None:
    """Looked at, decided and told like any other; the record says who asked and why."""
    incident_id = opened(agent, namespace="media", workload="thumbs", reason="customers see no pictures")
    row = agent.incident(incident_id)
    assert (row.problem, row.route, row.status) == ("image_name", "notify", "notified")
    known = agent.client.get(f"/incidents/{incident_id}").get_json()
    assert "customers see no pictures" in json.dumps(known["alerts"])


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "Give namespace and workload"),
        ({"namespace": "shop"}, 422, "Give namespace and workload"),
        ({"namespace": "shop", "workload": "wbe"}, 404, "Check namespace, workload and kind"),
        ({"namespace": "shop", "workload": "web", "kind": "Secret"}, 422, "kind must be one of"),
        ({"namespace": "shop", "workload": "web", "do": "restart_deployment"}, 422, "Not known here"),
    ],
)
def test_what_cannot_be_opened_is_told(agent: Harness, body: dict[str, str], status: int, says: str) -> None:
    """Each with what to send instead; nothing is opened."""
    answer = agent.client.post("/incidents", json=body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert says in answer.get_json()["detail"]
    assert agent.client.get("/incidents").get_json()["incidents"] == []


def test_a_browser_is_led_to_the_incident_that_it_opened(agent: Harness) -> None:
    """303 to its page."""
    browser = Browser(agent.agent.app.test_client())
    form = {"namespace": "media", "workload": "thumbs", "csrf_token": browser.token("/incidents")}
    answer = browser.post("/incidents", form)
    assert answer.status_code == 303
    agent.drive()
    assert "thumbs" in browser.get(answer.headers["Location"]).get_data(as_text=True)


def test_a_run_is_followed_to_its_end_and_taken_up_where_it_was_left(agent: Harness) -> None:
    """Every line of the timeline once, then the end; `Last-Event-ID` brings what came after it only."""
    incident_id = opened(agent, namespace="media", workload="thumbs")
    events = events_of(agent, incident_id)
    lines = [event for event in events if event[1] == "line"]
    timeline = agent.client.get(f"/incidents/{incident_id}").get_json()["timeline"]
    assert [data["text"] for _, _, data in lines] == [line["text"] for line in timeline]
    assert events[-1][1:] == ("end", {"status": "notified", "merged_into": ""})

    rest = events_of(agent, incident_id, **{"Last-Event-ID": lines[0][0]})
    assert [event for event in rest if event[1] == "line"] == lines[1:]


def test_a_place_that_is_none_is_told(agent: Harness) -> None:
    """400, and 404 for an incident that is not there."""
    incident_id = opened(agent, namespace="media", workload="thumbs")
    place = f"/incidents/{incident_id}/events"
    assert agent.client.get(place, headers={"Last-Event-ID": "-1"}).status_code == 400
    assert agent.client.get("/incidents/none/events").status_code == 404


def test_a_mark_is_kept_with_who_gave_it(agent: Harness) -> None:
    """Shown with the incident, as a program and in the page; a stated name stays a claim."""
    incident_id = opened(agent, namespace="media", workload="thumbs")
    body = {"mark": "wrong", "note": "the tag was typed wrong", "better_action": "rollback_deployment"}
    answer = agent.client.post(f"/incidents/{incident_id}/mark", json=body)
    assert answer.status_code == 201
    (mark,) = agent.client.get(f"/incidents/{incident_id}").get_json()["marks"]
    assert (mark["mark"], mark["note"], mark["better_action"]) == tuple(body.values())
    page = agent.client.get(f"/incidents/{incident_id}", headers=HTML).get_data(as_text=True)
    assert "the tag was typed wrong" in page


@pytest.mark.parametrize(
    "body", [{}, {"mark": "great"}, {"mark": "note"}, {"mark": "wrong", "better_action": "reboot"}]
)
def test_a_mark_that_says_nothing_is_refused(agent: Harness, body: dict[str, str]) -> None:
    """422 with an example; 404 for an incident that is not there."""
    incident_id = opened(agent, namespace="media", workload="thumbs")
    answer = agent.client.post(f"/incidents/{incident_id}/mark", json=body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert agent.client.post("/incidents/none/mark", json={"mark": "right"}).status_code == 404
