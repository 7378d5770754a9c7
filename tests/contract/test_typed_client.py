"""The library's typed APIs understand what the server sends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.api_server import ApiServer


def _typed(server: ApiServer, name: str) -> Any:
    from kubernetes import client as library

    return getattr(library, name)(server.admin.api)


def test_typed_reads_work(server: ApiServer) -> None:
    """Deployments, pods and events become models: nothing that they require is missing."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    found = _typed(server, "AppsV1Api").read_namespaced_deployment("web", server.namespace)
    assert (found.spec.replicas, found.status.ready_replicas) == (1, 1)
    core = _typed(server, "CoreV1Api")
    (pod,) = core.list_namespaced_pod(server.namespace, label_selector="app=web").items
    assert pod.status.container_statuses[0].state.running.started_at.tzinfo is not None
    events = core.list_namespaced_event(server.namespace).items
    assert {event.involved_object.kind for event in events} >= {"Pod", "ReplicaSet", "Deployment"}
    assert {node.metadata.name for node in core.list_node().items}


def test_typed_errors_carry_the_status(server: ApiServer) -> None:
    """An ApiException with code and body."""
    from kubernetes.client.exceptions import ApiException

    core = _typed(server, "CoreV1Api")
    with pytest.raises(ApiException) as refused:
        core.read_namespaced_pod("nobody", server.namespace)
    assert refused.value.status == 404
    assert '"reason":"NotFound"' in str(refused.value.body)


def test_typed_writes_work(server: ApiServer) -> None:
    """A dict is sent as a strategic merge patch, a list as a JSON Patch."""
    server.create_deployment(replicas=0)
    server.wait_until_rolled_out()
    apps = _typed(server, "AppsV1Api")
    patched = apps.patch_namespaced_deployment("web", server.namespace, {"spec": {"minReadySeconds": 1}})
    assert patched.spec.min_ready_seconds == 1
    operations = [{"op": "replace", "path": "/spec/minReadySeconds", "value": 2}]
    patched = apps.patch_namespaced_deployment("web", server.namespace, operations)
    assert (patched.spec.min_ready_seconds, patched.spec.replicas) == (2, 0)
