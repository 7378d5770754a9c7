"""Whatever they do: one write at most for each decision, none after a no, none unrecorded, and every run ends.

A plan is drawn: which workloads are ill, and who does what at which moment. Drawn the same way every time;
`tests/chaos/long` draws others, and more of them.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from tests.chaos.adversaries import world
from tests.chaos.faults import Scene
from tests.chaos.plans import KNOWN, Plan, carry_out, plans
from tests.chaos.proxy import refuse

pytest_plugins = ("tests.server.empty_folder",)
pytestmark = pytest.mark.timeout(900)


@settings(
    max_examples=14,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans())
def test_nothing_that_anybody_does_makes_it_worse(empty: Path, plan: Plan) -> None:
    """A flaky API, a failing disk, jumping clocks, kills, people, a reverter and an autoscaler, in any order."""
    with TemporaryDirectory() as folder:
        carry_out(plan, Path(folder), empty)


@pytest.mark.parametrize("name", KNOWN)
def test_a_no_right_before_the_write_is_heard(empty: Path, tmp_path: Path, name: str) -> None:
    """Paused, forbidden, rejected, resolved or expired just then; and answers that are lost, and deaths around it."""
    plan, written = KNOWN[name]
    assert carry_out(plan, tmp_path, empty)["writes"] == written


def test_a_webhook_that_rejects_dry_runs_leaves_it_to_a_person(empty: Path, tmp_path: Path) -> None:
    """A rejection that does not say that dry runs are not supported: it is neither asked for nor done."""
    scenes = [Scene("bad_release", "shop-0"), Scene("transient", "shop-1")]
    with world(tmp_path, empty, scenes) as one:
        one.proxy.spoil(refuse(400), method="PATCH", when=lambda request: request.dry_run, times=1000)
        for _ in range(12):
            one.step()
            one.answer("approve")
        one.end()
        assert set(one.statuses().values()) == {"notified"}
        assert one.writes() == []
