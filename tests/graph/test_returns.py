"""Which revision may be gone back to, and how well its health is proved (product.md section 3)."""

from __future__ import annotations

from typing import Any

import pytest

from graph.returns import Return, rollback, way_back
from tests.graph.evidence_builders import (
    DAY,
    NEW,
    TARGET,
    back_off,
    evidence,
    pod,
    pods,
    ready_pods,
    revision,
)
from tools.records import Evidence, RevisionFacts

CURRENT = revision(9, digest=NEW, age=600)
BAD = pods(3, "rs9", back_off())


def history(*older: RevisionFacts, **more: Any) -> Evidence:
    """The newest revision fails; these came before it."""
    return evidence(**{"revisions": (CURRENT, *older), "pods": BAD, **more})


def older(number: int, **more: Any) -> RevisionFacts:
    """An older revision with a template of its own that was current for a day."""
    return revision(number, digest=f"digest-{number}", **{"seen_current_seconds": DAY, **more})


def chosen(found: Evidence) -> tuple[int, str] | None:
    back = way_back(found)
    return (back.revision.number, back.health) if back else None


def test_nothing_older_is_nothing_to_go_back_to() -> None:
    """The first revision ever, and one whose older ReplicaSets are cleaned up."""
    assert way_back(history()) is None


def test_without_the_workload_there_is_no_way_back() -> None:
    """What could not be read is not guessed."""
    assert way_back(history(older(8), workload=None)) is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({"ready": 2}, (8, "proved"), id="ready now"),
        pytest.param({"seen_healthy_seconds": 600.0}, (8, "proved"), id="ledger saw it for ten minutes"),
        pytest.param({"seen_healthy_seconds": 599.0}, (8, "not_proved"), id="ledger saw it for less"),
        pytest.param({"told_healthy_seconds": 600.0}, (8, "proved"), id="Prometheus saw it for ten minutes"),
        pytest.param({"told_healthy_seconds": 599.0}, (8, "not_proved"), id="Prometheus saw it for less"),
        pytest.param(
            {"told_healthy_seconds": 3600.0, "seen_ill": True}, None, id="Prometheus against our own ledger"
        ),
        pytest.param({}, (8, "not_proved"), id="current for a day, nothing known"),
        pytest.param({"seen_current_seconds": 600.0}, (8, "not_proved"), id="current for ten minutes"),
        pytest.param({"seen_current_seconds": 599.0}, None, id="too short-lived"),
        pytest.param({"seen_current_seconds": None}, None, id="nobody knows how long"),
        pytest.param({"seen_ill": True}, None, id="seen ill"),
        pytest.param(
            {"seen_ill": True, "seen_healthy_seconds": 900.0}, None, id="ill counts against the ledger"
        ),
        pytest.param({"seen_ill": True, "ready": 1}, (8, "proved"), id="ready now counts more"),
    ],
)
def test_proof_of_health(facts: dict[str, Any], expected: tuple[int, str] | None) -> None:
    """Proved, to be asked for without proof, or refused."""
    assert chosen(history(older(8, **facts))) == expected


def test_the_newest_proved_revision_wins_over_newer_ones_without_proof() -> None:
    """Two releases in a row were bad: the one before them is known to have been well."""
    found = history(older(8, seen_current_seconds=120.0), older(7, seen_healthy_seconds=5000.0))
    assert chosen(found) == (7, "proved")
    found = history(older(8), older(7, seen_healthy_seconds=5000.0), older(6, seen_healthy_seconds=9000.0))
    assert chosen(found) == (7, "proved")


@pytest.mark.parametrize("bad", [{"seen_current_seconds": 120.0}, {"seen_ill": True}])
def test_without_any_proof_what_speaks_against_itself_is_passed_over(bad: dict[str, Any]) -> None:
    """A bad release before the bad release hides nothing: the one before both had been current for a day."""
    assert chosen(history(older(8, **bad), older(7))) == (7, "not_proved")


def test_restart_only_revisions_are_no_way_back() -> None:
    """R4.11: the revision before a restart holds the same template."""
    restarted_from = revision(8, digest=NEW, seen_healthy_seconds=5000.0, seen_current_seconds=DAY)
    assert way_back(history(restarted_from)) is None
    assert chosen(history(restarted_from, older(7))) == (7, "not_proved")


