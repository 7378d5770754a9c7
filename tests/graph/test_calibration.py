"""Calibration says how likely a decision is right, and gives no permission: the threshold is crossed by evidence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.calibration import Table, probability
from graph.calibration_table import TABLE
from graph.confidence import AGREES, DISAGREES, DOUBTS, FAILED, HELPED, judged, settled, total
from tests.graph.evidence_builders import similar

CERTAIN = Table(proposals=((0.0, 1.0), (1.0, 1.0)), explanations=((0.0, 1.0), (1.0, 1.0)))
"""The most that a table can say."""
RESTART = "restart_deployment"
steps = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=6).map(tuple)


def parts(proof: float = 0.7, **more: float) -> dict[str, float]:
    """Everything sure but for what is told."""
    return {"proof": proof, "completeness": 0.2, "target": 0.1, "history": 0.0, **more}


def likely(by_name: dict[str, float], threshold: float = 0.8, **more: Any) -> float:
    """The confidence of a proposal."""
    return settled(by_name, threshold, **{"proposed": True, **more})[1]


@pytest.mark.parametrize(
    ("at", "expected"), [(0.0, 0.0), (0.2, 0.2), (0.4, 0.4), (0.6, 0.6), (0.8, 0.8), (1.0, 0.8)]
)
def test_between_steps_it_goes_in_proportion(at: float, expected: float) -> None:
    """Below the first towards nothing, above the last as the last."""
    table = Table(proposals=((0.4, 0.4), (0.8, 0.8)))
    assert probability(at, True, table) == pytest.approx(expected)


def test_where_nothing_was_learnt_the_sum_stands() -> None:
    """For explanations where only proposals were learnt of."""
    assert probability(0.44, False, Table(proposals=((0.5, 1.0),))) == 0.44


def test_a_stretch_is_as_likely_at_both_of_its_ends() -> None:
    """And between them."""
    table = Table(explanations=((0.0, 0.7), (0.3, 0.7), (0.5, 0.9)))
    assert [probability(at, False, table) for at in (0.0, 0.2, 0.3)] == pytest.approx([0.7, 0.7, 0.7])


@pytest.mark.parametrize("kind", ["proposals", "explanations"])
def test_what_is_shipped_rises_and_is_a_probability(kind: str) -> None:
    """A higher sum is never less likely right."""
    shipped = getattr(TABLE, kind)
    assert shipped == tuple(sorted(shipped))
    assert [at for _, at in shipped] == sorted(at for _, at in shipped)
    assert all(0 <= number <= 1 for step in shipped for number in step)


@pytest.mark.parametrize(
    "low",
    [
        parts(0.49),
        parts(0.49, history=HELPED),
        parts(0.49, model=AGREES),
        parts(0.49, history=HELPED, model=AGREES),
        parts(0.7, history=FAILED),
        parts(0.7, model=DISAGREES),
        parts(0.7, completeness=0.0, target=0.0),
    ],
    ids=["weak proof", "praise", "agreement", "both", "failed last time", "disagreement", "unread"],
)
def test_what_is_below_for_a_reason_stays_below(low: dict[str, float]) -> None:
    """Weak proof, praise alone, a failure last time, a model that disagrees, evidence that could not be read."""
    assert total(low, 0.8) < 0.8
    assert likely(low, table=CERTAIN) == 0.799
    assert likely(low) < 0.8


def test_an_explanation_may_be_surer_than_what_it_rests_on() -> None:
    """It asks for no permission: how often explaining was right on such evidence is all that it says."""
    parts_, certainty = settled(parts(0.14), 0.8, proposed=False, table=CERTAIN)
    assert certainty == 1.0
    assert parts_["calibration"] == pytest.approx(0.56)


def test_calibration_may_lower_across_the_threshold() -> None:
    """Where decisions of such a sum were often wrong a person is asked, however well it adds up."""
    often_wrong = Table(proposals=((0.0, 0.3), (1.0, 0.6)))
    assert likely(parts(), table=often_wrong) == 0.6


@settings(deadline=None, max_examples=300)
@given(
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0.002, 1),
    st.sampled_from([FAILED, 0.0, HELPED]),
    st.sampled_from([None, AGREES, DOUBTS, DISAGREES]),
    steps,
    st.tuples(st.integers(0, 20), st.integers(0, 20)),
)
def test_no_table_and_no_marks_turn_a_no_into_a_yes(
    directness: float,
    complete: float,
    threshold: float,
    past: float,
    opinion: float | None,
    learnt: tuple[tuple[float, float], ...],
    marks: tuple[int, int],
) -> None:
    """For any parts, threshold, table and marks: what the sum does not reach, confidence does not reach."""
    by_name = parts(round(0.7 * directness, 3), completeness=round(0.2 * complete, 3), history=past)
    if opinion is not None:
        by_name["model"] = opinion
    table = Table(proposals=learnt)
    told, certainty = settled(by_name, threshold, proposed=True, judged=marks, table=table)
    assert 0.0 <= certainty <= 1.0
    if total(by_name, threshold) < threshold:
        assert certainty < threshold
    assert sum(told.values()) == pytest.approx(certainty, abs=0.002)
    assert certainty <= settled(by_name, threshold, proposed=True, table=table)[1]


@pytest.mark.parametrize(
    ("marks", "expected"),
    [((0, 0), 1.0), ((0, 1), 0.75), ((1, 1), 0.8), ((4, 1), 0.875), ((9, 0), 1.0), ((0, 9), 0.25)],
)
def test_marks_lower_and_never_raise(marks: tuple[int, int], expected: float) -> None:
    """One that says wrong is enough to have a person asked; those that say right make up for it, and no more."""
    assert likely(parts(), table=CERTAIN, judged=marks) == expected
    assert likely(parts(0.49), table=CERTAIN, judged=(9, 0)) == 0.799


def test_marks_are_told_apart_from_evidence() -> None:
    """As a part of their own, where there are any; all parts add up to what is shown."""
    told, certainty = settled(parts(), 0.8, proposed=True, judged=(0, 1), table=CERTAIN)
    assert (told["calibration"], told["marks"], certainty) == (0.0, -0.25, 0.75)
    assert "marks" not in settled(parts(), 0.8, proposed=True)[0]


@pytest.mark.parametrize(
    "other", [{"decided": "rollback_deployment"}, {"problem": "bad_release"}, {"mark": ""}]
)
def test_only_marks_on_the_same_class_and_action_count(other: dict[str, Any]) -> None:
    """Of whatever workload, and whether it was done or not."""
    same = similar("", decided=RESTART, mark="wrong", same_workload=False, action="")
    assert judged(RESTART, "transient_crash", [same, same.model_copy(update=other)]) == (0, 1)
    explained = similar("", decided="", action="", mark="right")
    assert judged("", "transient_crash", [same, explained]) == (1, 0)
