"""A frozen sandbox answers as the recorded cluster would have, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.contract.api_server import (
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Answer,
    Client,
    connect,
    deployment,
    revision,
)
from tools.bundle import Bundle, BundleMeta, LogName
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.errors import TransientError
from tools.sandbox import Sandbox
from tools.sandbox.frozen import FrozenSandbox

NOW = datetime(2026, 1, 5, 12, 30, tzinfo=UTC)
SHOP = "/api/v1/namespaces/shop"
WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
Open = Callable[..., Client]


def recorded(**meta: Any) -> Bundle:
    """A bundle of what a live sandbox looked like ten minutes after a bad release."""
    objects, logs = _after_a_bad_release()
    return Bundle(BundleMeta(now=NOW, **meta), objects=objects, logs=logs)


@cache
def _after_a_bad_release() -> tuple[tuple[dict[str, Any], ...], dict[LogName, str]]:
    live = Sandbox(ManualClock(datetime(2026, 1, 5, 12, 0, tzinfo=UTC)), nodes=2, seed=7)
    place = {"metadata": {"name": "web", "namespace": "shop"}}
    live.apply(deployment() | place)
    live.settle(1200)
    live.apply(deployment(fault="crashloop", image="shop/web:2") | place)
    live.settle(600)
    kinds = ("Namespace", "Node", "Deployment", "ReplicaSet", "Pod", "Event")
    objects = [obj for kind in kinds for obj in live.list(kind)]
    gateway = {"name": "g", "namespace": "shop"}
    objects.append({"apiVersion": "example.org/v1", "kind": "Gateway", "metadata": gateway})
    pod = live.pods("shop", "web")[0]["metadata"]["name"]
    return tuple(objects), {
        LogName("shop", pod, "web", previous=True): "2026-01-05T12:29:00Z one\ntwo\nthree\n"
    }


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Serve a recording with these lines in its meta.yaml; gives an admin's client."""
    running: list[FrozenSandbox] = []

    def start(**meta: Any) -> Client:
        frozen = Sandbox.frozen(recorded(**meta)).start()
        running.append(frozen)
        return connect(frozen.kubeconfig(tmp_path / f"kubeconfig-{len(running)}"))

    yield start
    for frozen in running:
        frozen.stop()


def _pod(client: Client) -> dict[str, Any]:
    return client.items(f"{SHOP}/pods", labelSelector="app=web")[0]


def _require(answer: Answer, status: int, reason: str) -> None:
    assert (answer.status, answer.reason) == (status, reason), answer.text


def test_objects_are_served_as_they_were(opened: Open) -> None:
    """Identity, status and kind of every object, custom resources included."""
    client, bundle = opened(), recorded()
    found = client.get(WEB).json
    (kept,) = [obj for obj in bundle.objects if obj["kind"] == "Deployment"]
    assert found["spec"] == kept["spec"]
    assert found["status"] == kept["status"]
    assert found["metadata"]["uid"] == kept["metadata"]["uid"]
    assert found["metadata"]["resourceVersion"] == kept["metadata"]["resourceVersion"]
    assert revision(found) == 2
    assert len(client.items("/apis/apps/v1/replicasets", labelSelector="app=web")) == 2
    assert client.get("/apis/example.org/v1/namespaces/shop/gateways/g").status == 200


def test_reads_have_the_apis_semantics(opened: Open) -> None:
    """Selectors, pages and 404 as from a live server."""
    client = opened()
    pod = _pod(client)
    uid = pod["metadata"]["uid"]
    events = client.items(f"{SHOP}/events", fieldSelector=f"involvedObject.uid={uid}")
    assert {event["involvedObject"]["uid"] for event in events} == {uid}
    assert "BackOff" in {event["reason"] for event in events}
    page = client.get(f"{SHOP}/events", limit=2).json
    assert len(page["items"]) == 2
    assert client.get(f"{SHOP}/events", limit=2, continue_=page["metadata"]["continue"]).status == 200
    _require(client.get(f"{SHOP}/pods/nobody"), 404, "NotFound")


def test_a_log_file_is_what_the_container_printed(opened: Open) -> None:
    """Options cut it; lines that carry their time are filtered by it."""
    client = opened()
    path = f"{SHOP}/pods/{_pod(client)['metadata']['name']}/log"
    assert client.get(path, previous="true").text.endswith("one\ntwo\nthree\n")
    assert client.get(path, previous="true", tailLines=2).text == "two\nthree\n"
    assert client.get(path, previous="true", tailLines=1, limitBytes=3).text == "thr"
    assert client.get(path, previous="true", sinceSeconds=30).text == "two\nthree\n"


def test_a_missing_log_file_is_an_empty_log_or_a_400(opened: Open) -> None:
    """Nothing was printed if it ran; no previous log if there is no file of it."""
    client = opened()
    first, second = (pod["metadata"]["name"] for pod in client.items(f"{SHOP}/pods", labelSelector="app=web"))
    assert client.get(f"{SHOP}/pods/{first}/log").text == ""
    refused = client.get(f"{SHOP}/pods/{second}/log", previous="true")
    _require(refused, 400, "BadRequest")
    assert "previous terminated container" in refused.json["message"]


