"""What a cut body has left out is read back from Alertmanager's API, or it is said that it cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, Response, request

from server import problems, webhooks
from tests.made_alerts import body, firing
from tests.served import serving
from tools.alertmanager_api import AlertmanagerApi
from tools.clock import SystemClock
from tools.database import Database
from tools.errors import TransientError
from tools.inbox import Inbox

pytest_plugins = ("tests.record_store",)


@dataclass
class Api:
    """An Alertmanager's API with whatever answer a test wants."""

    answer: Any = field(default_factory=list)
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def api() -> Iterator[Api]:
    """On a free port of loopback."""
    one = Api()
    app = Flask("alertmanager")

    @app.get("/api/v2/alerts")
    def listed() -> Response:
        one.asked.append(request.args.to_dict())
        text = one.answer if isinstance(one.answer, str | bytes) else json.dumps(one.answer)
        return Response(text, one.status, content_type="application/json")

    @app.get("/api/v2/status")
    def status() -> Response:
        return Response(json.dumps({"versionInfo": {"version": "0.25.0"}}), content_type="application/json")

    with serving(app) as port:
        one.url = f"http://127.0.0.1:{port}"
        yield one


def held(name: str, **labels: str) -> dict[str, Any]:
    """An alert as the API tells it."""
    alert = firing(name)
    return {**alert, "labels": alert["labels"] | labels, "status": {"state": "active"}, "receivers": []}


def test_active_alerts_of_the_group_are_added(api: Api) -> None:
    """Only those that the body lacks, and only of its own group and receiver."""
    api.answer = [held("web"), held("cart"), held("ledger", namespace="books")]
    cut = body(firing("web"), truncatedAlerts=2, receiver="team.a", groupLabels={"namespace": "shop"})
    full = AlertmanagerApi(api.url).completed(cut)
    assert [entry["labels"]["namespace"] for entry in full["alerts"]] == ["shop", "shop"]
    assert (full["alerts"][1]["status"], full["truncatedAlerts"]) == ("firing", 0)
    (asked,) = api.asked
    assert (asked["receiver"], asked["silenced"], asked["inhibited"]) == ("team\\.a", "false", "false")


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("[", 200, "no JSON"),
        ({"error": "no"}, 200, "something else than a list"),
        ([], 500, "answers 500"),
        ([], 302, "answers 302"),
        (b" " * 1001, 200, "more than 1000 bytes"),
    ],
)
def test_what_is_no_answer_is_an_error(api: Api, answer: Any, status: int, said: str) -> None:
    """Never an empty list: that would say that nothing was cut off."""
    api.answer, api.status = answer, status
    with pytest.raises(TransientError, match=said):
        AlertmanagerApi(api.url, max_bytes=1000).completed(body(firing("web"), truncatedAlerts=1))


def test_nobody_there_is_an_error() -> None:
    """A port that nobody listens on."""
    with pytest.raises(TransientError, match="does not answer"):
        AlertmanagerApi("http://127.0.0.1:9").completed(body(firing("web"), truncatedAlerts=1))


def test_it_says_its_version(api: Api) -> None:
    """For /health."""
    assert AlertmanagerApi(api.url).version() == "0.25.0"


def test_a_cut_body_is_stored_and_asked_for_again(store: Database) -> None:
    """503 makes Alertmanager send it again; what it held is committed all the same, once."""
    app = Flask("agent", template_folder="server/ui/templates")
    problems.register(app)
    inbox = Inbox(store, SystemClock())
    dead = AlertmanagerApi("http://127.0.0.1:9")
    app.register_blueprint(webhooks.blueprint(inbox, lambda: None, alertmanager=dead))
    client = app.test_client()
    cut = body(firing("web"), truncatedAlerts=1)
    for _ in range(2):
        answer = client.post("/webhook", json=cut)
        assert (answer.status_code, answer.get_json()["type"]) == (503, "/problems/alerts-cut-off")
    told = client.post("/webhook", json=body(firing("web"))).get_json()
    assert (len(told["incidents"]), told["repeated"]) == (1, 1)
