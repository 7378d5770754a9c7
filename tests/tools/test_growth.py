"""A leak rises all the time; a jump, a start, a full cache and a saw do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tools.growth import growth_of, is_steady

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
LINE = [100.0 + 2 * n for n in range(30)]
NOISE = [float(n * 7919 % 5) for n in range(30)]
SAW = [value + (6 if n % 2 else 0) for n, value in enumerate(LINE)]


@pytest.mark.parametrize(
    ("values", "steady"),
    [
        pytest.param(LINE, True, id="a line"),
        pytest.param([1.0, 2.0, 3.0], True, id="three points"),
        pytest.param([1.0, 1.3, 2.0, 2.5, 3.0], True, id="faster and faster"),
        pytest.param(SAW, True, id="a saw that rises"),
        pytest.param([100.0] * 30, False, id="flat"),
        pytest.param([100.0 + noise for noise in NOISE], False, id="flat, with noise"),
        pytest.param([100.0 + 0.1 * n for n in range(30)], False, id="hardly anything"),
        pytest.param(
            [(100.0 if n < 27 else 160.0) + noise + 0.1 * n for n, noise in enumerate(NOISE)],
            False,
            id="a jump lately, with noise",
        ),
        pytest.param([100.0 * 1.05**n for n in range(30)], True, id="exponential"),
        pytest.param([160.0 - 2 * n for n in range(30)], False, id="falling"),
        pytest.param([100.0] * 15 + [160.0] * 15, False, id="a jump in the middle"),
        pytest.param([100.0] * 25 + [160.0] * 5, False, id="a jump lately"),
        pytest.param([100.0] * 3 + [160.0] * 27, False, id="a jump long ago"),
        pytest.param([100.0, 150.0] + [160.0] * 28, False, id="a cache that is full"),
        pytest.param([*LINE[:-1], 101.0], False, id="it has just been given back"),
        pytest.param([100.0, 106.0] * 15, False, id="a saw that does not rise"),
    ],
)
def test_what_is_steady(values: list[float], steady: bool) -> None:
    """By thirds, so that one odd value decides nothing."""
    assert is_steady([(NOW + timedelta(minutes=n), value) for n, value in enumerate(values)]) is steady


def test_a_line_is_one_however_its_samples_stand() -> None:
    """Every twenty minutes for eleven hours, then every minute: parts of the time are compared, not of the points."""
    minutes = [20 * n for n in range(34)] + [660 + n for n in range(1, 60)]
    points = [(NOW + timedelta(minutes=m), 850.0 + 0.2 * m) for m in minutes]
    assert is_steady(points)
    assert not is_steady(points[:3] + points[-3:]), "nothing is known of the time between"


def test_the_numbers_of_a_line() -> None:
    """First, last, highest, and the slope for an hour."""
    points = [(NOW + timedelta(minutes=30 * n), 100.0 + 5 * n) for n in range(7)]
    grown = growth_of("p", "app", points)
    assert grown is not None
    assert (grown.first, grown.last, grown.highest, grown.points) == (100, 130, 130, 7)
    assert (grown.slope, grown.steady) == (pytest.approx(10.0), True)
    assert (grown.since, grown.at) == (points[0][0], points[-1][0])


def test_two_points_tell_nothing() -> None:
    """Between two there is always a line; and several at one instant have no slope."""
    assert growth_of("p", "app", [(NOW, 1.0), (NOW + timedelta(hours=1), 2.0)]) is None
    at_once = growth_of("p", "app", [(NOW, 1.0)] * 3)
    assert at_once is not None
    assert (at_once.slope, at_once.steady) == (0.0, False)
