"""Steps that the whole ways of an incident have in common: alerts, faults on single pods, approvals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contract.api_server import MERGE_PATCH, connect
from tests.harness import Harness, alert, deployment
from tools.resources import NODES, PODS, JsonObject, Resource
from tools.sandbox.requests import Recorded


def fire(agent: Harness, name: str, **labels: str) -> str:
    """One alert with these labels comes in and is looked at; the incident's id."""
    (incident_id,) = agent.alert(alert(name, starts_at=agent.clock.now().isoformat(), **labels))
    agent.drive()
    return incident_id


def limited(name: str = "web", *, cpu: str = "500m", memory: str = "128Mi", **more: Any) -> JsonObject:
    """A Deployment whose container has limits."""
    made = deployment(name, **more)
    resources = {"limits": {"cpu": cpu, "memory": memory}, "requests": {"cpu": "250m", "memory": memory}}
    made["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    return made


def fault_one(agent: Harness, fault: str | None, pod: str = "") -> str:
    """One pod of `shop` is ill from now on (None: well again); its name."""
    name = pod or sorted(p["metadata"]["name"] for p in agent.pods("shop"))[0]
    patch(agent, PODS, "shop", name, {"metadata": {"labels": {"sim/fault": fault}}})
    return name


def patch(agent: Harness, resource: Resource, namespace: str, name: str, body: JsonObject) -> None:
    """Somebody else changes an object, under a name of their own."""
    path = Path(agent.agent.settings.data_dir) / "somebody.kubeconfig"
    client = connect(path if path.exists() else agent.sandbox.kubeconfig(path))
    answer = client.patch(resource.path(namespace, name), body, MERGE_PATCH, fieldManager="somebody")
    assert answer.status == 200, answer.text


def node_patch(agent: Harness, name: str, body: JsonObject) -> None:
    """Somebody else changes a node."""
    patch(agent, NODES, "", name, body)


def pending(agent: Harness) -> dict[str, Any]:
    """The one approval that waits."""
    (waiting,) = agent.client.get("/pending").get_json()["pending"]
    return dict(waiting)


def approve(agent: Harness) -> None:
    """Approve the one that waits, and drive until the write is done."""
    answer = agent.client.post(f"/approve/{pending(agent)['id']}", json={"reason": "looks right"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    agent.drive()


def told(agent: Harness, incident_id: str) -> tuple[str, str, str, str]:
    """Problem, route, status, verdict."""
    row = agent.incident(incident_id)
    return row.problem, row.route, row.status, row.verdict


def decision(agent: Harness, incident_id: str) -> dict[str, Any]:
    """The decision record, as the API shows it."""
    found: dict[str, Any] = agent.client.get(f"/incidents/{incident_id}").get_json()["decision"]
    return found


def writes(agent: Harness) -> list[str]:
    """Every write of the agent on the cluster, as `METHOD path`, events left out.

    Told by its field manager; a DELETE names none, and is the agent's where it binds itself to a uid, which `kubectl`
    and the tests' own hands do not.
    """
    return [
        f"{request.method} {request.path}"
        for request in agent.sandbox.requests
        if request.writes and "/events" not in request.path and _is_ours(request)
    ]


def _is_ours(request: Recorded) -> bool:
    if request.method == "DELETE":
        return bool(((request.body or {}).get("preconditions") or {}).get("uid"))
    return bool(request.query.get("fieldManager") == "sre-agent")


def replicas(agent: Harness, name: str = "web") -> int:
    """What the Deployment asks for."""
    found = agent.sandbox.get("Deployment", "shop", name)
    assert found
    return int(found["spec"]["replicas"])
