"""Delete a Job that has ended: whose it may be, what goes with it, and a deletion whose answer is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.proxy import Fault, FaultProxy, drop, hold, refuse
from tests.tools.shop import NAMESPACE, START
from tools.actions.delete_job import ACTION, DeleteJob
from tools.cluster import JOBS, PODS, JsonObject, KubernetesCluster
from tools.errors import Conflict, Refused
from tools.records import Argument, Receipt, Target
from tools.requested_calls import call_for
from tools.sandbox import Sandbox


def job(fault: str = "crashloop", **metadata: Any) -> JsonObject:
    """A Job of nobody's with one try, in this state after a while."""
    labels = {"app": "import", "sim/fault": fault}
    pods = {"restartPolicy": "Never", "containers": [{"name": "task", "image": "registry.example/task:1"}]}
    spec = {"backoffLimit": 0, "template": {"metadata": {"labels": labels}, "spec": pods}}
    named = {"name": "import", "namespace": NAMESPACE, **metadata}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": named, "spec": spec}


class Scene:
    """One Job behind a proxy, and its deletion."""

    def __init__(self, sandbox: Sandbox, proxy: FaultProxy, folder: Path, made: JsonObject) -> None:
        self.sandbox, self.proxy = sandbox, proxy
        sandbox.apply(made)
        sandbox.settle(60)
        config = sandbox.kubeconfig(folder / "config")
        config.write_text(config.read_text().replace(sandbox.url, proxy.url))
        self.cluster = KubernetesCluster.connect(str(config), timeout=(3, 0.5), sleep=lambda _seconds: None)
        live = self.cluster.get(JOBS, NAMESPACE, "import")
        self.args = DeleteJob(namespace=NAMESPACE, name="import", uid=live["metadata"]["uid"])

    def execute(self) -> Receipt:
        return ACTION.execute(self.cluster, self.args, key="k1", at=START, dry_run=False)

    def deletions(self) -> int:
        sent = (request for request in self.sandbox.requests if request.method == "DELETE")
        return sum(request.writes for request in sent)


@pytest.fixture
def proxy(sandbox: Sandbox) -> Iterator[FaultProxy]:
    """Between the adapter and the sandbox."""
    with FaultProxy(sandbox.url) as running:
        yield running


@pytest.fixture
def scene(sandbox: Sandbox, proxy: FaultProxy, tmp_path: Path) -> Scene:
    """The Job has failed."""
    return Scene(sandbox, proxy, tmp_path, job())


def test_the_job_goes_with_its_pods_and_is_said_not_to_come_back(scene: Scene) -> None:
    """Background is asked for by name: the default of batch/v1 leaves the pods behind."""
    shown = ACTION.preview(scene.cluster, scene.args)
    assert (shown.accepted, len(shown.pods_replaced)) == (True, 1)
    assert "cannot be undone" in shown.undo
    assert {"It removes evidence", "It clears the alert about this Job"} <= {
        note.partition(":")[0].partition(".")[0] for note in shown.notes
    }
    assert scene.execute().outcome == "done"
    (sent,) = [r for r in scene.sandbox.requests if r.method == "DELETE" and r.writes]
    assert sent.body["propagationPolicy"] == "Background"
    assert sent.body["preconditions"] == {"uid": scene.args.uid}
    scene.sandbox.settle(5)
    assert scene.cluster.list(PODS, NAMESPACE) == []
    seen = ACTION.observe(scene.cluster, scene.args, None, START)
    assert (seen.done, seen.lingering, seen.error) == (True, "", "")


def test_a_job_that_has_not_ended_stays(sandbox: Sandbox, proxy: FaultProxy, tmp_path: Path) -> None:
    """Also when somebody approved it."""
    scene = Scene(sandbox, proxy, tmp_path, job("imagepull"))
    with pytest.raises(Refused, match="has not ended"):
        scene.execute()
    assert not ACTION.preview(scene.cluster, scene.args).accepted
    assert scene.deletions() == 0


