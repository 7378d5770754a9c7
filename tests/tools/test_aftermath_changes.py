"""What somebody else has changed about a target since its evidence was read, kind by kind, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.api_server import MERGE_PATCH
from tests.contract.api_server import connect as raw
from tests.tools.shop import NAMESPACE, Remembered, deployment
from tools.aftermath_changes import Change, Incomparable, changes_since
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.errors import TransientError
from tools.evidence import collect
from tools.records import AutoscalerFacts, CronJobFacts, Evidence, NodeFacts, Target, VolumeFacts
from tools.resources import AUTOSCALERS, CRONJOBS, DEPLOYMENTS, NODES, JsonObject, Resource
from tools.sandbox import Sandbox

BY = "kubectl-edit"


class Stage:
    """One Deployment `web`, what was read of it, and a person."""

    def __init__(self, sandbox: Sandbox, cluster: KubernetesCluster, folder: Path) -> None:
        self.sandbox, self.cluster = sandbox, cluster
        self.client = raw(sandbox.kubeconfig(folder / "person"))

    def target(self, kind: str = "Deployment", name: str = "web", namespace: str = NAMESPACE) -> Target:
        item = self.sandbox.get(kind, namespace, name)
        assert item
        return Target(kind=kind, namespace=namespace, name=name, uid=item["metadata"]["uid"])

    def read(self) -> Evidence:
        seen = collect(self.cluster, self.target(), revisions=Remembered(), clock=self.sandbox.clock)
        self.sandbox.settle(60)
        return seen

    def patch(self, resource: Resource, name: str, body: JsonObject, namespace: str = NAMESPACE) -> None:
        path = resource.path(namespace, name)
        answer = self.client.patch(path, body, MERGE_PATCH, fieldManager=BY)
        assert answer.status == 200, answer.text

    def template(self, **container: Any) -> JsonObject:
        live = self.sandbox.get("Deployment", NAMESPACE, "web")
        assert live
        (only,) = live["spec"]["template"]["spec"]["containers"]
        return {"spec": {"template": {"spec": {"containers": [{**only, **container}]}}}}

    def since(self, then: Evidence, target: Target | None = None) -> tuple[Change, ...]:
        return changes_since(self.cluster, target or self.target(), then)


@pytest.fixture
def stage(sandbox: Sandbox, cluster: KubernetesCluster, tmp_path: Path) -> Stage:
    """Version 1 was healthy, version 2 crashes."""
    made = Stage(sandbox, cluster, tmp_path)
    limits = {"limits": {"memory": "64Mi"}}
    for image, fault in (("registry.example/web:1", ""), ("registry.example/web:2", "crashloop")):
        item = deployment(image=image, fault=fault)
        item["spec"]["template"]["spec"]["containers"][0]["resources"] = limits
        sandbox.apply(item)
        sandbox.settle(90)
    return made


def restart(stage: Stage) -> None:
    at = stage.sandbox.clock.now().isoformat()
    mark = {"kubectl.kubernetes.io/restartedAt": at}
    stage.patch(DEPLOYMENTS, "web", {"spec": {"template": {"metadata": {"annotations": mark}}}})


def undo(stage: Stage) -> None:
    stage.patch(DEPLOYMENTS, "web", stage.template(image="registry.example/web:1"))
    labels = {"spec": {"template": {"metadata": {"labels": {"sim/fault": None}}}}}
    stage.patch(DEPLOYMENTS, "web", labels)


def more_memory(stage: Stage) -> None:
    stage.patch(DEPLOYMENTS, "web", stage.template(resources={"limits": {"memory": "96Mi"}}))


def less_memory(stage: Stage) -> None:
    stage.patch(DEPLOYMENTS, "web", stage.template(resources={"limits": {"memory": "32Mi"}}))


def release(stage: Stage) -> None:
    stage.patch(DEPLOYMENTS, "web", stage.template(image="registry.example/web:3"))


def scale(replicas: int) -> Callable[[Stage], None]:
    return lambda stage: stage.patch(DEPLOYMENTS, "web", {"spec": {"replicas": replicas}})


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [
        (restart, "restarted", ""),
        (undo, "rolled_back", "revision 1"),
        (more_memory, "memory", ""),
        (less_memory, "template", ""),
        (release, "template", ""),
        (scale(5), "scaled_up", ""),
        (scale(1), "scaled_down", ""),
    ],
    ids=["restart", "undo", "more memory", "less memory", "release", "up", "down"],
)
def test_a_persons_write_is_told_apart_and_named(
    stage: Stage, change: Callable[[Stage], None], kind: str, name: str
) -> None:
    """By the object as it is now; who wrote it stands in its managedFields."""
    then = stage.read()
    assert stage.since(then) == ()
    change(stage)
    stage.sandbox.settle(120)
    (found,) = stage.since(then)
    assert (found.kind, found.name, found.by) == (kind, name, BY)


def test_what_this_agent_wrote_is_no_persons_change(stage: Stage) -> None:
    """Another incident's action on the same workload is not what people did."""
    then = stage.read()
    body = {"spec": {"replicas": 5}}
    path = DEPLOYMENTS.path(NAMESPACE, "web")
    assert stage.client.patch(path, body, MERGE_PATCH, fieldManager="sre-agent").status == 200
    assert stage.since(then) == ()