def test_a_real_write_is_refused(opened: Open) -> None:
    """403 ReplayOnly for every verb that changes something, and for a command, which a GET begins."""
    client = opened()
    name = _pod(client)["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    answers = [
        client.patch(WEB, {"spec": {"replicas": 1}}, MERGE_PATCH),
        client.patch(f"{WEB}/scale", {"spec": {"replicas": 1}}, MERGE_PATCH),
        client.delete(WEB),
        client.post(f"{SHOP}/configmaps", {"metadata": {"name": "a"}}),
        client.post(f"{SHOP}/pods/{name}/eviction", eviction),
    ]
    for answer in answers:
        _require(answer, 403, "ReplayOnly")
    asked = {"command": "true", "container": "web", "stdout": "true"}
    _require(client.get(f"{SHOP}/pods/{_pod(client)['metadata']['name']}/exec", **asked), 403, "ReplayOnly")


def test_a_dry_run_is_validated_and_answered(opened: Open) -> None:
    """The would-be object comes back, a wrong one is refused, nothing is changed."""
    client = opened()
    before = client.get(WEB).json
    answer = client.patch(WEB, {"spec": {"replicas": 5}}, STRATEGIC_PATCH, dryRun="All")
    assert (answer.status, answer.json["spec"]["replicas"]) == (200, 5)
    _require(client.patch(WEB, {"spec": {"replicas": -5}}, STRATEGIC_PATCH, dryRun="All"), 422, "Invalid")
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 5}}
    _require(client.patch(WEB, stale, MERGE_PATCH, dryRun="All"), 409, "Conflict")
    name = _pod(client)["metadata"]["name"]
    eviction = {"metadata": {"name": name}, "deleteOptions": {"dryRun": ["All"]}}
    assert client.post(f"{SHOP}/pods/{name}/eviction", eviction).status == 201
    assert client.get(WEB).json == before


def test_what_the_reader_may_not_read_is_forbidden(opened: Open) -> None:
    """By kind, by namespace and kind, by subresource; one's own review agrees."""
    client = opened(forbidden=["secrets", "shop/configmaps", "shop/pods/log"])
    name = _pod(client)["metadata"]["name"]
    _require(client.get("/api/v1/namespaces/other/secrets"), 403, "Forbidden")
    _require(client.get(f"{SHOP}/configmaps"), 403, "Forbidden")
    _require(client.get("/api/v1/configmaps"), 403, "Forbidden")
    _require(client.get(f"{SHOP}/pods/{name}/log", previous="true"), 403, "Forbidden")
    assert client.get("/api/v1/namespaces/other/configmaps").status == 200
    assert client.get(f"{SHOP}/pods/{name}").status == 200
    for resource, allowed in (("configmaps", False), ("pods", True)):
        attributes = {"verb": "list", "resource": resource, "namespace": "shop"}
        body = {"spec": {"resourceAttributes": attributes}}
        review = client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
        assert review.json["status"]["allowed"] is allowed


def test_a_kind_that_was_not_captured_is_a_failed_read(opened: Open) -> None:
    """Never an empty list, never 404: nobody knows."""
    client = opened(captured=["Pod", "Deployment"])
    assert client.items(f"{SHOP}/pods")
    for path in (
        f"{SHOP}/configmaps",
        f"{SHOP}/configmaps/a",
        "/apis/autoscaling/v2/horizontalpodautoscalers",
    ):
        answer = client.get(path)
        _require(answer, 501, "NotCaptured")
        assert "not captured" in answer.json["message"]


def test_namespaces_of_recorded_objects_exist(opened: Open) -> None:
    """Whether or not the recording holds the Namespace object itself."""
    assert opened().get("/api/v1/namespaces/shop").status == 200


@contextmanager
def _refusing() -> Iterator[FrozenSandbox]:
    frozen = Sandbox.frozen(Bundle(BundleMeta(now=NOW, api="refused"))).start()
    try:
        yield frozen
    finally:
        frozen.stop()


def test_an_api_that_refused_refuses_again(tmp_path: Path) -> None:
    """Connections fail, as they did; nobody else can take the port meanwhile."""
    with _refusing() as frozen:
        kubeconfig = frozen.kubeconfig(tmp_path / "kubeconfig")
        cluster = KubernetesCluster.connect(str(kubeconfig), sleep=lambda seconds: None)
        with pytest.raises(TransientError):
            cluster.version()


def test_the_recordings_clock_stands_at_its_instant() -> None:
    """`now` of the bundle is the clock of everything that replays it."""
    assert Sandbox.frozen(recorded()).clock.now() == NOW


USAGE: dict[str, Any] = {
    "apiVersion": "metrics.k8s.io/v1beta1",
    "kind": "PodMetrics",
    "metadata": {"name": "web-1", "namespace": "shop"},
    "containers": [{"name": "web", "usage": {"cpu": "450m", "memory": "60Mi"}}],
}
METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"


def test_recorded_usage_is_served(tmp_path: Path) -> None:
    """PodMetrics objects of a bundle are what `metrics.k8s.io` answers."""
    bundle = Bundle(BundleMeta(now=NOW), objects=(USAGE,))
    with Sandbox.frozen(bundle) as frozen:
        (item,) = connect(frozen.kubeconfig(tmp_path / "kubeconfig")).items(METRICS)
        assert item["containers"][0]["usage"]["cpu"] == "450m"


def test_without_recorded_usage_there_is_no_metrics_server(opened: Open) -> None:
    """404; but where only some kinds were recorded, nobody knows."""
    assert opened().get(METRICS).status == 404
    _require(opened(captured=["Pod"]).get(METRICS), 501, "NotCaptured")
    assert opened(captured=["PodMetrics"]).get(METRICS).json["items"] == []
