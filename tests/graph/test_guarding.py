"""What is read off the evidence about new pods that would not be let in."""

from __future__ import annotations

import pytest

from graph.guarding import creation_refused
from tests.graph.evidence_builders import NOW, ago
from tools.records import EventFacts, Evidence

QUOTA = 'Error creating: pods "web-1" is forbidden: exceeded quota: all, requested: pods=1'


@pytest.mark.parametrize(
    ("reason", "message", "seconds", "told"),
    [
        ("FailedCreate", QUOTA, 60, QUOTA),
        ("FailedCreate", QUOTA, 301, ""),
        ("FailedCreate", "admission webhook denied the request", 60, ""),
        ("BackOff", QUOTA, 60, ""),
    ],
)
def test_only_a_fresh_complaint_about_a_quota_counts(
    reason: str, message: str, seconds: float, told: str
) -> None:
    """An older one may have been mended; another refusal is no quota."""
    event = EventFacts(kind="ReplicaSet", name="web-1", type="Warning", reason=reason, message=message)
    evidence = Evidence(collected_at=NOW, events=(event.model_copy(update={"last_seen": ago(seconds)}),))
    assert creation_refused(evidence, NOW) == told
    assert creation_refused(Evidence(collected_at=NOW), NOW) == ""