def test_a_scale_whose_entry_carries_no_time_is_named(stage: Stage) -> None:
    """As the real API server keeps what was written through the subresource."""
    then = stage.read()
    scale(5)(stage)
    path = DEPLOYMENTS.path(NAMESPACE, "web")
    answer = stage.client.patch(f"{path}/scale", {"spec": {"replicas": 6}}, MERGE_PATCH, fieldManager=BY)
    assert answer.status == 200
    live = stage.cluster.get(DEPLOYMENTS, NAMESPACE, "web")
    entries = live["metadata"]["managedFields"]
    live["metadata"]["managedFields"] = [each for each in entries if each.get("subresource") == "scale"]
    told: Any = One(stage.cluster, live)
    (found,) = changes_since(told, stage.target(), then)
    assert (found.kind, found.value, found.by) == ("scaled_up", "3 to 6", BY)


class One:
    """A cluster in which one object reads as it is given."""

    def __init__(self, cluster: KubernetesCluster, given: JsonObject) -> None:
        self.list = cluster.list
        self._given = given

    def get(self, *_: Any) -> JsonObject:
        return self._given


def test_a_restart_from_before_the_look_is_none(stage: Stage) -> None:
    """It was there already when the evidence was read."""
    restart(stage)
    stage.sandbox.settle(60)
    assert stage.since(stage.read()) == ()


def test_deleted_pods_count_where_they_were_ill(stage: Stage) -> None:
    """One: that pod. All of them: a restart by hand. A pod that was well may have gone for many reasons."""
    then = stage.read()
    ill = [pod.name for pod in then.pods if not pod.ready]
    well = [pod.name for pod in then.pods if pod.ready]
    assert ill
    assert well
    stage.sandbox.delete("Pod", NAMESPACE, well[0])
    stage.sandbox.settle(60)
    assert stage.since(then) == ()
    stage.sandbox.delete("Pod", NAMESPACE, ill[0])
    stage.sandbox.settle(60)
    assert stage.since(then) == (Change(kind="pod_deleted", name=ill[0]),)
    for name in {pod.name for pod in then.pods} - {well[0], ill[0]}:
        stage.sandbox.delete("Pod", NAMESPACE, name)
    stage.sandbox.settle(60)
    assert stage.since(then) == (Change(kind="pods_deleted", value=str(len(then.pods))),)


def test_pods_of_a_node_that_was_lost_are_nobodys_deletion(stage: Stage) -> None:
    """The cluster evicts them by itself."""
    then = stage.read()
    ill = next(pod for pod in then.pods if not pod.ready)
    lost = then.model_copy(update={"nodes": (NodeFacts(name=ill.node, uid="n", ready="Unknown"),)})
    stage.sandbox.delete("Pod", NAMESPACE, ill.name)
    stage.sandbox.settle(60)
    assert stage.since(lost) == ()


def test_a_workload_that_is_gone_or_another_one_is_deleted(stage: Stage) -> None:
    """A new object of the old name is not the target."""
    then, target = stage.read(), stage.target()
    stage.sandbox.delete("Deployment", NAMESPACE, "web")
    stage.sandbox.settle(60)
    assert stage.since(then, target) == (Change(kind="deleted"),)
    stage.sandbox.apply(deployment())
    assert stage.since(then, target) == (Change(kind="deleted"),)


