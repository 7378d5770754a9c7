"""A pod that is gone is found by what Prometheus remembers of it, and never by more than that proves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.tools.shop import NAMESPACE, START, alert
from tests.tools.test_targets import CHAIN, POD, WEB, Objects, item
from tools.prometheus import PrometheusApi
from tools.recorded_series import RecordedSeries
from tools.resources import DEPLOYMENTS, REPLICASETS, STATEFULSETS
from tools.sandbox.prometheus import PrometheusServer, Spoilt
from tools.targets import Resolution, resolve

OLD = (START - timedelta(days=1)).isoformat()
REPLICASET = {"owner_kind": "ReplicaSet", "owner_name": "web-7d4b9c6f5d"}


def aged(*chain: tuple[Any, Any], at: str = OLD) -> Objects:
    """These objects, made at that time."""
    for _, each in chain:
        each["metadata"]["creationTimestamp"] = at
    return Objects(*chain)


def web() -> Any:
    """A Deployment and its revision."""
    labels = {"pod-template-hash": "7d4b9c6f5d"}
    return (DEPLOYMENTS, item("web")), (REPLICASETS, item("web-7d4b9c6f5d", WEB, labels=labels))


def remembering(**series: list[dict[str, str]]) -> RecordedSeries:
    """A Prometheus that holds these owners, by metric."""
    entries = [
        {"query_contains": name, "series": [{"labels": labels, "values": [[0, 1]]} for labels in told]}
        for name, told in series.items()
    ]
    return RecordedSeries.of(entries, START)


def found(objects: Objects, metrics: Any, pod: str = POD) -> Resolution:
    """What an alert about that pod is resolved to."""
    return resolve(objects, [alert(namespace=NAMESPACE, pod=pod)], metrics=metrics, now=START)


def test_what_prometheus_remembers_is_no_guess() -> None:
    """Though the pod's name says as much: a recorded fact does not cap what may be done."""
    told = found(aged(*web()), remembering(kube_pod_owner=[REPLICASET]))
    assert told.target is not None
    assert (told.target.name, told.target.resolved_by, told.pod_gone) == ("web", "prometheus", True)
    assert "Prometheus remembers" in told.reason


def test_a_name_that_says_nothing_is_found_too() -> None:
    """A StatefulSet that has been scaled down since: by its name it could not be told."""
    owner = {"owner_kind": "StatefulSet", "owner_name": "store"}
    objects = aged((STATEFULSETS, item("store") | {"spec": {"replicas": 1}}))
    told = found(objects, remembering(kube_pod_owner=[owner]), "store-4")
    assert told.target is not None
    assert (told.target.kind, told.target.resolved_by) == ("StatefulSet", "prometheus")
    assert found(objects, None, "store-4").target is None


def test_a_revision_that_is_gone_as_well_is_followed_by_its_own_series() -> None:
    """Old ReplicaSets are deleted; the Deployment above is there."""
    above = {"owner_kind": "Deployment", "owner_name": "web"}
    metrics = remembering(kube_pod_owner=[REPLICASET], kube_replicaset_owner=[above])
    told = found(aged(web()[0]), metrics)
    assert told.target is not None
    assert (told.target.kind, told.target.resolved_by) == ("Deployment", "prometheus")


@pytest.mark.parametrize(
    ("owners", "made"),
    [
        ([REPLICASET, {"owner_kind": "ReplicaSet", "owner_name": "other"}], OLD),
        ([REPLICASET], START.isoformat()),
        ([{"owner_kind": "Cluster", "owner_name": "web-7d4b9c6f5d"}], OLD),
        ([{"owner_kind": "ReplicaSet", "owner_name": ""}], OLD),
        ([], OLD),
    ],
    ids=["two owners", "made after the alert", "a kind that is unknown", "no name", "nothing"],
)
def test_what_proves_nothing_leaves_the_name(owners: list[dict[str, str]], made: str) -> None:
    """Which only ever proposes (R3.5)."""
    told = found(aged(*web(), at=made), remembering(kube_pod_owner=owners))
    assert told.target is not None
    assert told.target.resolved_by == "name_pattern"


def test_a_prometheus_that_fails_leaves_the_name_too() -> None:
    """It is optional evidence: nothing waits for it."""
    with PrometheusServer() as server:
        server.spoilt = Spoilt(status=500)
        told = found(aged(*CHAIN), PrometheusApi(server.url))
    assert told.target is not None
    assert told.target.resolved_by == "name_pattern"


def test_it_is_asked_for_just_that_pod() -> None:
    """Namespace and name, the last two hours."""
    with PrometheusServer() as server:
        server.hold("kube_pod_owner", (REPLICASET, [(0, 1)]))
        found(aged(*web()), PrometheusApi(server.url))
    (asked,) = server.asked
    chosen = f'kube_pod_owner{{namespace="{NAMESPACE}",pod="{POD}",owner_is_controller="true"}}[2h]'
    assert chosen in asked.fields["query"]
