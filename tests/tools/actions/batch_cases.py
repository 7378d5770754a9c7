"""How the actions on CronJobs, Jobs and PersistentVolumeClaims are tried by the contract: stages to set, arguments."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from tools.cluster import Cluster
from tools.errors import NotFound
from tools.job_facts import ended
from tools.objects import name, uid
from tools.resources import (
    CLAIMS,
    CRONJOBS,
    JOBS,
    STORAGE_CLASSES,
    SUSPENDED_BY,
    JsonObject,
    Resource,
)

VOLUMES = Resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
PROVISIONER = "sim.example.org/volumes"
"""The sandbox has it; on the control plane there is nobody of that name."""
Args = dict[str, Any]


class Place(Protocol):
    """What of a stage is needed here."""

    @property
    def namespace(self) -> str: ...

    @property
    def admin(self) -> Cluster: ...

    def pass_time(self, seconds: float) -> None: ...


def nightly(stage: Place) -> None:
    """A CronJob `nightly` whose next run is at night."""
    template = {"backoffLimit": 0, "template": _pods("")}
    spec = {"schedule": "30 3 * * *", "jobTemplate": {"spec": template}}
    body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"}, "spec": spec}
    stage.admin.create(CRONJOBS, stage.namespace, body)


def suspended(stage: Place) -> None:
    """As this agent leaves a CronJob that it has suspended."""
    nightly(stage)
    marks = {"metadata": {"annotations": {SUSPENDED_BY: "k0"}}, "spec": {"suspend": True}}
    stage.admin.patch(CRONJOBS, stage.namespace, "nightly", marks, patch_type="merge")


def cron_job_args(stage: Place) -> Args:
    """Of the CronJob as it is."""
    item = stage.admin.get(CRONJOBS, stage.namespace, "nightly")
    return {"namespace": stage.namespace, "name": "nightly", "uid": uid(item)}


def set_suspended(stage: Place, on: bool) -> None:
    """As somebody else does it."""
    body = {"spec": {"suspend": on}}
    stage.admin.patch(CRONJOBS, stage.namespace, "nightly", body, patch_type="merge")


def is_suspended(item: JsonObject) -> bool:
    """What both actions change."""
    return bool(item["spec"].get("suspend"))


def is_ours(item: JsonObject) -> bool:
    """Our mark is on it."""
    return SUSPENDED_BY in (item["metadata"].get("annotations") or {})


def failed_run(stage: Place, job: str = "nightly-1") -> None:
    """A run of the CronJob, which there is already or not, that has failed."""
    run(stage, job, fault="crashloop", outcome="failed")


def run(stage: Place, job: str, *, fault: str, outcome: str) -> None:
    """A run of the CronJob, which there is already or not, that has ended so."""
    try:
        owner = stage.admin.get(CRONJOBS, stage.namespace, "nightly")
    except NotFound:
        nightly(stage)
        owner = stage.admin.get(CRONJOBS, stage.namespace, "nightly")
    reference = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": uid(owner)}
    metadata = {"name": job, "ownerReferences": [{**reference, "controller": True}]}
    spec = {"backoffLimit": 0, "template": _pods(fault)}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
    stage.admin.create(JOBS, stage.namespace, body)
    wait_for(lambda: ended(stage.admin.get(JOBS, stage.namespace, job)) == outcome, stage)


def job_args(stage: Place) -> Args:
    """Of the run that failed."""
    item = stage.admin.get(JOBS, stage.namespace, "nightly-1")
    owner = item["metadata"]["ownerReferences"][0]
    named = {"namespace": stage.namespace, "name": name(item), "uid": uid(item)}
    return {**named, "cron_job": owner["name"], "cron_job_uid": owner["uid"]}


def disown(stage: Place) -> None:
    """Somebody takes the Job away from its CronJob."""
    body = {"metadata": {"ownerReferences": None}}
    stage.admin.patch(JOBS, stage.namespace, "nightly-1", body, patch_type="merge")


def claim(stage: Place) -> None:
    """A claim `data` of 1Gi, bound, of a StorageClass that lets volumes grow."""
    storage_class = f"grows-{stage.namespace}"
    made = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": PROVISIONER}
    grows = {**made, "metadata": {"name": storage_class}, "allowVolumeExpansion": True}
    stage.admin.create(STORAGE_CLASSES, "", grows)
    common = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class}
    volume = {
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/nowhere"},
        "claimRef": {"namespace": stage.namespace, "name": "data"},
    }
    kind = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"pv-{stage.namespace}"}}
    stage.admin.create(VOLUMES, "", {**kind, "spec": {**common, **volume}})
    wanted = {**common, "resources": {"requests": {"storage": "1Gi"}}}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": wanted}
    stage.admin.create(CLAIMS, stage.namespace, body)
    wait_for(lambda: _data(stage)["status"]["phase"] == "Bound", stage)


def claim_args(stage: Place) -> Args:
    """A fifth more."""
    named = {"namespace": stage.namespace, "name": "data", "uid": uid(_data(stage))}
    return {**named, "from_size": "1Gi", "to_size": "1229Mi"}


def asks_for(item: JsonObject) -> object:
    """What the action changes."""
    return item["spec"]["resources"]["requests"]["storage"]


def ask_for(stage: Place, size: str) -> None:
    """As somebody else does it."""
    body = {"spec": {"resources": {"requests": {"storage": size}}}}
    stage.admin.patch(CLAIMS, stage.namespace, "data", body, patch_type="merge")


def wait_for_a_restart(stage: Place) -> None:
    """The file system stays as it was until a pod is started again."""
    pending = {"type": "FileSystemResizePending", "status": "True", "message": "start a pod again"}
    body = {"status": {"capacity": {"storage": "1Gi"}, "conditions": [pending]}}
    stage.admin.patch(CLAIMS, stage.namespace, "data", body, patch_type="merge", subresource="status")


def wait_for(holds: Callable[[], bool], stage: Place) -> None:
    """Let time pass there until it holds, 60 s here at most."""
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends, "the stage was not set within 60 s"
        stage.pass_time(1)


def _data(stage: Place) -> JsonObject:
    return stage.admin.get(CLAIMS, stage.namespace, "data")


def _pods(fault: str) -> JsonObject:
    labels = {"app": "task"} | ({"sim/fault": fault} if fault else {})
    spec = {"restartPolicy": "Never", "containers": [{"name": "task", "image": "registry.example/task:1"}]}
    return {"metadata": {"labels": labels}, "spec": spec}
