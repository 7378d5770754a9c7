"""What a periodic look says about the current revision of a Deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tools.shop import Remembered, deployment
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.resources import DEPLOYMENTS
from tools.sandbox import Sandbox
from tools.sightings import health, look
from tools.templates import template_digest


def status(**changes: Any) -> dict[str, Any]:
    reason = changes.pop("progressing", "NewReplicaSetAvailable")
    counts = {"replicas": 4, "updatedReplicas": 4, "readyReplicas": 4, "observedGeneration": 2} | changes
    progressing = {
        "type": "Progressing",
        "reason": reason,
        "status": str(reason != "ProgressDeadlineExceeded"),
    }
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 4},
        "status": counts | {"conditions": [progressing]},
    }


@pytest.mark.parametrize(
    ("item", "healthy"),
    [
        (status(), True),
        (status(observedGeneration=1), None),
        (status(updatedReplicas=2, progressing="ReplicaSetUpdated"), None),
        (status(replicas=5, progressing="ReplicaSetUpdated"), None),
        (status(readyReplicas=0, progressing="ReplicaSetUpdated"), None),
        (status(readyReplicas=0), False),
        (status(readyReplicas=1), False),
        (status(readyReplicas=3), None),
        (status(updatedReplicas=1, readyReplicas=3, progressing="ProgressDeadlineExceeded"), False),
        (status() | {"spec": {"replicas": 0}}, None),
        (status() | {"spec": {"replicas": 4, "paused": True}}, None),
        ({"metadata": {"generation": 1}, "spec": {"replicas": 1}}, None),
    ],
)
def test_health_of_the_current_revision(item: dict[str, Any], healthy: bool | None) -> None:
    """Only a finished rollout with all pods ready is healthy; a rollout on its way says nothing yet."""
    assert health(item) is healthy


def test_a_look_records_every_deployment_once(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock
) -> None:
    """Digest, revision and health of what is current, in one list of each kind over all namespaces."""
    sandbox.apply([deployment(), deployment("cart", fault="crashloop")])
    sandbox.settle(120)
    ledger = Remembered()
    before = len(sandbox.requests)
    assert look(cluster, ledger, clock) == 2
    assert len(sandbox.requests) - before == 3
    web = cluster.get(DEPLOYMENTS, "shop", "web")
    cart = cluster.get(DEPLOYMENTS, "shop", "cart")
    found = {sighting[0]: sighting[1:4] for sighting in ledger.sightings}
    assert found[web["metadata"]["uid"]] == (template_digest(web["spec"]["template"]), 1, True)
    assert found[cart["metadata"]["uid"]] == (template_digest(cart["spec"]["template"]), 1, False)


def test_a_look_can_be_narrowed_to_namespaces(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock, tmp_path: Path
) -> None:
    """Only Deployments there are seen."""
    sandbox.apply(deployment())
    assert look(cluster, Remembered(), clock, ["default"]) == 0
    assert look(cluster, Remembered(), clock, ["default", "shop"]) == 1
