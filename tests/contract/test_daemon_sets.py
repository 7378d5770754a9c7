"""DaemonSets: a pod on every node, rolling updates that stop at a broken one, ControllerRevisions."""

from __future__ import annotations

import pytest

from tests.contract.api_server import ApiServer, is_ready
from tests.contract.sets import DAEMON, Sets, all_ready, mark
from tools.templates import exact_digest, template_digest
from tools.workload_revisions import current_revision, is_of, newest_first, template_of

RESTARTED = "kubectl.kubernetes.io/restartedAt"


@pytest.fixture
def web(server: ApiServer) -> Sets:
    return Sets(server, *DAEMON)


def test_it_has_a_ready_pod_on_every_node(web: Sets) -> None:
    """Owned by the DaemonSet itself, marked with the revision's hash, one per node."""
    web.create()
    found = web.wait_until_rolled_out()
    nodes = {node["metadata"]["name"] for node in web.server.admin.items("/api/v1/nodes")}
    pods = web.pods()
    assert {pod["spec"]["nodeName"] for pod in pods} <= nodes
    assert (
        len({pod["spec"]["nodeName"] for pod in pods})
        == len(pods)
        == found["status"]["desiredNumberScheduled"]
    )
    (revision,) = web.revisions()
    assert {mark(pod) for pod in pods} == {revision["metadata"]["labels"]["controller-revision-hash"]}
    for item in (*pods, revision):
        (owner,) = item["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"], owner["controller"]) == (
            "DaemonSet",
            found["metadata"]["uid"],
            True,
        )
    status = found["status"]
    assert (status["currentNumberScheduled"], status["numberMisscheduled"]) == (len(pods), 0)


def test_its_revision_holds_the_template(web: Sets) -> None:
    """Equal to the spec's in everything that a comparison looks at, and it tells its pods."""
    web.create()
    found = web.wait_until_rolled_out()
    (revision,) = web.revisions()
    assert exact_digest(template_of(revision)) == exact_digest(template_of(found))
    assert current_revision(found, [revision]) == revision
    assert all(is_of(pod, found["metadata"]["uid"], revision) for pod in web.pods())


def test_a_rolling_update_stops_at_the_first_broken_pod(web: Sets) -> None:
    """maxUnavailable is 1: the pods on the other nodes go on serving."""
    web.create()
    wanted = web.wait_until_rolled_out()["status"]["desiredNumberScheduled"]
    web.release("shop/web:2", fault="notready")

    def stuck() -> bool:
        new = [pod for pod in web.pods() if pod["spec"]["containers"][0]["image"] == "shop/web:2"]
        return len(new) == 1 and new[0]["status"].get("phase") == "Running" and not is_ready(new[0])

    web.server.wait_until(stuck, "the broken pod")
    old, new = web.revisions()
    assert (old["revision"], new["revision"]) == (1, 2)

    def counted() -> bool:
        status = web.read()["status"]
        names = ("updatedNumberScheduled", "numberReady", "numberAvailable", "numberUnavailable")
        return [status.get(name, 0) for name in names] == [1, wanted - 1, wanted - 1, 1]

    web.server.wait_until(counted, "the status")
    assert sum(is_ready(pod) for pod in web.pods()) == wanted - 1
    assert current_revision(web.read(), newest_first(web.revisions())) == new


def test_the_template_alone_mends_it(web: Sets) -> None:
    """A pod that does not serve is replaced at once; the old revision is numbered as the newest."""
    web.create()
    web.wait_until_rolled_out()
    web.release("shop/web:2", fault="notready")
    web.server.wait_until(lambda: "shop/web:2" in web.images(), "the bad release")
    first, _ = web.revisions()
    web.roll_back_to(first)
    web.wait_until_rolled_out()
    assert set(web.images()) == {"shop/web:1"}
    assert all_ready(web.pods())
    newest = web.revisions()[-1]
    assert (newest["metadata"]["uid"], newest["revision"]) == (first["metadata"]["uid"], 3)


def test_a_restart_replaces_all_pods_and_is_a_revision_of_the_same_release(web: Sets) -> None:
    """Another ControllerRevision, which differs by nothing but the time."""
    web.create()
    web.wait_until_rolled_out()
    before = {pod["metadata"]["uid"] for pod in web.pods()}
    web.patch({"template": {"metadata": {"annotations": {RESTARTED: "2026-01-05T12:00:00Z"}}}})
    web.wait_until_rolled_out()
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in web.pods())
    old, new = web.revisions()
    assert template_digest(template_of(old)) == template_digest(template_of(new))


def test_with_on_delete_a_new_template_replaces_nothing(web: Sets) -> None:
    """The status counts no updated pod."""
    web.create(updateStrategy={"type": "OnDelete"})
    web.wait_until_rolled_out()
    before = {pod["metadata"]["uid"] for pod in web.pods()}
    generation = web.release("shop/web:2")["metadata"]["generation"]
    web.server.wait_until(lambda: web.read()["status"]["observedGeneration"] >= generation, "the look")
    assert {pod["metadata"]["uid"] for pod in web.pods()} == before
    web.server.wait_until(lambda: not web.read()["status"].get("updatedNumberScheduled"), "the count")


def test_an_evicted_pod_comes_back_on_its_node(web: Sets) -> None:
    """Another name and uid, the same node."""
    web.create()
    web.wait_until_rolled_out()
    gone = web.pods()[0]
    web.evict(gone)

    def replaced() -> bool:
        there = [pod for pod in web.pods() if pod["spec"].get("nodeName") == gone["spec"]["nodeName"]]
        return bool(there) and there[0]["metadata"]["uid"] != gone["metadata"]["uid"] and all_ready(there)

    web.server.wait_until(replaced, "its successor")


def test_it_has_no_scale(web: Sets) -> None:
    """How many pods it has follows from the nodes."""
    web.create()
    path = web.server.path("daemonsets", "web", "scale", group="apps/v1")
    assert web.server.admin.get(path).status == 404
