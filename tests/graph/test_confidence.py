"""Confidence: its parts, what history may do to it, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.confidence import completeness, history, parts, total
from graph.state import Finding
from tests.graph.evidence_builders import DAY, TARGET, ago, evidence, item, items, similar
from tools.records import Similar

RESTART = "restart_deployment"


def finding(directness: float = 1.0) -> Finding:
    return Finding(problem="transient_crash", summary="", directness=directness)


def confidence(*past: Similar, directness: float = 1.0, threshold: float = 0.8, **more: Any) -> float:
    by_name = parts(
        finding(directness), more.get("read", evidence()), more.get("target", TARGET), RESTART, past
    )
    return total(by_name, threshold)


def test_the_parts_are_named_weighted_and_add_up() -> None:
    """Proof 0.7, completeness 0.2, target 0.1: everything sure is 1."""
    by_name = parts(finding(), evidence(), TARGET, RESTART, ())
    assert by_name == {"proof": 0.7, "completeness": 0.2, "target": 0.1, "history": 0.0}
    assert total(by_name, 0.8) == 1.0


def test_directness_weighs_most() -> None:
    """What is inferred does not act by itself, however complete the rest is."""
    assert confidence(directness=0.6) == 0.72
    assert confidence(directness=0.2) == 0.44


def test_completeness_is_the_share_of_reads_that_were_answered() -> None:
    """No data is an answer; forbidden and failed are none; nothing read is nothing known."""
    read = (item("pods"), item("events", "no_data"), item("logs", "forbidden"), item("services", "failed"))
    assert completeness(evidence(items=read)) == 0.5
    assert completeness(evidence(items=())) == 0.0
    assert completeness(evidence()) == 1.0


def test_failed_reads_lower_confidence() -> None:
    """Two of seven reads failed."""
    read = evidence(items=items(events="failed", previous_logs="forbidden"))
    assert confidence(read=read) == pytest.approx(0.7 + 0.2 * 5 / 7 + 0.1, abs=0.001)


def test_a_target_by_name_pattern_or_none_is_less_sure() -> None:
    """Half of the weight, none of it."""
    pattern = TARGET.model_copy(update={"resolved_by": "name_pattern"})
    assert confidence(target=pattern) == 0.95
    assert confidence(target=None) == 0.9


def test_what_helped_before_adds_a_little() -> None:
    """0.05, and never beyond 1."""
    assert confidence(similar("RECOVERED", closed_at=ago(0)), directness=0.85) == 0.945
    assert confidence(similar("RECOVERED")) == 1.0


def test_history_alone_does_not_cross_the_threshold() -> None:
    """Just below stays just below, however often it helped."""
    past = [similar("RECOVERED", incident_id=f"i{n}") for n in range(9)]
    assert confidence(directness=0.7) == 0.79
    assert confidence(*past, directness=0.7) == 0.79


def test_a_sum_that_is_the_threshold_meets_it() -> None:
    """0.6 + 0.1 + 0.1 is 0.8, whatever floating point makes of it."""
    exact = {"proof": 0.6, "completeness": 0.1, "target": 0.1, "history": 0.05}
    assert total(exact, 0.8) == 0.85


@pytest.mark.parametrize("verdict", ["NOT_RECOVERED", "REGRESSED"])
def test_what_failed_last_time_stays_below_the_threshold(verdict: str) -> None:
    """Even for somebody who set it low: a repeat of what failed is a person's decision."""
    assert confidence(similar(verdict)) == 0.6
    assert confidence(similar(verdict), threshold=0.5) < 0.5


def test_last_time_is_the_newest_verdict_that_says_anything() -> None:
    """Failed yesterday after it had helped, and the other way round; what could not be told counts nowhere."""
    failed, helped = (
        similar("NOT_RECOVERED", closed_at=ago(DAY)),
        similar("RECOVERED", closed_at=ago(2 * DAY)),
    )
    untold = similar("INCONCLUSIVE", closed_at=ago(60))
    assert history(RESTART, "transient_crash", [untold, failed, helped]) == -0.4

    later = similar("RECOVERED", closed_at=ago(3600))
    assert history(RESTART, "transient_crash", [failed, later, untold]) == 0.05


@pytest.mark.parametrize(
    ("verdict", "days", "left"),
    [
        ("RECOVERED", 0, 0.05),
        ("RECOVERED", 30, 0.025),
        ("RECOVERED", 90, 0.00625),
        ("NOT_RECOVERED", 179, -0.4),
        ("NOT_RECOVERED", 181, 0.0),
    ],
)
def test_old_memory_fades(verdict: str, days: int, left: float) -> None:
    """Praise by halves, a failure after half a year: the workload is hardly the same by then."""
    past = [similar(verdict, closed_at=ago(days * DAY))]
    assert history(RESTART, "transient_crash", past, ago(0)) == pytest.approx(left)
    assert history(RESTART, "transient_crash", [similar(verdict, closed_at=None)], ago(0)) != 0


def test_a_failure_without_a_date_counts_as_the_newest() -> None:
    """What cannot be put in order is taken for the worse."""
    past = [similar("RECOVERED", closed_at=ago(60)), similar("REGRESSED", closed_at=None)]
    assert history(RESTART, "transient_crash", past) == -0.4


@pytest.mark.parametrize(
    "other",
    [{"same_workload": False}, {"action": "rollback_deployment"}, {"problem": "bad_release"}],
)
def test_only_the_same_action_on_the_same_workload_for_the_same_class_counts(other: dict[str, Any]) -> None:
    """What another workload, action or class went through neither adds nor takes."""
    assert history(RESTART, "transient_crash", [similar("NOT_RECOVERED", **other)]) == 0.0
    assert history(RESTART, "transient_crash", [similar("RECOVERED", **other)]) == 0.0


@pytest.mark.parametrize("verdict", ["", "INCONCLUSIVE", "PROVISIONAL", "SUPERSEDED"])
def test_verdicts_that_prove_nothing_change_nothing(verdict: str) -> None:
    """Only success and failure teach."""
    assert confidence(similar(verdict), directness=0.85) == 0.895


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.sampled_from([-0.4, 0.0, 0.05]))
def test_history_never_turns_a_no_into_a_yes(
    directness: float, complete: float, threshold: float, past: float
) -> None:
    """For any parts and threshold: within 0..1, and praise does not lift across."""
    bare = {
        "proof": round(0.7 * directness, 3),
        "completeness": round(0.2 * complete, 3),
        "target": 0.1,
        "history": 0.0,
    }
    without, with_history = total(bare, threshold), total({**bare, "history": past}, threshold)
    assert 0.0 <= with_history <= 1.0
    if without < threshold:
        assert with_history < threshold
    if past < 0:
        assert with_history < threshold
