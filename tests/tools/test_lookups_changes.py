"""What chat tells of changes: revisions of each kind of workload, and a restart as what it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.tools.shop import NAMESPACE, deployment, of_kind
from tools.cluster import KubernetesCluster
from tools.lookups_changes import changes
from tools.sandbox import Sandbox
from tools.survey import Survey


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_release_and_a_restart_are_told_of_each_kind(
    sandbox: Sandbox, cluster: KubernetesCluster, kind: str
) -> None:
    """By its ReplicaSets or its ControllerRevisions: what changed, and that a restart changed nothing."""
    made = deployment() if kind == "Deployment" else of_kind(kind, deployment())
    sandbox.apply(made)
    sandbox.settle(7200)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/web:2"
    sandbox.apply(made)
    sandbox.settle(900)
    annotations = {"kubectl.kubernetes.io/restartedAt": sandbox.clock.now().isoformat()}
    made["spec"]["template"]["metadata"]["annotations"] = annotations
    sandbox.apply(made)
    sandbox.settle(300)
    survey = Survey(cluster, sandbox.clock)
    told = changes(survey, since=survey.now - timedelta(hours=1))
    assert f"{kind} {NAMESPACE}/web got revision 2: image " in told, told
    assert "became registry.example/web:2" in told
    assert f"{kind} {NAMESPACE}/web got revision 3: a restart, the same template" in told, told
    assert "was restarted" not in told
    assert "began with revision 1" not in told
