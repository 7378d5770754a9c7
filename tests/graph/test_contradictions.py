"""Evidence that contradicts itself proves neither that something is wrong nor that it is over."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from tests.graph.evidence_builders import TARGET, alert, evidence, pod, ready_pod, revision, well, workload

LOOPING = well().model_copy(update={"waiting_reason": "CrashLoopBackOff"})
PODS = tuple(ready_pod(name, "new") for name in "abc")


@pytest.mark.parametrize(
    "said",
    [
        {"workload": workload(desired=3, replicas=3, updated=3, ready=3, available=3), "pods": ()},
        {"workload": workload(desired=3, replicas=3, updated=3, ready=0, available=0), "pods": PODS},
        {
            "workload": workload(
                desired=3, replicas=3, updated=3, ready=3, available=3, observed_generation=0
            ),
            "pods": PODS,
        },
        {"workload": None, "pods": PODS},
        {
            "workload": workload(desired=3, replicas=3, updated=3, ready=3, available=3),
            "pods": (*PODS[:2], pod("c", "new", LOOPING, ready=True)),
        },
    ],
    ids=["no pods", "nothing ready", "unobserved", "no workload", "ready and in back-off"],
)
def test_what_contradicts_itself_has_not_recovered(said: dict[str, Any]) -> None:
    """The workload says one thing and its pods another, or nobody has looked since the last change."""
    finding, candidates = diagnose(evidence(**said), TARGET, [alert()])
    assert finding.broken
    assert finding.problem != "recovered_by_itself"
    assert candidates == []


def test_pods_of_a_revision_that_is_not_there() -> None:
    """The ReplicaSet that they name has gone, or could not be read: they are not taken for the newest one's."""
    lost = tuple(ready_pod(name, "gone") for name in "abc")
    finding, candidates = diagnose(evidence(pods=lost, revisions=(revision(2),)), TARGET, [alert()])
    assert candidates == []
    assert finding.summary
