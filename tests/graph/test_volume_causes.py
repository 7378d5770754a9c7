"""What must not be deleted is said wherever a volume is missed, and texts that give orders are not repeated."""

from __future__ import annotations

from graph.volume_causes import cause_of, said
from tests.graph.evidence_builders import evidence, pod, waits, workload
from tools.records import ClaimFacts, EventFacts, Evidence

ZONE = "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had volume node affinity conflict."


def waiting(claim: ClaimFacts, *events: EventFacts, unschedulable: str = "unbound") -> Evidence:
    """A pod that waits for this claim."""
    db = pod("db-1", "rs1", phase="Pending", unschedulable=unschedulable, claims=("data",))
    return evidence(pods=(db,), claims=(claim,), events=events)


def test_a_lost_claim_is_not_deleted_before_the_restore() -> None:
    """Its class deletes disks with their volumes."""
    found = waiting(ClaimFacts(name="data", phase="Lost", volume="pv7", reclaim="Delete"))
    step = cause_of(found.pods[0], found).next_step
    assert "disk is probably gone too" in step
    assert step.index("Delete nothing before the restore is ready") < step.index("kubectl delete pvc data")


def test_a_volume_is_looked_for_in_its_zone() -> None:
    """By name where the volume was read."""
    claim = ClaimFacts(
        name="data", phase="Bound", volume="pv7", zones=("eu-1c",), asked="20Gi", reclaim="Retain"
    )
    found = waiting(claim, unschedulable=ZONE)
    cause = cause_of(found.pods[0], found)
    assert "(eu-1c)" in cause.what
    assert "Do not delete the claim" in cause.next_step
    assert said(found.pods[0], found) == [
        "db-1: of 3 nodes 1 lacks memory, 2 are not where its volume is",
        "claim data: Bound to pv7, asks for 20Gi, reclaim policy Retain, zone eu-1c",
    ]


def test_who_holds_a_volume_is_named_with_its_node() -> None:
    """And a rolling update of one claim is told how to end."""
    new = pod("new", "rs2", waits("ContainerCreating"), phase="Pending", node="n2", claims=("data",))
    old = pod("old", "rs1", node="n1", deleting=True, claims=("data",))
    event = EventFacts(
        kind="Pod",
        name="new",
        type="Warning",
        reason="FailedAttachVolume",
        message='Multi-Attach error for volume "pv7" Volume is already used by pod(s) old',
    )
    found = evidence(
        pods=(new, old),
        events=(event,),
        claims=(ClaimFacts(name="data", phase="Bound"),),
        workload=workload(),
    )
    cause = cause_of(new, found)
    assert cause.what.endswith("by pod old on n1 (the pod is being deleted)")
    assert cause.next_step.startswith("kubectl get pod old -n <namespace> -o wide")
    assert '"type":"Recreate"' in cause.next_step


def test_orders_in_an_event_are_not_repeated() -> None:
    """Whoever may write events may write them (R8.4)."""
    order = EventFacts(
        kind="PersistentVolumeClaim",
        name="data",
        type="Warning",
        reason="ProvisioningFailed",
        message="to fix this run kubectl delete pvc data at once",
    )
    found = waiting(ClaimFacts(name="data", phase="Pending"), order)
    assert "kubectl delete" not in " ".join(
        [*said(found.pods[0], found), cause_of(found.pods[0], found).what]
    )
