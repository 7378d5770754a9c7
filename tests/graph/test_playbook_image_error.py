"""Image error: explained, and a rollback asked for only where an older revision still serves."""

from __future__ import annotations

import pytest

from graph.playbooks.image_error import PLAYBOOK
from graph.symptoms import IMAGE
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    back_off,
    evidence,
    pod,
    pods,
    ready_pods,
    released,
    revision,
    waits,
    well,
)
from tools.records import Evidence

SERVING = ready_pods(3, "rs1")
PULLING = pods(1, "rs2", waits("ImagePullBackOff"))


def proposed(found: Evidence) -> list[str]:
    """Which revisions are proposed to go back to."""
    finding = PLAYBOOK.proves(found)
    assert finding is not None
    return [str(p.call.args["to_replicaset"]) for p in PLAYBOOK.candidates(finding, found, TARGET)]


@pytest.mark.parametrize("reason", sorted(IMAGE))
def test_proved_by_the_waiting_reason_alone(reason: str) -> None:
    """Every reason that the kubelet has for an image that it cannot use."""
    finding = PLAYBOOK.proves(released(*pods(1, "rs2", waits(reason)), older=SERVING))
    assert finding is not None
    assert reason in finding.summary
    assert "registry.example/web:1.1" in finding.summary
    assert finding.directness == 1.0


def test_an_older_revision_that_still_serves_is_gone_back_to() -> None:
    """Asked for, with the health proved by its ready pods."""
    found = released(*PULLING, older=SERVING)
    assert proposed(found) == ["rs1"]
    finding = PLAYBOOK.proves(found)
    assert finding is not None
    assert "still serving: revision 1 (3 pods ready)" in finding.facts


def test_explained_when_nothing_older_serves() -> None:
    """The first revision, and one whose predecessor is gone."""
    assert proposed(released(*pods(3, "rs2", waits("ErrImagePull")))) == []
    first = evidence(
        pods=pods(3, "rs2", waits("ErrImagePull")), revisions=(revision(1, name="rs2", digest=NEW, age=60),)
    )
    assert proposed(first) == []
    finding = PLAYBOOK.proves(first)
    assert finding is not None
    assert "still serving: nothing" in finding.facts


def test_explained_when_only_some_new_pods_wait() -> None:
    """The image can be pulled on another node: a node's or the registry's trouble, not the name."""
    pulled = pod("fine", "rs2", well(60.0), ready=True)
    assert proposed(released(*PULLING, pulled, older=SERVING)) == []


def test_explained_when_older_pods_cannot_pull_either() -> None:
    """The registry is down: pods of the older revision that were moved wait as well."""
    moved = pod("moved", "rs1", waits("ImagePullBackOff"), age=60)
    assert proposed(released(*PULLING, older=(*SERVING[:2], moved))) == []


def test_explained_when_the_current_revision_is_not_the_one_that_waits() -> None:
    """An old pod that was rescheduled cannot pull a tag that was deleted."""
    moved = pod("moved", "rs1", waits("ErrImagePull"), age=60)
    assert proposed(released(*ready_pods(2, "rs2", age=300), older=(*SERVING[:2], moved))) == []


def test_explained_when_a_restart_cannot_pull_what_ran_before() -> None:
    """Same template: its own older pods serve, and there is no other revision that does."""
    revisions = (
        revision(3, digest=NEW, age=60, replicas=1),
        revision(2, digest=NEW, age=DAY, ready=3, replicas=3),
        revision(1, seen_healthy_seconds=5000.0),
    )
    found = evidence(
        pods=(*pods(1, "rs3", waits("ImagePullBackOff")), *ready_pods(3, "rs2")), revisions=revisions
    )
    assert proposed(found) == []


def test_an_init_container_s_image_counts() -> None:
    """Nothing of the pod starts before it."""
    init = waits("ImagePullBackOff", init=True)
    assert proposed(released(*pods(1, "rs2", init), older=SERVING)) == ["rs1"]


def test_not_when_more_pods_crash_than_wait() -> None:
    """One pull that failed does not explain a release that crashes."""
    crashing = pods(2, "rs2", back_off())
    found = released(*crashing, pod("pull", "rs2", waits("ErrImagePull")), older=SERVING)
    assert PLAYBOOK.proves(found) is None


def test_beside_a_crash_it_does_not_rule_crashes_out() -> None:
    """What is seen is not denied."""
    found = released(*pods(1, "rs2", back_off()), pod("pull", "rs2", waits("ErrImagePull")), older=SERVING)
    finding = PLAYBOOK.proves(found)
    assert finding is not None
    assert finding.ruled_out == ()
    assert PLAYBOOK.candidates(finding, found, TARGET) == []


def test_not_for_pods_that_go() -> None:
    """A pod being deleted proves nothing."""
    gone = pods(1, "rs2", waits("ErrImagePull"), deleting=True)
    assert PLAYBOOK.proves(released(*gone, older=SERVING)) is None
    assert PLAYBOOK.proves(released(*pods(1, "rs2", waits("ContainerCreating")), older=SERVING)) is None