def test_a_job_of_somebody_else_stays(sandbox: Sandbox, proxy: FaultProxy, tmp_path: Path) -> None:
    """An operator's Job is the operator's; so is one of a CronJob of another group."""
    owner = {"apiVersion": "example.org/v1", "kind": "CronJob", "name": "b", "uid": "u-1", "controller": True}
    scene = Scene(sandbox, proxy, tmp_path, job(ownerReferences=[owner]))
    with pytest.raises(Refused, match="belongs to CronJob b"):
        scene.execute()
    assert scene.deletions() == 0


def test_a_job_that_a_finalizer_holds_is_seen_to_linger(scene: Scene) -> None:
    """Done as far as it goes: it is being deleted, and is still there."""
    body = {"metadata": {"finalizers": ["example.org/keep"]}}
    scene.cluster.patch(JOBS, NAMESPACE, "import", body, patch_type="merge")
    assert scene.execute().outcome == "done"
    seen = ACTION.observe(scene.cluster, scene.args, None, START)
    assert (seen.done, seen.lingering) == (True, "import")
    assert scene.execute().outcome == "found_done"


@pytest.mark.parametrize("fault", [drop(after_commit=True), hold()])
def test_a_deletion_without_an_answer_is_found_by_its_effect(scene: Scene, fault: Fault) -> None:
    """There is no object to carry a stamp: that of this uid is gone."""
    scene.proxy.spoil(fault, method="DELETE")
    receipt = scene.execute()
    scene.proxy.release()
    assert (receipt.outcome, receipt.message) == ("found_done", "the Job is gone already")
    assert scene.deletions() == 1


@pytest.mark.parametrize("fault", [drop(), refuse(500), refuse(503)])
def test_a_deletion_that_may_still_be_on_its_way_is_unknown_and_can_be_repeated(
    scene: Scene, fault: Fault
) -> None:
    """The Job is still there, which says nothing; once more deletes it once."""
    scene.proxy.spoil(fault, method="DELETE")
    assert scene.execute().outcome == "unknown"
    assert scene.execute().outcome == "done"
    assert scene.execute().outcome == "found_done"
    assert scene.deletions() == 1


def test_another_job_of_that_name_is_left_alone(scene: Scene) -> None:
    """Deleted and made again by somebody between the look and the deletion: what was asked for is gone."""
    scene.sandbox.delete("Job", NAMESPACE, "import")
    scene.sandbox.apply(job())
    assert scene.execute().outcome == "found_done"
    assert scene.sandbox.get("Job", NAMESPACE, "import") is not None


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("Job", {"job": "gone"}, "There is no Job gone"),
        ("Job", {}, "job: Field required"),
        ("CronJob", {"job": "import"}, "it belongs to somebody else"),
        ("Deployment", {"job": "import"}, "delete_job is for a CronJob or a Job, not for a Deployment"),
    ],
)
def test_only_a_job_of_the_target_can_be_asked_for(
    scene: Scene, kind: str, given: dict[str, Argument], says: str
) -> None:
    """One that is there, and is its own or its CronJob's."""
    target = Target(kind=kind, namespace=NAMESPACE, name="import", uid=scene.args.uid)
    with pytest.raises((Refused, Conflict), match=says):
        call_for(scene.cluster, "delete_job", given, target, START)


def test_a_job_that_runs_cannot_be_asked_for(sandbox: Sandbox, proxy: FaultProxy, tmp_path: Path) -> None:
    """Its work would be lost."""
    scene = Scene(sandbox, proxy, tmp_path, job("imagepull"))
    target = Target(kind="Job", namespace=NAMESPACE, name="import", uid=scene.args.uid)
    with pytest.raises(Refused, match="has not ended"):
        call_for(scene.cluster, "delete_job", {"job": "import"}, target, START)
