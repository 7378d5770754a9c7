"""The sandbox's autoscaler: it follows the load within its bounds, up at once and down after five minutes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, deployment
from tools.sandbox import Sandbox


@pytest.fixture
def scaled(sandbox: Sandbox) -> Sandbox:
    """Two pods that request a quarter of a core each, and an autoscaler of two to five at 80 %."""
    made = deployment(replicas=2)
    made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "250m"}}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    sandbox.apply(
        [
            made,
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "web", "namespace": NAMESPACE},
                "spec": {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 5},
            },
        ]
    )
    sandbox.settle(60)
    return sandbox


def state(sandbox: Sandbox) -> tuple[int, str, str]:
    """Replicas, and the reasons of its conditions."""
    item = sandbox.get("Deployment", NAMESPACE, "web")
    scaler = sandbox.get("HorizontalPodAutoscaler", NAMESPACE, "web")
    assert item
    assert scaler
    reasons: dict[str, Any] = {c["type"]: c["reason"] for c in scaler["status"]["conditions"]}
    return item["spec"]["replicas"], reasons["ScalingActive"], reasons.get("ScalingLimited", "")


def test_it_follows_the_load_up_and_down(scaled: Sandbox) -> None:
    """Up within a period, down once the highest of the last five minutes allows it."""
    scaled.load(NAMESPACE, "web", cores=0.7)
    scaled.settle(60)
    assert state(scaled) == (4, "ValidMetricFound", "DesiredWithinRange")
    scaled.load(NAMESPACE, "web", cores=0.0)
    scaled.settle(240)
    assert state(scaled)[0] == 4
    scaled.settle(120)
    assert state(scaled) == (2, "ValidMetricFound", "TooFewReplicas")


def test_it_stops_at_its_maximum_and_says_so(scaled: Sandbox) -> None:
    """`TooManyReplicas`, since when it first was."""
    scaled.load(NAMESPACE, "web", cores=3.0)
    scaled.settle(120)
    assert state(scaled) == (5, "ValidMetricFound", "TooManyReplicas")
    first = scaled.get("HorizontalPodAutoscaler", NAMESPACE, "web")
    scaled.settle(600)
    assert scaled.get("HorizontalPodAutoscaler", NAMESPACE, "web") == first


def test_without_metrics_it_stays_where_it_is(scaled: Sandbox) -> None:
    """It knows no metric but a utilisation, and says that it has none."""
    scaler = scaled.get("HorizontalPodAutoscaler", NAMESPACE, "web")
    assert scaler
    metric = {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Mi"}}
    spec = {**scaler["spec"], "metrics": [{"type": "Resource", "resource": metric}]}
    scaled.load(NAMESPACE, "web", cores=3.0)
    scaled.apply({**scaler, "spec": spec})
    scaled.settle(120)
    assert state(scaled)[:2] == (2, "FailedGetResourceMetric")


def test_a_workload_at_zero_stays_there(scaled: Sandbox) -> None:
    """Somebody's decision."""
    scaled.load(NAMESPACE, "web", cores=3.0)
    scaled.apply(deployment(replicas=0))
    scaled.settle(120)
    item = scaled.get("Deployment", NAMESPACE, "web")
    assert item
    assert item["spec"]["replicas"] == 0
