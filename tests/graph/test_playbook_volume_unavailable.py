"""Pods that wait for a volume: which of its troubles it is follows from the claim and the words about it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from graph.state import Finding
from tests.graph.evidence_builders import TARGET, back_off, evidence, pod, ready_pods, waits
from tools.records import ClaimFacts, EventFacts, Evidence

UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."


def event(reason: str, message: str, kind: str = "Pod") -> EventFacts:
    return EventFacts(kind=kind, name="x", type="Warning", reason=reason, message=message, count=3)


def pending(message: str, **more: Any) -> Evidence:
    """One pod serves, one is not placed; its claim is `data`."""
    waiting = pod("db-1", "rs1", phase="Pending", unschedulable=message, claims=("data",))
    return evidence(**{"pods": (waiting, *ready_pods(1, "rs1")), **more})


def creating(*events: EventFacts, claim: str = "data") -> Evidence:
    """One pod has a node, and its containers are not made; its claim is bound."""
    waiting = pod("db-1", "rs1", waits("ContainerCreating"), phase="Pending", node="n1", claims=(claim,))
    return evidence(pods=(waiting,), events=events, claims=(ClaimFacts(name="data", phase="Bound"),))


def explained(found: Evidence) -> Finding:
    finding, candidates = diagnose(found, TARGET)
    assert candidates == []
    return finding


@pytest.mark.parametrize(
    ("message", "claim", "what"),
    [
        ('persistentvolumeclaim "data" not found', ClaimFacts(name="data"), "claim data does not exist"),
        (
            UNBOUND,
            ClaimFacts(name="data", phase="Lost", volume="pv7"),
            "its volume pv7 does not exist any more",
        ),
        (UNBOUND, ClaimFacts(name="data", phase="Bound", deleting=True), "is being deleted"),
        (
            UNBOUND,
            ClaimFacts(name="data", phase="Pending", storage_class="fast", class_missing=True),
            "StorageClass fast of claim data does not exist",
        ),
        (UNBOUND, ClaimFacts(name="data", phase="Pending", storage_class="gp3"), "claim data is not bound"),
        (
            "2 node(s) had volume node affinity conflict.",
            ClaimFacts(name="data", phase="Bound"),
            "in the zone",
        ),
        (
            "3 node(s) exceed max volume count.",
            ClaimFacts(name="data", phase="Bound"),
            "attach another volume",
        ),
    ],
)
def test_what_is_wrong_with_the_volume_is_named(message: str, claim: ClaimFacts, what: str) -> None:
    """With a next step that can be run, and nothing proposed."""
    finding = explained(pending(message, claims=(claim,)))
    assert finding.problem == "volume_unavailable"
    assert what in finding.summary
    assert "kubectl" in finding.next_step


def test_the_provisioners_words_are_told() -> None:
    """They name the quota or the right that lacks."""
    said = event("ProvisioningFailed", "rpc error: VolumeLimitExceeded", "PersistentVolumeClaim")
    found = pending(UNBOUND, claims=(ClaimFacts(name="data", phase="Pending"),), events=(said,))
    assert "VolumeLimitExceeded" in explained(found).summary


def test_a_volume_that_another_node_holds() -> None:
    """The pod has its node, and the attach controller says why it waits."""
    finding = explained(creating(event("FailedAttachVolume", "Multi-Attach error for volume pvc-1")))
    assert "still attached to another node" in finding.summary
    assert any("data is Bound" in line for line in finding.ruled_out)


def test_claims_that_could_not_be_read_cost_only_the_detail() -> None:
    """The scheduler's words are enough."""
    assert "is not bound" in explained(pending(UNBOUND)).summary


@pytest.mark.parametrize(
    "found",
    [
        pending(
            "0/3 nodes are available: 3 Insufficient memory.",
            claims=(ClaimFacts(name="data", phase="Bound"),),
        ),
        creating(
            event("FailedMount", 'MountVolume.SetUp failed for volume "conf" : configmap "conf" not found')
        ),
        creating(),
    ],
    ids=["room", "configuration", "nobody tells"],
)
def test_what_is_not_about_a_volume_is_not_called_so(found: Evidence) -> None:
    """A claim that is bound is no reason by itself."""
    assert explained(found).problem != "volume_unavailable"


def test_beside_a_crash_a_volume_does_not_explain_it() -> None:
    """One cause must explain all that fails."""
    found = pending(UNBOUND)
    crashing = pod("other", "rs1", back_off())
    assert (
        explained(found.model_copy(update={"pods": (*found.pods, crashing)})).problem != "volume_unavailable"
    )