def test_restarts_of_an_older_template_are_one_revision() -> None:
    """It was restarted five minutes before the bad release; its template had been current for a day."""
    restart = revision(8, digest="d", seen_current_seconds=300.0)
    original = revision(7, digest="d", seen_current_seconds=DAY)
    back = way_back(history(restart, original))
    assert back is not None
    assert (back.revision.number, back.health) == (8, "not_proved")
    assert "current for 24 h" in back.why


def test_what_somebody_has_gone_back_from_is_not_gone_back_to() -> None:
    """Revision 8 was released and rolled back: its predecessor was renumbered to 9 and breaks now."""
    renumbered = revision(9, digest=NEW, age=10 * DAY)
    abandoned = older(8, age=2 * DAY)
    found = evidence(revisions=(renumbered, abandoned), pods=BAD)
    assert way_back(found) is None
    assert chosen(evidence(revisions=(renumbered, abandoned, older(5, age=20 * DAY)), pods=BAD)) == (
        5,
        "not_proved",
    )
    proved = abandoned.model_copy(update={"seen_healthy_seconds": 5000.0})
    assert chosen(evidence(revisions=(renumbered, proved), pods=BAD)) == (8, "proved")


def test_being_born_after_others_is_no_going_back() -> None:
    """The usual order: the newest of those that were current for long."""
    assert chosen(history(older(8, age=2 * DAY), older(7, age=9 * DAY))) == (8, "not_proved")


def test_the_ledger_s_word_is_shown() -> None:
    """How long it was seen ready."""
    back = way_back(history(older(8, seen_healthy_seconds=5000.0)))
    assert back is not None
    assert back.why == "Revision 8 was seen ready for 83 minutes."


def test_a_revision_renumbered_by_a_rollback_is_older_by_its_number() -> None:
    """Numbers say which came before, ages do not: after a rollback the older one is the younger ReplicaSet."""
    young = older(10, age=60, ready=3)
    assert way_back(history(young)) is None


def test_ready_between_two_crashes_is_no_health() -> None:
    """An older pod that crashes counts as ready without a readiness probe."""
    crashing = pod("old", "rs8", back_off(), ready=True)
    assert way_back(history(older(8, ready=1), pods=(*BAD, crashing))) is None
    ledger = older(8, ready=1, seen_healthy_seconds=5000.0)
    assert way_back(history(ledger, pods=(*BAD, crashing))) is None


def test_the_proposal_names_existing_objects_only() -> None:
    """R8.3: uid, ReplicaSet and digests; bound to the template that it was made for."""
    found = history(older(8, ready=3), pods=(*BAD, *ready_pods(3, "rs8")))
    back = way_back(found)
    assert isinstance(back, Return)
    proposal = rollback("bad_release", "Why.", back, found, TARGET)
    assert proposal.call.name == "rollback_deployment"
    assert proposal.call.args == {
        "namespace": "shop",
        "name": "web",
        "uid": "uid-web",
        "from_digest": NEW,
        "to_revision": 8,
        "to_replicaset": "rs8",
        "to_digest": "digest-8",
    }
    assert (proposal.risk, proposal.health_proof, proposal.workload_digest) == ("high", "proved", NEW)
    assert proposal.reason.startswith("Why. 3 pods")


def test_without_proof_the_proposal_says_so() -> None:
    """The approver reads it."""
    found = history(older(8))
    back = way_back(found)
    assert back is not None
    proposal = rollback("bad_release", "Why.", back, found, TARGET)
    assert proposal.health_proof == "not_proved"
    assert "Health of revision 8 not proved" in proposal.reason


def test_who_saw_it_ready_is_said() -> None:
    """Our own ledger, else Prometheus; of two revisions with one template, either may have been seen."""
    told = way_back(history(older(8, told_healthy_seconds=3600.0)))
    assert told is not None
    assert told.why == "Revision 8 was fully ready for 60 minutes, by Prometheus."
    both = way_back(history(older(8, told_healthy_seconds=3600.0, seen_healthy_seconds=700.0)))
    assert both is not None
    assert "was seen ready for 12 minutes" in both.why
    alike = (revision(number, digest="digest-8", seen_current_seconds=DAY) for number in (8, 7))
    restarted, first = alike
    merged = way_back(history(restarted, first.model_copy(update={"told_healthy_seconds": 3600.0})))
    assert merged is not None
    assert (merged.revision.number, merged.health) == (8, "proved")
