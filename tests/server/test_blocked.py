"""From whatever blocks there is no way to a write: decided, told, and nothing sent, however long it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.faults import Scene
from tests.harness import Harness, harness
from tests.server.ways import told, writes

pytestmark = pytest.mark.timeout(300)


def nothing(agent: Harness) -> None:
    """It stays as it is."""


def pause(agent: Harness) -> None:
    """The kill switch."""
    assert agent.client.post("/pause", json={"reason": "a test"}).status_code == 200


def annotate(agent: Harness) -> None:
    """The workload's owner says no."""
    _apply(agent, {"sre-agent/disable": "true"})


def operator(agent: Harness) -> None:
    """Something in the cluster would take it back."""
    _apply(agent, {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"})


def label(agent: Harness) -> None:
    """The namespace's owner says no."""
    metadata = {"name": "shop", "labels": {"sre-agent/mode": "shadow"}}
    agent.sandbox.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _apply(agent: Harness, annotations: dict[str, str]) -> None:
    live = agent.sandbox.get("Deployment", "shop", "web")
    assert live is not None
    live["metadata"]["annotations"] = {**live["metadata"].get("annotations", {}), **annotations}
    live["metadata"].pop("resourceVersion")
    agent.sandbox.apply(live)


BLOCKS: dict[str, tuple[Any, dict[str, str]]] = {
    "kill_switch": (pause, {}),
    "mode": (nothing, {"MODE": "shadow"}),
    "mode_label": (label, {}),
    "namespace_denied": (nothing, {"NAMESPACE_DENY": "shop"}),
    "namespace_allowed": (nothing, {"NAMESPACE_ALLOW": "team-*"}),
    "target_limits": (nothing, {"TARGET_DEPLOYMENT": "other"}),
    "workload_disabled": (annotate, {}),
    "managed_elsewhere": (operator, {"REQUIRE_APPROVAL_FOR": "rollback"}),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_what_is_blocked_never_reaches_a_write(tmp_path: Path, name: str) -> None:
    """A crash that would be restarted without asking: half an hour later nothing was written, nor claimed."""
    scene, (block, settings) = Scene("transient", "shop"), BLOCKS[name]
    with harness(tmp_path, **{"MODE": "auto", **settings}) as agent:
        scene.prepare(agent.sandbox)
        agent.advance(1200, step=300)
        scene.strike(agent.sandbox, agent.clock)
        block(agent)
        agent.advance(170, step=30)
        incident_id, *_ = agent.alert(*scene.alerts(agent.sandbox, agent.clock))
        agent.advance(1800, step=120)

        asked = name == "managed_elsewhere"  # a restart stays under Git, so that a person may say yes
        route, status = ("ask", "awaiting_approval") if asked else ("notify", "notified")
        assert told(agent, incident_id)[1:3] == (route, status)
        assert writes(agent) == []
        assert agent.agent.services.ledger.for_incident(incident_id) == []
