"""StatefulSets: ordinals, ordered rolling updates, ControllerRevisions, and a rollback that is stuck behind a pod."""

from __future__ import annotations

import pytest

from tests.contract.api_server import MERGE_PATCH, ApiServer, Json, is_ready
from tests.contract.sets import STATEFUL, Sets, all_ready, mark
from tools.templates import exact_digest, template_digest
from tools.workload_revisions import current_revision, newest_first, template_of

RESTARTED = "kubectl.kubernetes.io/restartedAt"


@pytest.fixture
def web(server: ApiServer) -> Sets:
    return Sets(server, *STATEFUL)


def _stuck(web: Sets) -> Json:
    """A release whose first pod, the highest ordinal, never becomes ready; that pod."""
    web.create(replicas=2, serviceName="web")
    web.wait_until_rolled_out()
    web.release("shop/web:2", fault="notready")

    def broken() -> Json | None:
        pods = web.pods()
        runs = pods[-1]["status"].get("phase") == "Running" and not is_ready(pods[-1])
        return pods[-1] if web.images() == ["shop/web:1", "shop/web:2"] and runs else None

    return web.server.wait_until(broken, "the broken pod")


def test_its_pods_are_numbered_and_owned_by_it(web: Sets) -> None:
    """Names by ordinal, the workload itself as controller, marked with the revision's name."""
    web.create(replicas=2, serviceName="web")
    found = web.wait_until_rolled_out()
    (revision,) = web.revisions()
    assert [pod["metadata"]["name"] for pod in web.pods()] == ["web-0", "web-1"]
    assert {mark(pod) for pod in web.pods()} == {revision["metadata"]["name"]}
    for item in (*web.pods(), revision):
        (owner,) = item["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("StatefulSet", found["metadata"]["uid"])
        assert owner["controller"]
    status = found["status"]
    assert status["updateRevision"] == status["currentRevision"] == revision["metadata"]["name"]
    assert (status["availableReplicas"], revision["revision"]) == (2, 1)


def test_its_revision_holds_the_template(web: Sets) -> None:
    """Equal to the spec's in everything that a comparison looks at; what marks pods is no part of it."""
    web.create(replicas=1, serviceName="web")
    found = web.wait_until_rolled_out()
    (revision,) = web.revisions()
    assert exact_digest(template_of(revision)) == exact_digest(template_of(found))
    assert revision["data"]["spec"]["template"]["$patch"] == "replace"
    assert set(revision["data"]["spec"]) == {"template"}


def test_the_next_pod_waits_for_the_one_before(web: Sets) -> None:
    """OrderedReady: no second pod while the first is not ready."""
    web.create(replicas=2, serviceName="web", fault="notready")

    def runs() -> bool:
        pods = web.pods()
        return bool(pods) and pods[0]["status"].get("phase") == "Running"

    web.server.wait_until(runs, "the first pod")
    assert [pod["metadata"]["name"] for pod in web.pods()] == ["web-0"]


def test_a_rolling_update_begins_at_the_highest_ordinal_and_stops_at_a_broken_pod(web: Sets) -> None:
    """The others stay on the old revision; the status names both."""
    _stuck(web)
    old, new = web.revisions()
    status = web.read()["status"]
    assert [mark(pod) for pod in web.pods()] == [old["metadata"]["name"], new["metadata"]["name"]]
    assert (status["currentRevision"], status["updateRevision"]) == (
        old["metadata"]["name"],
        new["metadata"]["name"],
    )
    assert [status.get(key) for key in ("readyReplicas", "updatedReplicas", "currentReplicas")] == [1, 1, 1]
    assert current_revision(web.read(), newest_first(web.revisions())) == new


def test_the_template_alone_does_not_mend_it(web: Sets) -> None:
    """The trap (kubernetes#67250): the broken pod of the revision that was left has to be taken away."""
    broken = _stuck(web)
    first, _ = web.revisions()
    generation = web.roll_back_to(first)["metadata"]["generation"]

    def observed() -> bool:
        status = web.read()["status"]
        return bool(
            status["observedGeneration"] >= generation
            and status["updateRevision"] == first["metadata"]["name"]
        )

    web.server.wait_until(observed, "the old template")
    assert [revision["revision"] for revision in web.revisions()] == [2, 3]
    assert web.revisions()[-1]["metadata"]["uid"] == first["metadata"]["uid"]
    assert web.pods()[-1]["metadata"]["uid"] == broken["metadata"]["uid"]
    web.evict(broken)
    web.wait_until_rolled_out()
    assert web.images() == ["shop/web:1", "shop/web:1"]
    assert web.pods()[-1]["metadata"]["uid"] != broken["metadata"]["uid"]
    assert all_ready(web.pods())


def test_a_restart_replaces_all_pods_and_is_a_revision_of_the_same_release(web: Sets) -> None:
    """Another ControllerRevision, which differs by nothing but the time."""
    web.create(replicas=2, serviceName="web")
    web.wait_until_rolled_out()
    before = {pod["metadata"]["uid"] for pod in web.pods()}
    web.patch({"template": {"metadata": {"annotations": {RESTARTED: "2026-01-05T12:00:00Z"}}}})
    web.wait_until_rolled_out()
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in web.pods())
    old, new = web.revisions()
    assert template_digest(template_of(old)) == template_digest(template_of(new))
    assert exact_digest(template_of(old)) != exact_digest(template_of(new))


