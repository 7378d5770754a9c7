"""More plans of adversaries: `ADVERSARY_PLANS` says how many (200 unless set), `ADVERSARY_SEED` repeats a choice."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.chaos.plans import Plan, carry_out, plans

PLANS = int(os.environ.get("ADVERSARY_PLANS", "200"))
SEED = int(os.environ.get("ADVERSARY_SEED", str(random.SystemRandom().randrange(2**32))))
pytest_plugins = ("tests.server.empty_folder",)
pytestmark = [pytest.mark.chaos_long, pytest.mark.timeout(300 + 30 * PLANS)]


def test_nothing_that_anybody_does_makes_it_worse(empty: Path, figures: Callable[[str], None]) -> None:
    """As in `tests/chaos/test_adversaries.py`; the figures say how many and which."""
    ended = {"plans": 0, "writes": 0, "deaths": 0, "incidents": 0}

    @seed(SEED)
    @settings(
        max_examples=PLANS,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(plan=plans())
    def against(plan: Plan) -> None:
        with TemporaryDirectory() as folder:
            came = carry_out(plan, Path(folder), empty)
        ended["plans"] += 1
        for name, count in came.items():
            ended[name] += count

    try:
        against()
    finally:
        figures(f"seed {SEED}: {ended}")
