"""What is not the agent's to change, from alert to message: read, explained, and never written to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Harness, deployment, harness
from tests.server.ways import fire, told, writes

pytestmark = pytest.mark.timeout(300)
GOOD, BAD = "registry.example/web:1.0", "registry.example/web:1.1"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Harness]:
    """One that may act."""
    with harness(tmp_path, MODE="auto") as running:
        yield running


def pod(name: str, owner: dict[str, Any] | None = None, **annotations: str) -> dict[str, Any]:
    """A crashing pod, of this owner or of nobody."""
    metadata: dict[str, Any] = {"name": name, "namespace": "shop", "labels": {"sim/fault": "crashloop"}}
    if owner:
        metadata["ownerReferences"] = [{**owner, "controller": True, "blockOwnerDeletion": True}]
    if annotations:
        metadata["annotations"] = annotations
    spec = {"containers": [{"name": "web", "image": GOOD}], "nodeName": "node-1"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


OWNERS: dict[str, dict[str, Any] | None] = {
    "bare": None,
    "static": {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "uid-node"},
    "job": {"apiVersion": "batch/v1", "kind": "Job", "name": "nightly", "uid": "uid-job"},
    "rollout": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "uid-rollout"},
    "operator": {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "name": "db", "uid": "uid-db"},
}


@pytest.mark.parametrize("owner", OWNERS)
def test_what_is_nobodys_deployment_is_explained(agent: Harness, owner: str) -> None:
    """Bare and static pods, pods of a Job, of a Rollout and of an operator's own kind."""
    mirror = {"kubernetes.io/config.mirror": "x"} if owner == "static" else {}
    agent.sandbox.apply(pod("odd", OWNERS[owner], **mirror))
    agent.advance(120, step=20)
    incident_id = fire(agent, "KubePodCrashLooping", namespace="shop", pod="odd", container="web")
    agent.advance(120, step=20)
    assert told(agent, incident_id)[1:3] == ("notify", "notified")
    assert writes(agent) == []


MARKS: dict[str, dict[str, Any]] = {
    "argocd": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web"}},
    "flux": {
        "labels": {
            "kustomize.toolkit.fluxcd.io/name": "shop",
            "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
        }
    },
    "operator": {
        "ownerReferences": [
            {
                "apiVersion": "example.com/v1",
                "kind": "Shop",
                "name": "shop",
                "uid": "uid-shop",
                "controller": True,
            }
        ]
    },
}


@pytest.mark.parametrize("owner", MARKS)
def test_what_git_or_an_operator_owns_is_explained(agent: Harness, owner: str) -> None:
    """A bad release that would be asked about elsewhere: the reason names who would take a rollback back."""
    for image, fault in ((GOOD, ""), (BAD, "crashdead")):
        made = deployment("web", image=image, fault=fault)
        made["metadata"] |= MARKS[owner]
        agent.sandbox.apply(made)
        agent.advance(900 if image == GOOD else 120, step=60)
    broken = next(p for p in agent.pods("shop") if p["spec"]["containers"][0]["image"] == BAD)
    (incident_id,) = agent.alert(agent.crash_alert(broken))
    agent.advance(120, step=20)

    assert told(agent, incident_id)[:3] == ("bad_release", "notify", "notified")
    (message,) = agent.agent.services.outbox.for_incident(incident_id)
    assert f"managed by {owner}" in message.body
    assert writes(agent) == []
