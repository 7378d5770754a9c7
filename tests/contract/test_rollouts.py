"""Deployments and their revisions, as the real controller makes them."""

from __future__ import annotations

from tests.contract.api_server import (
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    ApiServer,
    Json,
    conditions,
    is_ready,
    revision,
    rolled_out,
    waits,
)

RESTARTED = "kubectl.kubernetes.io/restartedAt"


def _release(server: ApiServer, image: str, fault: str | None = None) -> None:
    """A new revision; `fault` None takes the label off."""
    template = {
        "metadata": {"labels": {"sim/fault": fault}},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }
    answer = server.admin.patch(server.deployments("web"), {"spec": {"template": template}}, STRATEGIC_PATCH)
    assert answer.status == 200, answer.text


def _roll_back_to(server: ApiServer, replicaset: Json) -> None:
    template = replicaset["spec"]["template"]
    del template["metadata"]["labels"]["pod-template-hash"]
    uid = server.read(server.deployments("web"))["metadata"]["uid"]
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "replace", "path": "/spec/template", "value": template},
    ]
    answer = server.admin.patch(server.deployments("web"), operations, JSON_PATCH)
    assert answer.status == 200, answer.text


def test_a_deployment_makes_ready_pods(server: ApiServer) -> None:
    """Deployment, ReplicaSet and pods, each owned by the one above, counted in the status."""
    server.create_deployment(replicas=3)
    found = server.wait_until_rolled_out()
    assert found["status"]["readyReplicas"] == 3
    assert conditions(found)["Available"]["status"] == "True"
    assert conditions(found)["Progressing"]["reason"] == "NewReplicaSetAvailable"
    (replicaset,) = server.revisions_of()
    digest = replicaset["metadata"]["labels"]["pod-template-hash"]
    assert replicaset["metadata"]["name"] == f"web-{digest}"
    assert replicaset["metadata"]["ownerReferences"][0]["uid"] == found["metadata"]["uid"]
    for pod in server.pods_of():
        owner = pod["metadata"]["ownerReferences"][0]
        assert (owner["uid"], owner["controller"]) == (replicaset["metadata"]["uid"], True)
        assert pod["metadata"]["name"].startswith(f"web-{digest}-")
        assert pod["metadata"]["labels"]["pod-template-hash"] == digest
        assert pod["spec"]["nodeName"]
        assert (is_ready(pod), pod["status"]["phase"]) == (True, "Running")


def test_a_new_template_is_a_new_revision(server: ApiServer) -> None:
    """Old pods go, the old ReplicaSet stays at none, revision numbers grow."""
    server.create_deployment()
    server.wait_until_rolled_out()
    _release(server, "shop/web:2")
    found = server.wait_until_rolled_out()
    old, new = server.revisions_of()
    assert [revision(old), revision(new), revision(found)] == [1, 2, 2]
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (0, 2)
    assert {pod["spec"]["containers"][0]["image"] for pod in server.pods_of()} == {"shop/web:2"}


def test_a_rollback_renumbers_the_old_revision(server: ApiServer) -> None:
    """No new ReplicaSet: the old one becomes the newest revision and remembers its old number."""
    server.create_deployment()
    server.wait_until_rolled_out()
    _release(server, "shop/web:2")
    server.wait_until_rolled_out()
    first, second = server.revisions_of()
    _roll_back_to(server, first)
    found = server.wait_until_rolled_out()
    assert revision(found) == 3
    after = server.revisions_of()
    assert [obj["metadata"]["uid"] for obj in after] == [second["metadata"]["uid"], first["metadata"]["uid"]]
    assert [revision(obj) for obj in after] == [2, 3]
    assert after[-1]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


def test_a_restart_annotation_is_a_new_revision(server: ApiServer) -> None:
    """Same image, new template, new pods: the trap of a rollback after a restart."""
    server.create_deployment()
    server.wait_until_rolled_out()
    before = {pod["metadata"]["uid"] for pod in server.pods_of()}
    template = {"metadata": {"annotations": {RESTARTED: "2026-01-05T12:00:00Z"}}}
    patch = {"spec": {"template": template}}
    assert server.admin.patch(server.deployments("web"), patch, STRATEGIC_PATCH).status == 200
    server.wait_until_rolled_out()
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in server.pods_of())
    assert [revision(obj) for obj in server.revisions_of()] == [1, 2]
    again = server.admin.patch(server.deployments("web"), patch, STRATEGIC_PATCH)
    assert again.json["metadata"]["generation"] == server.wait_until_rolled_out()["metadata"]["generation"]
    assert len(server.revisions_of()) == 2


