"""Pods that their nodes have ended: what they used, whether it goes on, and a mend with its numbers."""

from __future__ import annotations

from graph.diagnosis import diagnose
from graph.state import Finding
from tests.graph.evidence_builders import TARGET, evidence, pod, ready_pods, revision, workload

USED = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 40Mi. Container web was using {used}, "
    "request is 128Mi, has larger consumption of memory."
)


def told(*seconds: float, message: str) -> Finding:
    """Three pods that serve well beside some that were ended that long ago."""
    ended = tuple(
        pod(
            f"gone-{at:.0f}",
            "rs1",
            age=at,
            phase="Failed",
            reason="Evicted",
            message=message,
            node="node-1",
        )
        for at in seconds
    )
    found = evidence(
        pods=(*ready_pods(3, "rs1"), *ended), revisions=(revision(1, name="rs1"),), workload=workload()
    )
    return diagnose(found, TARGET)[0]


def test_what_it_used_against_what_it_requested_is_the_mend() -> None:
    """With the kubelet's number, and the one pod that is left of it by name."""
    finding = told(7200, message=USED.format(used="214Mi"))
    assert finding.problem == "evicted_pods"
    assert "web used 214Mi and requested 128Mi" in finding.summary
    assert "--requests=memory=214Mi" in finding.next_step
    assert "kubectl delete pod gone-7200 -n shop" in finding.next_step
    assert finding.how_soon == "later"


def test_one_that_used_little_did_not_fill_its_node() -> None:
    """Less than what lacked: its requests are not the mend."""
    step = told(7200, message=USED.format(used="1Mi")).next_step
    assert "--requests" not in step
    assert step.startswith("On machine node-1")


def test_what_comes_again_and_again_is_not_over() -> None:
    """The next is due; where they are many, the command that clears them says what else it takes."""
    again = told(*(60 + 900 * number for number in range(7)), message=USED.format(used="214Mi"))
    assert again.how_soon == "soon"
    assert any("one about every 15 min" in fact for fact in again.facts)
    assert "those of Jobs too" in again.next_step
