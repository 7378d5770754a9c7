"""What rules read of an autoscaler: its numbers, why it is limited, whether it decides, how far it is above."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tools.autoscalers import autoscaler_facts

CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}


def hpa(*metrics: dict[str, Any], told: tuple[dict[str, Any], ...] = (), **status: Any) -> dict[str, Any]:
    """Of two to six, with these metrics and what is told of them."""
    return {
        "metadata": {"name": "web", "uid": "u", **status.pop("metadata", {})},
        "spec": {"minReplicas": 2, "maxReplicas": 6, "metrics": list(metrics)},
        "status": {"currentMetrics": list(told), **status},
    }


def condition(kind: str, status: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": "2026-01-05T11:00:00Z"}


def test_numbers_and_conditions() -> None:
    """At its maximum since an hour."""
    limited, active = (
        condition("ScalingLimited", "True", "TooManyReplicas"),
        condition("ScalingActive", "True", "x"),
    )
    facts = autoscaler_facts(hpa(currentReplicas=6, desiredReplicas=6, conditions=[limited, active]))
    assert (facts.kind, facts.name, facts.uid) == ("HorizontalPodAutoscaler", "web", "u")
    assert (facts.least, facts.most, facts.current, facts.wanted) == (2, 6, 6, 6)
    assert (facts.limited, facts.inactive) == ("TooManyReplicas", "")
    assert facts.limited_since == datetime(2026, 1, 5, 11, tzinfo=UTC)


def test_conditions_that_are_false_and_those_that_are_not_there() -> None:
    """Not limited; one without a status decides nothing."""
    limited = condition("ScalingLimited", "False", "DesiredWithinRange")
    active = condition("ScalingActive", "False", "FailedGetResourceMetric")
    facts = autoscaler_facts(hpa(conditions=[limited, active]))
    assert (facts.limited, facts.limited_since, facts.inactive) == ("", None, "FailedGetResourceMetric")
    assert (
        autoscaler_facts({"metadata": {"name": "new"}, "spec": {"maxReplicas": 3}}).inactive
        == "no status yet"
    )


@pytest.mark.parametrize(
    ("metric", "told", "over"),
    [
        (CPU, {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 105}}}, 1.5),
        (
            CPU,
            {"type": "Resource", "resource": {"name": "memory", "current": {"averageUtilization": 99}}},
            None,
        ),
        (CPU, {"type": "Resource", "resource": {"name": "cpu", "current": {"averageValue": "500m"}}}, None),
        (
            {"type": "Pods", "pods": {"metric": {"name": "queue"}, "target": {"averageValue": "10"}}},
            {"type": "Pods", "pods": {"metric": {"name": "queue"}, "current": {"averageValue": "25"}}},
            2.5,
        ),
        (
            {"type": "External", "external": {"metric": {"name": "lag"}, "target": {"value": "100"}}},
            {"type": "External", "external": {"metric": {"name": "lag"}, "current": {"value": "120"}}},
            1.2,
        ),
        (
            {
                "type": "ContainerResource",
                "containerResource": {"name": "cpu", "container": "a", "target": {"averageUtilization": 50}},
            },
            {
                "type": "ContainerResource",
                "containerResource": {"name": "cpu", "container": "b", "current": {"averageUtilization": 99}},
            },
            None,
        ),
    ],
)
def test_how_far_a_metric_is_above_its_target(metric: Any, told: Any, over: float | None) -> None:
    """By the same metric, of the same container, in the same unit; else nobody knows."""
    assert autoscaler_facts(hpa(metric, told=(told,))).over == (None if over is None else pytest.approx(over))


def test_of_several_metrics_the_greatest_counts() -> None:
    """As the controller takes it; one that nobody tells is left out."""
    lag = {"type": "External", "external": {"metric": {"name": "lag"}, "target": {"value": "100"}}}
    told = (
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 70}}},
        {"type": "External", "external": {"metric": {"name": "lag"}, "current": {"value": "300"}}},
    )
    assert autoscaler_facts(hpa(CPU, lag, told=told)).over == pytest.approx(3.0)
    assert autoscaler_facts(hpa(CPU, lag, told=told[:1])).over == pytest.approx(1.0)


def test_who_owns_the_autoscaler() -> None:
    """KEDA controls the one that it makes; Git tools leave their marks."""
    keda = [
        {
            "kind": "ScaledObject",
            "apiVersion": "keda.sh/v1alpha1",
            "name": "q",
            "uid": "k",
            "controller": True,
        }
    ]
    assert autoscaler_facts(hpa(metadata={"ownerReferences": keda})).managed_by == "operator"
    git = {"argocd.argoproj.io/tracking-id": "x"}
    assert autoscaler_facts(hpa(metadata={"annotations": git})).managed_by == "argocd"
    assert autoscaler_facts(hpa()).managed_by == ""
