"""Volumes that grow: what no test control plane can do, and what a StorageClass of the sandbox can be told to do."""

from __future__ import annotations

import pytest

from tools.cluster import CLAIMS, KubernetesCluster
from tools.resources import JsonObject
from tools.sandbox import Sandbox, kinds
from tools.sandbox.controllers.volumes import PENDING, PROVISIONER, RESIZE
from tools.sandbox.validation import problems


def claim(sandbox: Sandbox, how: str = "") -> None:
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "fast"},
        "provisioner": PROVISIONER,
        "allowVolumeExpansion": True,
        **({"parameters": {RESIZE: how}} if how else {}),
    }
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "10Gi"}},
    }
    wanted = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop"},
        "spec": spec,
    }
    sandbox.apply([storage_class, wanted])


def ask(cluster: KubernetesCluster, size: str) -> None:
    body = {"spec": {"resources": {"requests": {"storage": size}}}}
    cluster.patch(CLAIMS, "shop", "data", body, patch_type="merge")


@pytest.mark.parametrize(
    ("how", "capacity", "conditions"),
    [("", "12Gi", []), ("pending", "10Gi", [PENDING]), ("never", "10Gi", [])],
)
def test_a_claim_that_asks_for_more_grows_as_its_class_says(
    sandbox: Sandbox, cluster: KubernetesCluster, how: str, capacity: str, conditions: list[str]
) -> None:
    """Within seconds; or its file system waits for a restart of its pod; or nothing ever happens."""
    claim(sandbox, how)
    ask(cluster, "12Gi")
    assert cluster.get(CLAIMS, "shop", "data")["status"]["capacity"] == {"storage": "10Gi"}
    sandbox.settle(60)
    status = cluster.get(CLAIMS, "shop", "data")["status"]
    assert status["capacity"] == {"storage": capacity}
    assert [each["type"] for each in status.get("conditions", [])] == conditions


def test_a_stateful_set_mounts_what_its_claim_templates_make() -> None:
    """The API server knows those volumes although the template lists none of that name; another one it refuses."""

    def mounting(volume: str) -> JsonObject:
        container = {"name": "db", "image": "db:1", "volumeMounts": [{"name": volume, "mountPath": "/data"}]}
        return {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {
                "serviceName": "db",
                "selector": {"matchLabels": {"app": "db"}},
                "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [container]}},
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}],
            },
        }

    assert problems(kinds.STATEFULSET, mounting("data")) == []
    assert [cause.field for cause in problems(kinds.STATEFULSET, mounting("other"))] == [
        "spec.template.spec.containers[0].volumeMounts[0].name"
    ]
