"""Whether confidence means something: calibration, and whether it tells right from wrong."""

from __future__ import annotations

import pytest

from server.reliability import Trial, auroc, reliability, split


def trials(*told: tuple[float, bool]) -> list[Trial]:
    """Of each a confidence, and whether it was right."""
    return [Trial(confidence, right, right) for confidence, right in told]


def test_calibration_compares_confidence_with_how_often_it_was_right() -> None:
    """Four decisions of 0.95, half of them right, are off by 0.45; two of 0.5 with one right are not."""
    bins, error = reliability(trials(*[(0.95, True), (0.95, False)] * 2, (0.5, True), (0.5, False)))
    assert [(entry["bin"], entry["n"], entry["accuracy"]) for entry in bins] == [
        ("0.5-0.6", 2, 0.5),
        ("0.9-1.0", 4, 0.5),
    ]
    assert error == pytest.approx(0.45 * 4 / 6, abs=1e-3)
    assert reliability(trials((1.0, True)))[0][0]["bin"] == "0.9-1.0"
    assert reliability([]) == ([], 0.0)


def test_a_constant_confidence_does_not_look_good() -> None:
    """It may be calibrated without any error; that it tells nothing apart shows."""
    constant = trials(*[(0.75, True)] * 3, (0.75, False))
    assert reliability(constant)[1] == 0.0
    assert auroc(constant) == {"accepted": 0.5, "best": 0.5}


@pytest.mark.parametrize(
    ("told", "area"),
    [
        ([(0.9, True), (0.2, False)], 1.0),
        ([(0.2, True), (0.9, False)], 0.0),
        ([(0.9, True), (0.5, True), (0.5, False)], 0.75),
        ([(0.9, True), (0.2, True)], None),
        ([(0.9, False)], None),
        ([], None),
    ],
)
def test_how_well_confidence_tells_right_from_wrong(
    told: list[tuple[float, bool]], area: float | None
) -> None:
    """A tie counts half; where all were right there is nothing to tell apart."""
    assert auroc(trials(*told))["accepted"] == area


def test_each_side_of_the_threshold_by_itself() -> None:
    """How much of everything it is, and how good; a confidence that is the threshold is above."""
    told = split(trials((0.8, True), (0.9, True), (0.79, True), (0.1, False)), 0.8)
    assert told["value"] == 0.8
    assert told["above"] == {"n": 2, "share": 0.5, "accepted": 1.0, "best": 1.0}
    assert told["below"] == {"n": 2, "share": 0.5, "accepted": 0.5, "best": 0.5}
    assert split([], 0.8)["above"] == {"n": 0, "share": 0.0, "accepted": None, "best": None}
