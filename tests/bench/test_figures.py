"""`make bench`: every figure once, shown at the end of the run. What they are worth, the goal beside each says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bench.figures import FIGURES, measured


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FIGURES)
def test_figure(name: str, figures: Callable[[str], None]) -> None:
    """It can be measured."""
    figures(measured(name))
