"""What a rollout may add and miss, rounded as Kubernetes' controllers round it."""

from __future__ import annotations

from typing import Any

import pytest

from tools.rollout_plan import rollout_plan


def workload(replicas: int | None, key: str, strategy: Any, pod: Any = None, **status: int) -> dict[str, Any]:
    spec: dict[str, Any] = {key: strategy, "template": {"spec": pod or {}}}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"spec": spec, "status": status}


@pytest.mark.parametrize(
    ("replicas", "rolling", "surge", "missing"),
    [
        (3, None, 1, 0),
        (4, None, 1, 1),
        (10, None, 3, 2),
        (3, {"maxSurge": 0, "maxUnavailable": 1}, 0, 1),
        (3, {"maxSurge": 0, "maxUnavailable": "10%"}, 0, 1),
        (3, {"maxSurge": "100%", "maxUnavailable": "100%"}, 3, 3),
        (0, {"maxSurge": "25%", "maxUnavailable": 0}, 0, 1),
        (2, {"maxSurge": "many", "maxUnavailable": None}, 0, 1),
    ],
)
def test_a_deployment(replicas: int, rolling: Any, surge: int, missing: int) -> None:
    """25 % of each by default, surge rounded up and missing down; never neither."""
    plan = rollout_plan(workload(replicas, "strategy", {"type": "RollingUpdate", "rollingUpdate": rolling}))
    assert (plan.surge, plan.may_be_missing) == (surge, missing)


def test_recreate_misses_all() -> None:
    """And adds none."""
    plan = rollout_plan(workload(3, "strategy", {"type": "Recreate"}))
    assert (plan.strategy, plan.surge, plan.may_be_missing) == ("Recreate", 0, 3)


def test_a_stateful_set_replaces_one_by_one_from_its_partition_on() -> None:
    """OnDelete replaces none."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    plan = rollout_plan(workload(3, "updateStrategy", rolling))
    assert (plan.surge, plan.may_be_missing, plan.partition) == (0, 1, 2)
    assert rollout_plan(workload(3, "updateStrategy", {"type": "OnDelete"})).strategy == "OnDelete"


def test_a_daemon_set_counts_the_nodes_that_want_it() -> None:
    """A share of them may be missing, rounded up."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}}
    daemons = workload(None, "updateStrategy", rolling, desiredNumberScheduled=12)
    assert rollout_plan(daemons).may_be_missing == 2


def test_claims_and_ports_of_the_node() -> None:
    """A pod in the host's network holds its container's ports there."""
    pod = {
        "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}, {"emptyDir": {}}],
        "containers": [{"ports": [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81}]}],
    }
    plan = rollout_plan(workload(1, "strategy", {}, pod))
    assert (plan.claims, plan.host_ports) == (("data",), (8080,))
    assert rollout_plan(workload(1, "strategy", {}, {**pod, "hostNetwork": True})).host_ports == (80, 81)
    assert rollout_plan({}).claims == ()