def test_with_a_partition_only_the_ordinals_from_it_on_are_replaced(web: Sets) -> None:
    """The status goes on naming two revisions."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    web.create(replicas=2, serviceName="web", updateStrategy=strategy)
    web.wait_until_rolled_out()
    generation = web.release("shop/web:2")["metadata"]["generation"]

    def updated() -> bool:
        status = web.read()["status"]
        seen = status["observedGeneration"] >= generation
        return bool(seen and status.get("updatedReplicas") == 1 and status.get("readyReplicas") == 2)

    web.server.wait_until(updated, "the second pod")
    assert web.images() == ["shop/web:1", "shop/web:2"]
    status = web.read()["status"]
    assert status["currentRevision"] != status["updateRevision"]


def test_with_on_delete_a_new_template_replaces_nothing(web: Sets) -> None:
    """Until a pod goes: then another one of the new template takes its place."""
    web.create(replicas=1, serviceName="web", updateStrategy={"type": "OnDelete"})
    web.server.wait_until(lambda: web.pods() and all_ready(web.pods()), "the pod")
    generation = web.release("shop/web:2")["metadata"]["generation"]
    web.server.wait_until(lambda: web.read()["status"]["observedGeneration"] >= generation, "the look")
    assert web.images() == ["shop/web:1"]
    web.evict(web.pods()[0])
    web.server.wait_until(lambda: web.images() == ["shop/web:2"] and all_ready(web.pods()), "the new pod")


def test_scaling_up_makes_claims_that_stay(web: Sets) -> None:
    """Named by template and pod; scaled down again they are still there."""
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    web.create(replicas=1, serviceName="web", podManagementPolicy="Parallel", volumeClaimTemplates=[claim])

    def claims() -> list[str]:
        found = web.server.admin.items(web.server.path("persistentvolumeclaims"))
        return sorted(item["metadata"]["name"] for item in found)

    def scale(replicas: int) -> None:
        path = web.server.path("statefulsets", "web", "scale", group="apps/v1")
        answer = web.server.admin.patch(path, {"spec": {"replicas": replicas}}, MERGE_PATCH)
        assert (answer.status, answer.json["kind"]) == (200, "Scale")

    web.server.wait_until(lambda: claims() == ["data-web-0"], "the first claim")
    scale(2)
    web.server.wait_until(lambda: claims() == ["data-web-0", "data-web-1"], "the second claim")
    web.server.wait_until(lambda: len(web.pods()) == 2, "the second pod")
    pod = web.pods()[1]
    volume = next(v for v in pod["spec"]["volumes"] if v["name"] == "data")
    assert volume["persistentVolumeClaim"]["claimName"] == "data-web-1"
    scale(1)
    web.server.wait_until(lambda: len(web.pods()) == 1, "the end of the second pod")
    assert claims() == ["data-web-0", "data-web-1"]
    assert [pod["metadata"]["name"] for pod in web.pods()] == ["web-0"]


def test_its_scale_subresource_is_conditional(web: Sets) -> None:
    """Another resource version is a conflict."""
    web.create(replicas=1, serviceName="web")
    web.wait_until_rolled_out()
    path = web.server.path("statefulsets", "web", "scale", group="apps/v1")
    stale = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 2}}
    assert web.server.admin.patch(path, stale, MERGE_PATCH).status == 409
    assert web.read()["spec"]["replicas"] == 1