def test_annotations_reach_the_replicaset(server: ApiServer) -> None:
    """The Deployment's own annotations are copied to its newest ReplicaSet."""
    server.create_deployment(replicas=0)
    server.wait_until_rolled_out()
    patch = {"metadata": {"annotations": {"sre-agent/last-action": "k1"}}}
    server.admin.patch(server.deployments("web"), patch, STRATEGIC_PATCH)

    def copied() -> bool:
        annotations = server.revisions_of()[-1]["metadata"]["annotations"]
        return bool(annotations.get("sre-agent/last-action") == "k1")

    server.wait_until(copied, "the annotation on the ReplicaSet")


def test_a_release_that_never_gets_ready_leaves_old_pods_serving(server: ApiServer) -> None:
    """The rolling update stops at the surge pod; the Deployment stays available."""
    server.create_deployment(replicas=2)
    server.wait_until_rolled_out()
    _release(server, "shop/web:2", fault="notready")
    new = server.wait_for_container(lambda status: "running" in status["state"], image="shop/web:2")
    assert not is_ready(new)
    old = [pod for pod in server.pods_of() if pod["spec"]["containers"][0]["image"] == "shop/web:1"]
    assert [is_ready(pod) for pod in old] == [True, True]
    found = server.read(server.deployments("web"))
    assert not rolled_out(found)
    assert conditions(found)["Available"]["status"] == "True"
    assert (found["status"]["updatedReplicas"], found["status"]["unavailableReplicas"]) == (1, 1)


def test_progressing_stays_complete_while_every_pod_crashes(server: ApiServer) -> None:
    """The trap: a release that crashes just after it was ready counts as rolled out."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    _release(server, "shop/web:2", fault="crashloop")
    server.wait_for_container(lambda s: waits(s) == "CrashLoopBackOff", image="shop/web:2")
    server.wait_until(lambda: len(server.pods_of()) == 1, "the old pod's end")
    found = server.read(server.deployments("web"))
    assert conditions(found)["Progressing"]["reason"] == "NewReplicaSetAvailable"
    assert server.revisions_of()[0]["spec"]["replicas"] == 0


def test_a_rollback_mends_a_bad_release(server: ApiServer) -> None:
    """From every pod crashing back to every pod ready, by JSON patch of the template."""
    server.create_deployment(replicas=2)
    server.wait_until_rolled_out()
    _release(server, "shop/web:2", fault="crashloop")
    server.wait_for_container(lambda s: waits(s) == "CrashLoopBackOff", image="shop/web:2")
    _roll_back_to(server, server.revisions_of()[0])
    server.wait_until_rolled_out()
    pods = server.pods_of()
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"shop/web:1"}
    assert all(is_ready(pod) for pod in pods)


def test_a_rollout_that_takes_too_long_says_so(server: ApiServer) -> None:
    """Progressing=False, ProgressDeadlineExceeded."""
    server.create_deployment(replicas=1, fault="notready", progressDeadlineSeconds=3)

    def exceeded() -> bool:
        found = conditions(server.read(server.deployments("web"))).get("Progressing", {})
        return (found.get("status"), found.get("reason")) == ("False", "ProgressDeadlineExceeded")

    server.wait_until(exceeded, "the progress deadline")


def test_a_paused_deployment_does_not_roll_out(server: ApiServer) -> None:
    """The template may change; no ReplicaSet is made until it is resumed."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    server.admin.patch(server.deployments("web"), {"spec": {"paused": True}}, STRATEGIC_PATCH)
    _release(server, "shop/web:2")

    def observed() -> bool:
        found = server.read(server.deployments("web"))
        reason = conditions(found)["Progressing"]["reason"]
        seen = found["status"]["observedGeneration"]
        return (seen, reason) == (found["metadata"]["generation"], "DeploymentPaused")

    server.wait_until(observed, "the pause")
    assert len(server.revisions_of()) == 1
    server.admin.patch(server.deployments("web"), {"spec": {"paused": False}}, STRATEGIC_PATCH)
    server.wait_until_rolled_out()
    assert len(server.revisions_of()) == 2


