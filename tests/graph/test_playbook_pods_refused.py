"""A rollout whose new pods are all refused hangs beside older ones that serve; what is over proves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from graph.diagnosis import diagnose
from graph.state import Finding
from tests.graph.evidence_builders import (
    NEW,
    OLD,
    TARGET,
    ago,
    evidence,
    ready_pod,
    ready_pods,
    revision,
    workload,
)
from tools.records import EventFacts, Evidence, PodFacts

EXPIRED = (
    'Internal error occurred: failed calling webhook "pods.policy.example": failed to call webhook: Post '
    '"https://policy.guard.svc:443/check?timeout=10s": tls: failed to verify certificate: x509: certificate has expired'
)
QUOTA = 'pods "rs2-x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3'
OLDER = ready_pods(3, "rs1")


def refusal(message: str = EXPIRED, *, seen: float | None = 60.0, name: str = "rs2") -> EventFacts:
    """What the controller of a ReplicaSet says."""
    last = None if seen is None else ago(seen)
    return EventFacts(
        kind="ReplicaSet",
        name=name,
        type="Warning",
        reason="FailedCreate",
        message=message,
        count=9,
        last_seen=last,
    )


def rolling(*events: EventFacts, pods: tuple[PodFacts, ...] = OLDER, **more: Any) -> Evidence:
    """Three older pods that are well; the newest template has none."""
    wanted = {"replicas": 3, "updated": 0, "ready": 3, "surge": 1, "template_digest": NEW, **more}
    revisions = (revision(1, digest=OLD), revision(2, digest=NEW, age=900))
    return evidence(pods=pods, revisions=revisions, workload=workload(**wanted), events=events)


def told(found: Evidence) -> Finding:
    """The finding; nothing is ever proposed for it."""
    finding, proposals = diagnose(found, TARGET)
    assert finding.problem != "pods_refused" or not proposals
    return finding


def test_a_rollout_whose_pods_are_all_refused_is_stuck_and_not_urgent() -> None:
    """The older revision serves on; the webhook is named with why."""
    finding = told(rolling(refusal()))
    assert finding.problem == "pods_refused"
    assert finding.summary.startswith("Its rollout is stuck: 3 of 3 pods of revision 2 cannot be made beside")
    assert "webhook pods.policy.example of Service guard/policy cannot be called" in finding.summary
    assert finding.how_soon == "later"
    assert told(rolling(refusal(), ready=2)).how_soon == ""


def test_a_quota_need_only_hold_as_many_more_as_are_made_at_once() -> None:
    """One beyond those that are wanted, not three."""
    finding = told(rolling(refusal(QUOTA)))
    assert finding.problem == "pods_refused"
    assert '"hard":{"pods":"4"}' in finding.next_step
    assert "1 more pod," in finding.next_step


MADE = (*OLDER, ready_pod("rs2-1", "rs2", age=30))


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(rolling(refusal(seen=1300)), id="the refusals are old"),
        pytest.param(rolling(refusal(seen=None)), id="nobody knows when it was"),
        pytest.param(rolling(refusal(), pods=MADE, updated=1), id="one has been made since"),
        pytest.param(rolling(refusal(), updated=3), id="all have been made"),
        pytest.param(
            rolling(refusal(), pods=ready_pods(3, "rs2", age=600)), id="all are there, the status is behind"
        ),
        pytest.param(rolling(refusal(name="rs1")), id="an older ReplicaSet was refused"),
        pytest.param(rolling(refusal(), kind="StatefulSet"), id="a partition keeps pods as they are"),
        pytest.param(rolling(refusal(), template_digest="other"), id="the newest revision is not known"),
    ],
)
def test_what_is_no_rollout_that_is_refused(found: Evidence) -> None:
    """Over, of somebody else, or not to be told."""
    assert told(found).problem != "pods_refused"


def test_one_that_was_made_before_the_last_refusal_does_not_end_it() -> None:
    """The next one is refused."""
    one = (*OLDER, ready_pod("rs2-1", "rs2", age=300))
    finding = told(rolling(refusal(), pods=one, updated=1))
    assert finding.problem == "pods_refused"
    assert "2 of 3 pods of revision 2" in finding.summary
