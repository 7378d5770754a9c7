"""Approvals: one decision each, whoever is faster."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from tests.made_alerts import firing, parsed
from tools.approvals import Approval, ApprovalState, SqlApprovals
from tools.audit import SqlAudit
from tools.clock import ManualClock
from tools.database import Database
from tools.errors import NotFound
from tools.inbox import Inbox

pytest_plugins = ("tests.record_store",)


@pytest.fixture
def approvals(store: Database) -> SqlApprovals:
    """The approvals under test."""
    return SqlApprovals(store)


@pytest.fixture
def pending(approvals: SqlApprovals, store: Database, still: ManualClock) -> Approval:
    """One that waits."""
    incident_id = Inbox(store, still).accept(parsed(firing())).incident_ids[0]
    return approvals.request(
        Approval(
            id="a1",
            incident_id=incident_id,
            digest="sha256:1",
            proposal={"call": {"name": "rollback_deployment", "args": {}}},
            shown={"lines": ["web is down", "the newest revision broke it"]},
            created_at=still.now(),
            expires_at=still.now() + timedelta(hours=1),
        )
    )


def race(approvals: SqlApprovals, answers: list[ApprovalState], still: ManualClock) -> list[int]:
    """Decide in as many threads; who won."""
    gate, won = threading.Barrier(len(answers)), []

    def decide(n: int, state: ApprovalState) -> None:
        gate.wait()
        if approvals.decide("a1", state, at=still.now(), actor=f"person {n}"):
            won.append(n)

    threads = [threading.Thread(target=decide, args=(n, state)) for n, state in enumerate(answers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_what_is_asked_comes_back_as_it_was_asked(approvals: SqlApprovals, pending: Approval) -> None:
    """Proposal and page included; asked again with other words, the first stands."""
    assert approvals.get("a1") == pending
    assert approvals.pending() == [pending]
    assert approvals.for_incident(pending.incident_id) == [pending]
    assert approvals.request(pending.model_copy(update={"digest": "sha256:2"})) == pending


def test_an_unknown_approval_is_not_found(approvals: SqlApprovals, still: ManualClock) -> None:
    """To read and to decide."""
    with pytest.raises(NotFound, match="there is no approval a9"):
        approvals.get("a9")
    with pytest.raises(NotFound, match="there is no approval a9"):
        approvals.decide("a9", "approved", at=still.now())


def test_one_of_eight_decisions_wins(
    approvals: SqlApprovals, pending: Approval, store: Database, still: ManualClock
) -> None:
    """Eight at once; the record and the audit tell of the winner alone."""
    (winner,) = race(approvals, ["approved"] * 8, still)
    assert approvals.get("a1").actor == f"person {winner}"
    kinds = [(one.kind, one.actor) for one in SqlAudit(store).entries()]
    assert kinds == [("approval_requested", "agent"), ("approval_approved", f"person {winner}")]


def test_approve_and_reject_at_once_leave_one(
    approvals: SqlApprovals, pending: Approval, still: ManualClock
) -> None:
    """Whichever it is, state and actor belong together."""
    answers: list[ApprovalState] = ["approved", "rejected", "approved", "rejected"]
    (winner,) = race(approvals, answers, still)
    decided = approvals.get("a1")
    assert (decided.state, decided.actor) == (answers[winner], f"person {winner}")


def test_a_decision_is_final_and_keeps_its_words(
    approvals: SqlApprovals, pending: Approval, still: ManualClock
) -> None:
    """Who, when, why, and whether a hold was overridden; no longer pending."""
    still.advance(60)
    reason = "looks right \ud800\x00 ✓"
    assert approvals.decide("a1", "approved", at=still.now(), actor="ana", reason=reason, override_hold=True)
    decided = approvals.get("a1")
    assert (decided.actor, decided.decided_at, decided.override_hold) == ("ana", still.now(), True)
    assert decided.reason == "looks right \ufffd\ufffd ✓"
    assert approvals.pending() == []
    for state in ("rejected", "expired", "withdrawn"):
        assert not approvals.decide("a1", state, at=still.now())
    assert approvals.get("a1") == decided


def test_a_decided_approval_points_to_the_fresh_one(
    approvals: SqlApprovals, pending: Approval, still: ManualClock
) -> None:
    """Its old link leads on."""
    approvals.decide("a1", "stale", at=still.now())
    approvals.replace("a1", "a2")
    assert approvals.get("a1").replaced_by == "a2"


def test_a_fresh_approval_is_the_newest_though_the_clock_was_set_back(
    approvals: SqlApprovals, pending: Approval
) -> None:
    """Whoever asks for the newest gets the one that was asked for last; asked again, nothing moves."""
    back = {"id": "a0", "digest": "sha256:2", "created_at": pending.created_at - timedelta(minutes=5)}
    fresh = approvals.request(pending.model_copy(update=back))
    assert [one.id for one in approvals.for_incident(pending.incident_id)] == ["a1", "a0"]
    assert approvals.request(pending.model_copy(update=back)) == fresh
    assert approvals.request(pending) == pending