def test_recreate_ends_all_old_pods_first(server: ApiServer) -> None:
    """No moment with pods of both revisions."""
    server.create_deployment(replicas=2, strategy={"type": "Recreate"})
    server.wait_until_rolled_out()
    _release(server, "shop/web:2")

    def images() -> set[str]:
        return {pod["spec"]["containers"][0]["image"] for pod in server.admin.items(server.pods())}

    def done() -> bool:
        assert len(images()) <= 1
        return rolled_out(server.read(server.deployments("web")))

    server.wait_until(done, "the rollout")
    assert images() == {"shop/web:2"}


def test_old_revisions_are_removed_beyond_the_limit(server: ApiServer) -> None:
    """revisionHistoryLimit counts old ReplicaSets."""
    server.create_deployment(replicas=1, revisionHistoryLimit=1)
    for number in (2, 3, 4):
        server.wait_until_rolled_out()
        _release(server, f"shop/web:{number}")
    server.wait_until_rolled_out()
    server.wait_until(lambda: [revision(o) for o in server.revisions_of()] == [3, 4], "the clean-up")


def test_scaling_is_no_new_revision(server: ApiServer) -> None:
    """More pods of the same ReplicaSet."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    server.admin.patch(server.deployments("web"), {"spec": {"replicas": 3}}, STRATEGIC_PATCH)
    server.wait_until_rolled_out()
    assert len(server.pods_of()) == 3
    assert [revision(obj) for obj in server.revisions_of()] == [1]


def test_a_deleted_deployment_takes_its_pods_along(server: ApiServer) -> None:
    """Garbage collection down the owner references."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    assert server.admin.delete(server.deployments("web"), {"propagationPolicy": "Background"}).status == 200
    server.wait_until(lambda: not server.revisions_of() and not server.pods_of(), "the collection")


def test_a_finalizer_holds_an_object_back(server: ApiServer) -> None:
    """Deleted, it waits with a deletionTimestamp until the last finalizer is taken off."""
    server.create_configmap(color="red")
    path = server.configmaps("settings")
    held = {"metadata": {"finalizers": ["example.org/hold"]}}
    assert server.admin.patch(path, held, MERGE_PATCH).status == 200
    assert server.admin.delete(path).status == 200
    assert server.read(path)["metadata"]["deletionTimestamp"]
    assert server.admin.patch(path, {"data": {"color": "blue"}}, MERGE_PATCH).status == 200
    assert server.read(path)["data"] == {"color": "blue"}
    server.admin.patch(path, {"metadata": {"finalizers": None}}, MERGE_PATCH)
    assert server.admin.get(path).status == 404


def test_a_finalizer_holds_a_deployment_and_its_pods_back(server: ApiServer) -> None:
    """In the background pods go after their owner: while it waits they serve on, and nothing is made anew."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    path, held = server.deployments("web"), {"metadata": {"finalizers": ["example.org/hold"]}}
    assert server.admin.patch(path, held, MERGE_PATCH).status == 200
    (pod,) = server.pods_of()
    answer = server.admin.delete(path, {"propagationPolicy": "Background"})
    assert (answer.status, "deletionTimestamp" in server.read(path)["metadata"]) == (200, True)
    assert [one["metadata"]["uid"] for one in server.pods_of()] == [pod["metadata"]["uid"]]
    server.admin.patch(path, {"metadata": {"finalizers": None}}, MERGE_PATCH)
    server.wait_until(lambda: not server.revisions_of() and not server.pods_of(), "the collection")


def test_a_deleted_pod_is_replaced(server: ApiServer) -> None:
    """By one with another name and uid, owned by the same ReplicaSet."""
    server.create_deployment(replicas=1)
    server.wait_until_rolled_out()
    (pod,) = server.pods_of()
    answer = server.admin.delete(server.pods(pod["metadata"]["name"]))
    assert answer.status == 200
    assert answer.json["metadata"]["deletionTimestamp"]
    assert answer.json["metadata"]["deletionGracePeriodSeconds"] == 30
    new = server.wait_for_container(lambda status: status["ready"])
    assert new["metadata"]["uid"] != pod["metadata"]["uid"]
    assert new["metadata"]["ownerReferences"] == pod["metadata"]["ownerReferences"]
