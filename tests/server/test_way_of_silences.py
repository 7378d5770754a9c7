"""Silenced while it settled, from alert to what a person sees: nobody acts by themselves, a person may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request

from tests.harness import Harness, deployment, harness
from tests.served import serving
from tests.server.ways import approve, decision, fault_one, fire, told, writes

pytestmark = pytest.mark.timeout(300)


@dataclass
class Alertmanager:
    """An Alertmanager's API that holds what a test gives it."""

    held: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    filters: list[str] = field(default_factory=list)
    url: str = ""

    def silence(self, name: str, namespace: str, pod: str) -> None:
        """One alert, quiet from now on."""
        labels = {"alertname": name, "severity": "warning", "namespace": namespace, "pod": pod}
        status = {"state": "suppressed", "silencedBy": ["5f3e"], "inhibitedBy": []}
        self.held.append({"labels": labels, "fingerprint": "its-own", "status": status})


@pytest.fixture
def alertmanager() -> Iterator[Alertmanager]:
    """On a free port of loopback."""
    one = Alertmanager()
    app = Flask("alertmanager")

    @app.get("/api/v2/alerts")
    def listed() -> Response:
        one.filters.append(request.args.get("filter", ""))
        return Response(json.dumps(one.held), one.status, content_type="application/json")

    with serving(app) as port:
        one.url = f"http://127.0.0.1:{port}"
        yield one


@pytest.fixture
def agent(tmp_path: Path, alertmanager: Alertmanager) -> Iterator[Harness]:
    """An agent that may act, and two well pods."""
    with harness(tmp_path, MODE="auto", MEMORY="false", ALERTMANAGER_URL=alertmanager.url) as running:
        running.sandbox.apply(deployment("web", replicas=2))
        running.advance(600, step=300)
        yield running


def settling(agent: Harness) -> tuple[str, str]:
    """A stuck pod whose eviction settles; its name and the incident's id."""
    pod = fault_one(agent, "notready")
    agent.advance(900, step=300)
    incident_id = fire(agent, "KubePodNotReady", namespace="shop", pod=pod)
    assert told(agent, incident_id)[1:3] == ("act", "settling")
    return pod, incident_id


def test_what_is_not_silenced_is_done(agent: Harness, alertmanager: Alertmanager) -> None:
    """It is asked right before the write, about exactly this alert."""
    settling(agent)
    assert alertmanager.filters == []
    agent.advance(40)
    assert len(writes(agent)) == 1
    assert alertmanager.filters == ['alertname=~"KubePodNotReady"']


def test_a_silence_set_while_it_settled_keeps_the_agent_from_acting_by_itself(
    agent: Harness, alertmanager: Alertmanager
) -> None:
    """A person asked for quiet: nothing is written, and a person may still say yes."""
    pod, incident_id = settling(agent)
    alertmanager.silence("KubePodNotReady", "shop", pod)
    agent.advance(120)
    assert writes(agent) == []
    assert told(agent, incident_id)[1:3] == ("ask", "awaiting_approval")
    assert (
        "silenced: KubePodNotReady is silenced in Alertmanager (5f3e)"
        in decision(agent, incident_id)["blocked_by"]
    )
    approve(agent)
    assert len(writes(agent)) == 1


def test_an_alertmanager_that_does_not_answer_leaves_it_to_a_person(
    agent: Harness, alertmanager: Alertmanager
) -> None:
    """Configured and silent is no yes."""
    alertmanager.status = 500
    _, incident_id = settling(agent)
    agent.advance(120)
    assert writes(agent) == []
    (why,) = [line for line in decision(agent, incident_id)["blocked_by"] if line.startswith("silenced: ")]
    assert "could not be told" in why