def facts(clock: ManualClock, **more: Any) -> Evidence:
    """What was read of a target without revisions."""
    return Evidence(collected_at=clock.now(), **more)


def test_a_node_is_cordoned_and_a_cron_job_suspended(stage: Stage, clock: ManualClock) -> None:
    """And the other way round."""
    node = stage.target("Node", stage.sandbox.list("Node")[0]["metadata"]["name"], "")
    before = facts(clock, node=NodeFacts(name=node.name, uid=node.uid))
    assert stage.since(before, node) == ()
    stage.sandbox.settle(5)
    stage.patch(NODES, node.name, {"spec": {"unschedulable": True}}, "")
    assert stage.since(before, node) == (Change(kind="cordoned", by=BY),)
    cordoned = facts(clock, node=NodeFacts(name=node.name, uid=node.uid, schedulable=False))
    stage.patch(NODES, node.name, {"spec": {"unschedulable": None}}, "")
    assert [each.kind for each in stage.since(cordoned, node)] == ["uncordoned"]

    once = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": once}}}
    metadata = {"name": "nightly", "namespace": NAMESPACE}
    stage.sandbox.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})
    cron = stage.target("CronJob", "nightly")
    before = facts(clock, cron_job=CronJobFacts(name="nightly", uid=cron.uid))
    assert stage.since(before, cron) == ()
    stage.patch(CRONJOBS, "nightly", {"spec": {"suspend": True}})
    assert [each.kind for each in stage.since(before, cron)] == ["suspended"]


def test_a_claim_grows_and_an_autoscaler_may_make_more(stage: Stage, clock: ManualClock) -> None:
    """Replicas that an autoscaler sets are nobody's scaling."""
    metadata = {"name": "data", "namespace": NAMESPACE}
    asks = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claimed = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": asks}
    stage.sandbox.apply(claimed)
    claim = stage.target("PersistentVolumeClaim", "data")
    small = VolumeFacts(name="data", uid=claim.uid, asked_text="512Mi", asked=512 * 1024.0**2)
    assert [each.kind for each in stage.since(facts(clock, volume=small), claim)] == ["grown"]
    as_it_is = small.model_copy(update={"asked": 1024.0**3})
    assert stage.since(facts(clock, volume=as_it_is), claim) == ()

    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": scaled, "minReplicas": 1, "maxReplicas": 5}
    metadata = {"name": "web", "namespace": NAMESPACE}
    kind = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    stage.sandbox.apply({**kind, "metadata": metadata, "spec": spec})
    hpa = AutoscalerFacts(kind="HorizontalPodAutoscaler", name="web", most=5)
    then = stage.read().model_copy(update={"autoscalers": (hpa,)})
    stage.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 4}})
    assert stage.since(then) == ()
    stage.patch(AUTOSCALERS, "web", {"spec": {"maxReplicas": 7}})
    assert stage.since(then) == (Change(kind="maximum_raised", name="web", value="5 to 7", by=BY),)


def test_what_was_not_read_then_cannot_be_compared(stage: Stage, clock: ManualClock) -> None:
    """Unknown, and never "nothing"; nor can a kind that nobody looks for."""
    with pytest.raises(Incomparable, match="workload was not read"):
        stage.since(facts(clock))
    node = Target(kind="Node", namespace="", name="n", uid="u")
    claim = Target(kind="PersistentVolumeClaim", namespace=NAMESPACE, name="c", uid="u")
    for target in (node, claim, claim.model_copy(update={"kind": "Job"})):
        with pytest.raises(Incomparable):
            stage.since(facts(clock), target)


class Deaf:
    """An API server that does not answer."""

    def get(self, *_: Any) -> JsonObject:
        raise TransientError("no answer")


def test_an_api_server_that_does_not_answer_tells_nothing(stage: Stage) -> None:
    """It is asked again later."""
    then: Any = stage.read()
    deaf: Any = Deaf()
    with pytest.raises(TransientError):
        changes_since(deaf, stage.target(), then)
