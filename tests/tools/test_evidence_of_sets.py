"""Evidence about StatefulSets and DaemonSets: numbers, revisions and their difference, pods by revision."""

from __future__ import annotations

import pytest

from tests.tools.shop import NAMESPACE, Remembered, alert, deployment, of_kind
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.evidence import collect
from tools.records import Evidence, Target
from tools.resources import STATEFULSETS
from tools.revisions import RevisionSeen
from tools.sandbox import Sandbox
from tools.sightings import health, look
from tools.workload_revisions import resource_of_kind


def gather(cluster: KubernetesCluster, clock: ManualClock, kind: str, *seen: RevisionSeen) -> Evidence:
    item = cluster.get(resource_of_kind(kind), NAMESPACE, "web")
    target = Target(kind=kind, namespace=NAMESPACE, name="web", uid=item["metadata"]["uid"])
    return collect(cluster, target, revisions=Remembered(*seen), clock=clock, alerts=[alert()])


def releases(sandbox: Sandbox, kind: str, fault: str = "crashdead") -> None:
    """One that was well, then one whose first pod is not."""
    sandbox.apply(of_kind(kind, deployment()))
    sandbox.settle(900)
    sandbox.apply(of_kind(kind, deployment(image="registry.example/web:2", fault=fault)))
    sandbox.settle(120)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_bad_release_reads_as_one(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock, kind: str
) -> None:
    """Facts as of a Deployment: two revisions, what changed between them, which pod is of which."""
    releases(sandbox, kind)
    evidence = gather(cluster, clock, kind)
    workload = evidence.workload
    assert workload is not None
    assert (workload.kind, workload.strategy, workload.revision) == (kind, "RollingUpdate", 2)
    assert (workload.desired, workload.ready, workload.updated) == (3, 2, 1)
    assert workload.ordered is (kind == "StatefulSet")
    newest, older = evidence.revisions
    assert [(r.number, r.replicas, r.ready) for r in (newest, older)] == [(2, 1, 0), (1, 2, 2)]
    assert newest.template_digest == workload.template_digest != older.template_digest
    assert older.seen_current_seconds == 900
    by_revision = {pod.owner_uid: pod.ready for pod in evidence.pods}
    assert by_revision == {newest.uid: False, older.uid: True}
    told = {item.kind: item for item in evidence.items}
    assert told["revisions"].status == told["revision_diff"].status == told["previous_logs"].status == "found"
    assert "registry.example/web:2" in told["revision_diff"].excerpt
    assert "by revision: revision 1 2/2 ready, revision 2 0/1 ready" in told["pods"].excerpt


def test_what_the_ledger_saw_is_joined(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock
) -> None:
    """By the template's digest, with the ControllerRevision's own number."""
    ledger = Remembered()
    sandbox.apply(of_kind("StatefulSet", deployment()))
    sandbox.settle(60)
    assert look(cluster, ledger, clock) == 1
    ((uid, digest, number, healthy, at),) = ledger.sightings
    assert (number, healthy) == (1, True)
    seen = RevisionSeen(
        workload_uid=uid, template_digest=digest, revision=1, healthy_seconds=700.0, last_seen=at
    )
    (revision,) = gather(cluster, clock, "StatefulSet", seen).revisions
    assert revision.seen_healthy_seconds == 700.0


def test_a_restart_is_no_release_of_its_own(
    sandbox: Sandbox, cluster: KubernetesCluster, clock: ManualClock
) -> None:
    """Two ControllerRevisions, one template: nothing to go back to (R4.11)."""
    made = of_kind("DaemonSet", deployment())
    sandbox.apply(made)
    sandbox.settle(60)
    marked = {"kubectl.kubernetes.io/restartedAt": "2026-01-05T12:34:56Z"}
    made["spec"]["template"]["metadata"]["annotations"] = marked
    sandbox.apply(made)
    sandbox.settle(60)
    evidence = gather(cluster, clock, "DaemonSet")
    assert len(evidence.revisions) == 2
    assert len({r.template_digest for r in evidence.revisions}) == 1
    assert {i.kind: i.status for i in evidence.items}["revision_diff"] == "no_data"


def test_one_on_its_way_says_nothing_about_its_health(sandbox: Sandbox, cluster: KubernetesCluster) -> None:
    """Nor one with a partition, whose pods are of two revisions."""
    releases(sandbox, "StatefulSet")
    found = cluster.get(STATEFULSETS, NAMESPACE, "web")
    assert health(found, "StatefulSet") is None
    sandbox.apply(of_kind("StatefulSet", deployment(name="parted")))
    sandbox.settle(60)
    well = cluster.get(STATEFULSETS, NAMESPACE, "parted")
    assert health(well, "StatefulSet") is True
    well["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 1
    assert health(well, "StatefulSet") is None
